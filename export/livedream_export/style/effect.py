"""The style network as an effect: a component `apply`, its proof, its metadata, its file.

Strokes magnify the noise of a camera. So where a picture is the same as before, most of what was painted there stays:
the next painting is mixed in slowly, and at once where something moves.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import Tensor

import livedream
from livedream import UserError
from livedream.dream import write
from livedream_export import proof
from livedream_export.arrays import Rgb

from .networks import Painter, grain

GRAIN_SEED = 7
CONTROL, STEADY = "control.style", "control.steady"
STATE = ("state.painted", "state.seen")  # the last picture painted, in 0..1, and 1 more than the one that it was of
HELD, MOST_HELD = 0.75, 0.95  # share of the last painting that stays where nothing moves
MOVES = 6.0  # by which a difference of two pictures, 0..1, takes from that share
AROUND = 5  # pixels, side of the squares in which they are compared
BATCH = 4


class Apply(proof.Component):
    """Paints a picture; its sides are those of the grain, its styles those of the network.

    One style needs no weights; of several, `control.style` [K] is what each counts, and all zero is the first.
    `control.steady` [1] is the share of the last painting that stays where nothing moves.
    """

    outputs = ("frame", *(f"next.{each}" for each in STATE))

    def __init__(self, painter: Painter, width: int, height: int):
        super().__init__()
        self.painter, self.styles = painter, painter.settings["styles"]
        self.inputs = ("image", *STATE, STEADY, *((CONTROL,) if self.styles > 1 else ()))
        self.register_buffer("grain", canvas(width, height))
        self.grain: Tensor

    def begin(self) -> tuple[Tensor, Tensor]:
        """Return the state that it begins with: nothing was seen, so nothing stays."""
        shape = 1, 3, *(4 * each for each in self.grain.shape[2:])
        return torch.zeros(shape), torch.zeros(shape)

    def forward(
        self, image: Tensor, last: Tensor, seen: Tensor, steady: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the frame, uint8 [1, H, W, 4] with the alpha of the picture, and the next state.

        Args:
            image: uint8 [1, H, W, 4].
            last, seen: the state, f32 [1, 3, H, W].
            steady: f32 [1].
            weights: f32 [K], where there are several styles.
        """
        mixed = shares(weights[0]) if weights else torch.ones(1)
        levels = image.float()
        picture = levels[..., :3].permute(0, 3, 1, 2) / 255
        painted = self.painter(picture, mixed[None], self.grain)
        moved = (picture + 1 - seen).abs().mean(1, keepdim=True)
        moved = F.avg_pool2d(moved, AROUND, 1, AROUND // 2, count_include_pad=False)
        painted = painted + steady * (1 - MOVES * moved).clamp(0, 1) * (last - painted)
        frame = torch.cat([255 * painted.permute(0, 2, 3, 1), levels[..., 3:]], 3)
        return frame.clamp(0, 255).round().to(torch.uint8), painted, picture + 1


def shares(weights: Tensor) -> Tensor:
    """Return weights [K] as shares that sum to 1; the first has all where none is above 0."""
    positive = weights.clamp(min=0)
    first = torch.zeros_like(weights)
    first[0] = 1
    given = positive + first * (1 - (positive.sum() * 1e6).clamp(max=1))
    return given / given.sum()


def canvas(width: int, height: int) -> Tensor:
    """Return the grain of effects of that size, rounded as it is in the file."""
    return grain(height, width, torch.Generator().manual_seed(GRAIN_SEED)).half().float()


def rounded(painter: Painter, state: Mapping[str, Tensor]) -> Painter:
    """Return a network with weights rounded as they are in the file, on the CPU."""
    made = Painter(**painter.settings)
    made.load_state_dict({name: each.detach().cpu().half().float() for name, each in state.items()})
    return made.eval()


@torch.no_grad()
def painted(painter: Painter, pictures: Rgb, style: int | Sequence[float]) -> Rgb:
    """Return pictures [B, H, W, 3] painted, each for itself: in a style by number, or mixed by weights."""
    height, width = pictures.shape[1:3]
    weights = torch.eye(painter.settings["styles"])[style] if isinstance(style, int) else shares(torch.tensor(style))
    found = []
    for k in range(0, len(pictures), BATCH):
        batch = torch.from_numpy(np.array(pictures[k : k + BATCH])).permute(0, 3, 1, 2).float() / 255
        made = painter(batch, weights.expand(len(batch), -1), canvas(width, height))
        found.append((255 * made).clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
    return np.concatenate(found)


@torch.no_grad()
def painted_in_a_row(painter: Painter, pictures: Rgb, styles: Sequence[Sequence[float]]) -> Iterator[Rgb]:
    """Yield frames [H, W, 3] painted one after the other, as the effect paints a film; a mix of styles for each."""
    part = Apply(painter, pictures.shape[2], pictures.shape[1]).eval()
    state = part.begin()
    for picture, weights in zip(pictures, styles, strict=True):
        image = torch.from_numpy(np.concatenate([picture, np.full_like(picture[..., :1], 255)], -1)[None])
        mix = [torch.tensor(weights)] if part.styles > 1 else []
        frame, *state = part(image, *state, torch.tensor([HELD]), *mix)
        yield frame[0, ..., :3].numpy()


def export(
    painter: Painter,
    out: Path,
    names: Sequence[str],
    examples: Rgb,
    title: str,
    fps: float,
    provenance: Mapping[str, Any],
) -> None:
    """Write the effect, completely or not at all, once ONNX Runtime was seen to paint as PyTorch does.

    Args:
        painter: as `rounded` returns it.
        out: the file.
        names: of the paintings.
        examples: pictures to compare by, [B, H, W, 3].
        title: shown to the user.
        fps: at which it runs in the show's time.
        provenance: where it comes from.

    Raises:
        UserError: the proof fails, or the file cannot be written.
    """
    height, width = examples.shape[1:3]
    part = Apply(painter, width, height).eval()
    image = torch.full((1, height, width, 4), 128, dtype=torch.uint8)
    example = [image, *part.begin(), torch.ones(1), torch.ones(part.styles)][: len(part.inputs)]
    model = proof.export_component(part, example)
    prove(part, model, examples)
    write.write(out, {"apply": model}, metadata(names, title, fps, provenance), halve=True)


@torch.no_grad()
def prove(part: Apply, model: onnx.ModelProto, examples: Rgb) -> None:
    """Compare ONNX Runtime with PyTorch on some pictures and mixes. Raises UserError where one is 2 grey levels off."""
    session, state = proof.open_session(model), part.begin()
    for picture, weights in _cases(part.styles, examples):
        image = np.concatenate([picture, np.full_like(picture[..., :1], 200)], -1)[None]
        values = [torch.from_numpy(image), *state, torch.tensor([HELD]), torch.tensor(weights)][: len(part.inputs)]
        expected, *state = part(*values)
        feeds = {name: value.numpy() for name, value in zip(part.inputs, values, strict=True)}
        found = np.asarray(session.run(None, feeds)[0])
        off = int(np.abs(found.astype(int) - expected.numpy()).max())
        if off > 1:
            raise UserError(f"export: a painted picture is {off} grey levels off PyTorch's; nothing was written")


def _cases(styles: int, examples: Rgb) -> Iterator[tuple[Rgb, list[float]]]:
    for k in range(max(styles, 2)):
        yield np.array(examples[k % len(examples)]), [float(k == each) for each in range(styles)]
    yield np.array(examples[0]), [0.0] * styles
    yield np.array(examples[-1]), [0.5 + each for each in range(styles)]


def part_names(names: Sequence[str]) -> list[str]:
    """Return the paintings' names as an address can have them: "Großes Meer (1)" gives gro_es_meer_1."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        plain = plain if plain[:1].isalpha() else f"painting_{plain}".rstrip("_")
        free = next(each for each in (plain, *(f"{plain}_{k}" for k in range(2, len(names) + 2))) if each not in found)
        found.append(free)
    return found


def metadata(names: Sequence[str], title: str, fps: float, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of the file."""
    control = {
        "name": "style",
        "low": 0,
        "high": 1,
        "default": 0,
        "doc": "how much each painting counts; all 0: the first alone",
        "parts": part_names(names),
    }
    steady = {
        "name": "steady",
        "low": 0,
        "high": MOST_HELD,
        "default": HELD,
        "doc": "how much of a painting stays where nothing moves: more flickers less",
    }
    return {
        "contract": 1,
        "title": title,
        "kind": "style",
        "fps": fps,
        "controls": [control, steady] if len(names) > 1 else [steady],
        "provenance": {
            "trained_by": f"livedream {livedream.__version__}, torch {torch.__version__}",
            "trained_on": datetime.date.today().isoformat(),
            "paintings": list(names),
            **provenance,
        },
    }
