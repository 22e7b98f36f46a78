"""DeepDream: its gradient, its proof, what it is made of, and the files that ship."""

import functools
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read
from livedream.dream.dream import Component, Dream

if TYPE_CHECKING:
    from torch import Tensor
torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="pip install 'livedream[evaluate]'")

from livedream_export.deepdream import classes, guided, proof, train  # noqa: E402  # after the check for torch
from livedream_export.deepdream.effect import Effect  # noqa: E402
from livedream_export.deepdream.gradient import Gradient  # noqa: E402
from livedream_export.deepdream.lite0 import HEAD, Lite0, Seed  # noqa: E402
from livedream_export.deepdream.seeds import Free  # noqa: E402
from livedream_export.training_status import TrainingStatus  # noqa: E402

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work
Pixels = NDArray[np.uint8]
SHALLOW = 4  # the last block of the small networks that are exported here


class Shallow(Free):
    """A free dream of one early block, which is quick to export and to run."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = (SHALLOW,)


@pytest.fixture(scope="module")
def small() -> Effect:
    effect = Effect(Gradient(Lite0(SHALLOW), Shallow(), 64, 64), 128, 128)
    effect.start["control.depth"] = torch.zeros(1)  # where its only block is
    return effect


@pytest.fixture(scope="module")
def small_model(small: Effect) -> onnx.ModelProto:
    return proof.build("apply", small, small.start)


@pytest.fixture(scope="module")
def shipped() -> Dream:
    return read.load(read.MODELS / "effects" / "deepdream.onnx")


@pytest.mark.parametrize("last", [SHALLOW, HEAD])
def test_the_gradient_is_autograds(last: int) -> None:
    network = Lite0(last)
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 64, 96, requires_grad=True)
    blocks = [block for block in (1, 4, 10, HEAD) if block <= last]
    weights = {block: torch.randn(1, network.widths[block], 1, 1) for block in blocks}
    features = network.features(picture, blocks)
    sum((features[block] * weights[block]).sum() for block in blocks).backward()
    with torch.no_grad():
        found = network.gradient(
            picture, {block: lambda f, w=weight: w.expand_as(f) for block, weight in weights.items()}
        )
    expected = picture.grad
    assert expected is not None
    assert float((found - expected).abs().mean() / expected.abs().mean()) < 0.02  # its masks are a little soft


def test_the_proof_accepts_the_model_and_refuses_a_wrong_weight(small: Effect, small_model: onnx.ModelProto) -> None:
    wrong = onnx.ModelProto()
    wrong.CopyFrom(small_model)
    kernel = max(wrong.graph.initializer, key=lambda each: len(each.raw_data))
    weights = np.frombuffer(kernel.raw_data, np.float32).copy()
    kernel.raw_data = (weights * np.where(np.arange(len(weights)) % 2, 1.0, -1.0).astype(np.float32)).tobytes()
    with pytest.raises(UserError, match=r"grey levels off PyTorch's .* masks of ReLU6\); nothing was written"):
        proof.prove("apply", small, wrong, small.start)


def test_at_amount_0_and_keep_0_the_picture_stays_as_it_is(small: Effect) -> None:
    values = dict(small.start) | {"control.amount": torch.zeros(1), "control.keep": torch.zeros(1)}
    values["image"] = torch.randint(0, 256, values["image"].shape, dtype=torch.uint8)
    for _ in range(2):
        frame, *state = small(*(values[name] for name in small.inputs))
        values |= dict(zip(small.inputs[1:4], state, strict=True))
        assert int((frame.int() - values["image"].int()).abs().max()) <= 1


def test_a_folder_of_stripes_makes_stripes_and_their_direction_counts(tmp_path: Path) -> None:
    network = Lite0(13)
    wave = (127 + 127 * np.sin(np.arange(128) / 4)).astype(np.uint8)
    upright = np.broadcast_to(wave[None, :, None], (128, 128, 3))
    values = {name: torch.tensor([v]) for name, v in (("depth", 0.0), ("guide", 1.0))}
    across = {}
    for name, pixels in (("upright", upright), ("lying", upright.transpose(1, 0, 2))):
        folder = tmp_path / name
        folder.mkdir()
        _save(folder / "one.png", np.ascontiguousarray(pixels))
        seeds = guided.Guided(network, guided.patterns(network, guided.read(folder, print), 0))
        made = _dreamed(network, seeds.at(values))
        across[name] = float(made.diff(dim=3).abs().mean() / made.diff(dim=2).abs().mean())
    assert across["upright"] > 1.3 * across["lying"]


def _dreamed(network: Lite0, seeds: Mapping[int, Seed]) -> "Tensor":
    """Return what four steps add to a smooth picture, f32 [1, 3, 64, 64]."""
    coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    picture = torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic").clamp(0, 1)
    made = picture
    for _ in range(4):
        with torch.no_grad():
            soft = torch.nn.functional.avg_pool2d(network.gradient(made, seeds), 4)
        soft = torch.nn.functional.interpolate(soft, (64, 64), mode="bilinear")
        made = (made + 0.02 * soft / soft.abs().mean()).clamp(0, 1)
    return made - picture


def test_pictures_that_cannot_be_read_are_named_and_left_out(tmp_path: Path) -> None:
    _save(tmp_path / "good.png", np.zeros((40, 60, 3), np.uint8))
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    said: list[str] = []
    assert len(guided.read(tmp_path, said.append)) == 1
    assert len(said) == 1
    assert "bad.jpg: cannot be decoded: left out" in said[0]


def test_a_folder_without_pictures_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no pictures in it"):
        guided.read(tmp_path, print)
    with pytest.raises(UserError, match="there is no such folder"):
        guided.read(tmp_path / "none", print)


def test_classes_go_by_name_number_and_synonym_and_a_typing_error_is_helped() -> None:
    assert classes.find(["Volcano", "tabby_cat", "980"]) == [980, 281]
    with pytest.raises(UserError, match="--classes vulcano: no class of ImageNet; did you mean volcano"):
        classes.find(["vulcano"])


@pytest.mark.parametrize("size", ["641x361", "big", "32x32"])
def test_a_size_that_cannot_be_is_one_line(size: str) -> None:
    with pytest.raises(UserError, match="--size"):
        train.sizes(size)


@pytest.mark.slow  # the whole network is exported
def test_train_writes_an_effect_of_classes(tmp_path: Path) -> None:
    options = Namespace(
        out=tmp_path / "cats.onnx",
        size="64x64",
        classes=["tabby", "volcano"],
        guide=None,
        source=False,
        seed=0,
        licence="",
    )
    dream = read.load(train.train(options, TrainingStatus(options.out, "Cats")) or "")
    assert dream.is_effect
    assert {"tabby", "volcano", "depth", "free"} <= dream.controls.keys()
    assert "Apache-2.0" in str(dream.provenance["weights"])


def test_the_effect_that_ships_is_small_and_names_its_weights(shipped: Dream) -> None:
    assert shipped.path.stat().st_size < 10e6
    assert shipped.is_effect
    assert shipped.notes == ()
    assert "TensorFlow Authors" in str(shipped.provenance["weights"])


def test_the_controls_of_the_effect_that_ships_act(shipped: Dream) -> None:
    width, height = shipped.size
    image = _smooth(width, height)
    usual = _played(shipped, [image] * 2)
    high = {"zoom": 1.0, "turn": 1.0, "dive": 1.0, "depth": 0.0, "detail": 1.0, "keep": 0.0, "amount": 0.2}
    for name, value in (high | {"size": 1.0, "colour": 0.0, "bubbles": 1.0}).items():
        changed = _played(shipped, [image] * 2, {name: value})
        assert np.abs(changed.astype(int) - usual).max() >= 4, name


def test_noise_black_and_white_leave_the_state_finite_and_the_picture_alive(shipped: Dream) -> None:
    width, height = shipped.size
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (height, width, 4), np.uint8)
    black, white = (np.full_like(noise, value) for value in (0, 255))
    image = _smooth(width, height)
    frames = [noise, black, black, black, white, white, white, image, image]
    made = _played(shipped, frames, {"keep": 0.99, "amount": 1.0})
    assert made[..., :3].std() > 20


def test_the_dream_that_ships_flies_on_from_noise_by_itself() -> None:
    dream = read.load(read.MODELS / "deepdream.onnx")
    assert not dream.is_effect
    assert len(dream.scenes) > 5
    assert dream.path.stat().st_size < 10e6
    step, decode = (cpu.load(dream.components[name], 1) for name in ("step", "decode"))
    controls = {
        f"control.{name}": np.full(each.length, each.default, np.float32) for name, each in dream.controls.items()
    }
    random = np.random.default_rng(0)

    def noise(component: str) -> NDArray[np.float32]:
        return random.standard_normal(dream.components[component].inputs["noise"].shape).astype(np.float32)

    latent = dream.mean[None]
    frames = []
    for _ in range(3):
        latent = np.asarray(step({"latent": latent, "noise": noise("step")})["next.latent"])
        frame = decode(controls | {"latent": latent, "noise": noise("decode")})["frame"]
        assert decode.keep()
        frames.append(np.asarray(frame).astype(int))
    again = np.asarray(decode(controls | {"latent": latent, "noise": noise("decode")})["frame"])
    assert np.abs(frames[2] - frames[1]).mean() > 1  # it flies
    assert np.abs(again - frames[2]).mean() < np.abs(frames[2] - frames[1]).mean() + 4  # no time has passed
    assert 20 < frames[2][..., :3].std() < 90


def _played(dream: Dream, frames: list[Pixels], controls: dict[str, float] | None = None) -> Pixels:
    """Return the last picture that an effect makes of pictures that come in one after the other."""
    runner = _opened(dream.components["apply"])
    runner.state = {name: np.zeros_like(value) for name, value in runner.state.items()}
    given: dict[str, NDArray[Any]] = {
        f"control.{name}": np.full(each.length, (controls or {}).get(name, each.default), np.float32)
        for name, each in dream.controls.items()
    }
    made = None
    for image in frames:
        made = runner(given | {"image": image[None]})["frame"]
        assert runner.keep()
    return np.asarray(made)[0]


@functools.cache
def _opened(component: Component) -> cpu.CpuRunner:
    return cpu.load(component, 1)


def _smooth(width: int, height: int) -> Pixels:
    coarse = torch.rand(1, 3, 5, 8, generator=torch.Generator().manual_seed(3))
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    pixels = (255 * smooth[0]).clamp(0, 255).permute(1, 2, 0).to(torch.uint8).numpy()
    return np.concatenate((pixels, np.full_like(pixels[..., :1], 255)), -1)


def _save(path: Path, pixels: Pixels) -> None:
    from livedream.picture import png

    path.write_bytes(png.encode(pixels))
