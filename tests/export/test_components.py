"""Networks become components of a dream, and must prove themselves; knobs are measured and named."""

import base64
import dataclasses

import numpy as np
import onnx
import pytest
import torch
from livedream_export import knobs, proof
from livedream_export.image_model import training as autoencoder
from livedream_export.motion_model.networks import Recurrent
from livedream_export.vae_rnn import components, memories, parts
from livedream_export.vae_rnn.networks import Autoencoder
from onnx import numpy_helper

from livedream import UserError
from tests.export import footage_frames, training

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work
TINY = dataclasses.replace(training.SMALL, latent=4, widths=(8, 8, 8, 8), state=8, mixtures=2, remembers=False)
COUNT = 60  # frames, and memories


class Made:
    """Networks that have learned nothing, and the components that they become."""

    def __init__(self, remembers: bool):
        torch.manual_seed(1)
        hp = dataclasses.replace(TINY, remembers=remembers)
        frames, segments = footage_frames.round_trip(COUNT), [(0, COUNT)]
        net = Autoencoder(32, 32, hp).eval()
        for layer in (net.decoder.head.last, net.encoder.out):
            layer.weight.data.mul_(20)  # pictures and latents as wide as learned ones
        latents = autoencoder.encode(net, frames).numpy()
        kept = memories.build(frames, np.arange(COUNT), segments, 25.0, 1e9) if remembers else None
        self.parts = parts.Parts(net, Recurrent(hp).eval(), latents, segments, 25.0, kept, hp)
        self.parts.autoencoder.decoder.full_size = True
        renderer = self.parts.renderer
        self.modules, image = renderer.components, np.full((1, 32, 32, 4), 255, np.uint8)
        start = components.first_inputs(self.modules, self.parts.state_at(0), image)
        name = "latent.picture" if remembers else "latent"
        self.about = start, {name: self.parts.network.std}, renderer.memory
        self.models = proof.build(self.modules, *self.about)


@pytest.fixture(scope="module")
def plain():
    return Made(remembers=False)


@pytest.fixture(scope="module")
def remembering():
    return Made(remembers=True)


def named(values):
    return {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in values}


def test_components_keep_to_the_names_and_types_of_the_contract(plain):
    step, decode, encode = (plain.models[name].graph for name in ("step", "decode", "encode"))
    assert named(step.input) == {
        "latent": [1, 4],
        "state.h": [1, 8],
        "noise": [1, 4],
        "uniform": [1, 1],
        "control.temperature": [1],
    }
    assert named(step.output) == {"next.latent": [1, 4], "next.state.h": [1, 8]}
    assert named(decode.output) == {"frame": [1, 32, 32, 4]}
    assert named(encode.input) == {"image": [1, 32, 32, 4]}


def test_components_that_remember_keep_to_the_contract_too(remembering):
    step, recall, decode, encode = (remembering.models[name].graph for name in ("step", "recall", "decode", "encode"))
    latents = {"latent.picture": [1, 4], "latent.place": [1, 3]}
    states = {"state.h": [1, 8], "state.walk": [1, 3], "state.seen": [1, COUNT]}
    chance = {"noise": [1, 4 + memories.LIKENESS], "uniform": [1, 1]}
    assert named(step.input) == latents | states | chance | {"control.temperature": [1], "control.wander": [1]}
    assert named(step.output) == {f"next.{name}": shape for name, shape in (latents | states).items()}
    assert named(recall.input) == latents
    of_recall = {"recall.weight": [2], "recall.motion": [1, 2, 4, 4], "recall.away": [1, 4], "recall.drawn": [1, 4]}
    assert named(recall.output) == {"index": [2], **of_recall}
    taken = named(decode.input)
    assert taken.pop("latent.place", None) in (None, [1, 3])  # nothing is drawn from it
    assert taken == {"latent.picture": [1, 4], "memory": [2, 32, 32, 4], **of_recall, "control.recall": [1]}
    assert named(decode.output) == {"frame": [1, 32, 32, 4]}
    assert named(encode.output) == latents


