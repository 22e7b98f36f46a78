"""Networks become components of a dream, and must prove themselves; knobs are measured and named."""

import base64
import dataclasses

import numpy as np
import onnx
import pytest
import torch
import training
from livedream_export import autoencoder, components, knobs
from livedream_export.networks import Autoencoder, Recurrent
from onnx import numpy_helper

from livedream import UserError

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work
TINY = dataclasses.replace(training.SMALL, latent=4, widths=(8, 8, 8, 8), state=8, mixtures=2)


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(1)
    autoencoder, recurrent = Autoencoder(32, 32, TINY).eval(), Recurrent(TINY).eval()
    for layer in (autoencoder.decoder.head, autoencoder.encoder.out):
        layer.weight.data.mul_(20)  # pictures and latents as wide as learned ones
    return autoencoder, recurrent


@pytest.fixture(scope="module")
def built(networks):
    return components.build(*networks, 32, 32)


def test_components_keep_to_the_names_and_types_of_the_contract(built):
    def named(values):
        return {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in values}

    step, decode, encode = (built[name].graph for name in ("step", "decode", "encode"))
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


@pytest.mark.parametrize("component", ["step", "decode", "encode"])
def test_altered_weights_fail_the_proof(built, networks, component):
    altered = onnx.ModelProto.FromString(built[component].SerializeToString())
    largest = max(altered.graph.initializer, key=lambda tensor: np.prod(tensor.dims))
    largest.CopyFrom(numpy_helper.from_array(1.5 * numpy_helper.to_array(largest), largest.name))
    components.prove(built, *networks)
    with pytest.raises(UserError, match="off PyTorch's; nothing was written"):
        components.prove(built | {component: altered}, *networks)


def test_before_the_last_level_has_learned_the_half_size_picture_is_drawn(networks):
    """The last level learns last: an early dream must not be drawn by weights that have learned nothing."""
    net = Autoencoder(64, 64, TINY).eval()
    latents = torch.randn(16, 4)
    net.decoder.coarse_head.weight.data.mul_(20)  # it draws something, and the last level does not
    assert not autoencoder.draws_whole(net, latents)
    net.decoder.whole = False
    with torch.no_grad():
        coarse = net.decoder.coarse(net.decoder.body(latents))
        larger = torch.nn.functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        assert torch.equal(net.decoder(latents), larger)
    net.decoder.fine = lambda x, z: torch.nn.functional.interpolate(net.decoder.coarse(x), scale_factor=2)
    assert autoencoder.draws_whole(net, latents)


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
    found = knobs.find(draw, latents, list(range(0, 400, 100)))
    assert [knob["effect"] for knob in found] == sorted((knob["effect"] for knob in found), reverse=True)
    by_name = {knob["name"]: np.frombuffer(base64.b64decode(knob["vector"]), "<f4") for knob in found}
    assert set(by_name) == {"brighter", "to the right", "warmer", "direction 4"}
    assert by_name["brighter"][0] > 0.9
    assert by_name["to the right"][1] > 0.8
    assert by_name["warmer"][2] > 0.7


def test_what_differs_from_scene_to_scene_names_nothing():
    changes = np.zeros((2, 4, len(knobs.LEAST)))
    changes[0, :, 0] = [40, -40, 40, -38]
    changes[1, :, 0] = [0.5, 0.5, 0.5, 0.5]  # alike, but too little to be seen
    assert knobs.names(changes) == [("direction 1", 1), ("direction 2", 1)]