def altered(model: onnx.ModelProto) -> onnx.ModelProto:
    """All its weights are half as large again."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and np.prod(tensor.dims) > 8:
            tensor.CopyFrom(numpy_helper.from_array(1.5 * numpy_helper.to_array(tensor), tensor.name))
    return model


@pytest.mark.parametrize("component", ["step", "decode", "encode"])
def test_altered_weights_fail_the_proof(plain, component):
    spoilt = plain.models | {component: altered(plain.models[component])}
    with pytest.raises(UserError, match="off PyTorch's; nothing was written"):
        proof.prove(plain.modules, spoilt, *plain.about)


@pytest.mark.parametrize("component", ["step", "recall", "decode", "encode"])
def test_altered_weights_fail_the_proof_of_a_dream_that_remembers(remembering, component):
    spoilt = remembering.models | {component: altered(remembering.models[component])}
    with pytest.raises(UserError, match="off PyTorch's; nothing was written"):
        proof.prove(remembering.modules, spoilt, *remembering.about)


def test_the_proof_sees_a_dream_leave_for_elsewhere(remembering, monkeypatch):
    places = []
    near = proof.Proof.compare

    def seen(self, found, there, name, what):
        if name == "next.latent.place":
            places.append(there.numpy()[0, 2])
        near(self, found, there, name, what)

    monkeypatch.setattr(proof.Proof, "compare", seen)
    proof.prove(remembering.modules, remembering.models, *remembering.about)
    assert len(places) == 20
    assert max(places) > 0


def test_a_picture_of_the_footage_is_found_among_memories(remembering):
    frames = footage_frames.round_trip(COUNT)
    found = remembering.parts.renderer.encode(frames[[0, 7, 30, 59]])
    assert found.shape == (4, 4 + 3)
    assert np.abs(found[:, 4] - [0, 7, 30, 59]).max() <= 0.5
    assert np.array_equal(found[:, 4], found[:, 5])
    assert not found[:, 6].any()


def test_where_rounding_chooses_another_chance_may_prove_it(remembering, monkeypatch):
    tries = []
    chain = proof.Proof.chain

    def once_unlucky(self, values, seed):
        tries.append(seed)
        if len(tries) == 1:
            raise UserError("export: encode's latent.place is 31 off PyTorch's; nothing was written")
        chain(self, values, seed)

    monkeypatch.setattr(proof.Proof, "chain", once_unlucky)
    proof.prove(remembering.modules, remembering.models, *remembering.about)
    assert tries == [1, 2]


def test_before_the_last_level_has_learned_the_half_size_picture_is_drawn():
    """The last level is trained last: an early dream must not be rendered by untrained weights."""
    net = Autoencoder(64, 64, TINY).eval()
    latents = torch.randn(16, 4)
    net.decoder.coarse_head.weight.data.mul_(20)  # it draws something, and the last level does not
    assert not autoencoder.renders_full_size(net, latents)
    net.decoder.full_size = False
    with torch.no_grad():
        coarse = net.decoder.coarse(net.decoder.body(latents))
        larger = torch.nn.functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        assert torch.equal(net.decoder(latents), larger)
    net.decoder.fine = lambda x, z: torch.nn.functional.interpolate(net.decoder.coarse(x), scale_factor=2)
    assert autoencoder.renders_full_size(net, latents)


def draw(latents):
    """Pictures with a white spot: latent 0 lights them, 1 moves the spot across, 2 makes them red, 3 does nothing."""
    pictures = np.full((len(latents), 32, 48, 4), 90, np.float32)
    for picture, (light, across, red, _) in zip(pictures, latents, strict=True):
        x = int(np.clip(24 + 8 * across, 4, 44))
        picture[12:20, x - 4 : x + 4] = 250
        picture += 12 * light
        picture[..., 0] += 6 * red
        picture[..., 2] -= 6 * red
    return pictures.clip(0, 255).round().astype(np.uint8)


def test_knobs_are_named_after_what_they_do_and_turn_that_way():
    rng = np.random.default_rng(0)
    latents = (rng.normal(size=(400, 4)) * [-1.0, 0.9, 0.8, 0.7]).astype(np.float32)
    found = knobs.find(draw, latents, latents[::100])
    assert [knob["effect"] for knob in found] == sorted((knob["effect"] for knob in found), reverse=True)
    by_name = {knob["name"]: np.frombuffer(base64.b64decode(knob["vector"]), "<f4") for knob in found}
    assert set(by_name) == {"brighter", "to the right", "warmer", "direction 4"}
    assert by_name["brighter"][0] > 0.9
    assert by_name["to the right"][1] > 0.8
    assert by_name["warmer"][2] > 0.7


def test_what_drawings_take_beside_latents_stays_and_a_knob_reaches_as_far_as_it_must():
    rng = np.random.default_rng(0)
    latents = (rng.normal(size=(400, 4)) * [-1.0, 0.9, 0.8, 0.7]).astype(np.float32)
    places = np.float32([[5, 6, 0.25]] * 4)
    seen = []

    def drawn(taken):
        seen.append(taken[:, 4:])
        return draw(taken[:, :4])

    found = knobs.find(drawn, latents, np.concatenate([latents[::100], places], 1), reach=1.5)
    assert all(np.array_equal(each, places) for each in seen)
    for knob in found:
        vector = np.frombuffer(base64.b64decode(knob["vector"]), "<f4")
        assert not vector[4:].any()
        assert np.sqrt(np.square(vector[:4] / latents.std(0)).mean()) == pytest.approx(1.5, rel=1e-3)


def test_what_differs_from_scene_to_scene_names_nothing():
    changes = np.zeros((2, 4, len(knobs.LEAST)))
    changes[0, :, 0] = [40, -40, 40, -38]
    changes[1, :, 0] = [0.5, 0.5, 0.5, 0.5]  # alike, but too little to be seen
    assert knobs.names(changes) == [("direction 1", 1), ("direction 2", 1)]
