"""The style network as an effect: a component `apply`, its proof, its metadata, its file."""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor

import livedream
from livedream import UserError
from livedream.dream import write
from livedream_export import proof
from livedream_export.arrays import Rgb

from .networks import Painter, grain

GRAIN_SEED = 7
CONTROL = "control.style"
BATCH = 4


class Apply(proof.Component):
    """Paints a picture; its sides are those of the grain, its styles those of the network.

    One style needs no weights; of several, `control.style` [K] is what each counts, and all zero is the first.
    """

    outputs = ("frame",)

    def __init__(self, painter: Painter, width: int, height: int):
        super().__init__()
        self.painter, self.styles = painter, painter.settings["styles"]
        self.inputs = ("image", CONTROL) if self.styles > 1 else ("image",)
        self.register_buffer("grain", canvas(width, height))
        self.grain: Tensor

    def forward(self, image: Tensor, *weights: Tensor) -> Tensor:
        """Take uint8 [1, H, W, 4] and f32 [K]; return uint8 [1, H, W, 4], with the alpha of the picture."""
        mixed = shares(weights[0]) if weights else torch.ones(1)
        levels = image.float()
        picture = levels[..., :3].permute(0, 3, 1, 2) / 255
        painted = self.painter(picture, mixed[None], self.grain).permute(0, 2, 3, 1)
        return torch.cat([255 * painted, levels[..., 3:]], 3).clamp(0, 255).round().to(torch.uint8)


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
    """Return pictures [B, H, W, 3] painted, as the effect does it: in a style by number, or mixed by weights."""
    height, width = pictures.shape[1:3]
    weights = torch.eye(painter.settings["styles"])[style] if isinstance(style, int) else shares(torch.tensor(style))
    found = []
    for k in range(0, len(pictures), BATCH):
        batch = torch.from_numpy(np.array(pictures[k : k + BATCH])).permute(0, 3, 1, 2).float() / 255
        made = painter(batch, weights.expand(len(batch), -1), canvas(width, height))
        found.append((255 * made).clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
    return np.concatenate(found)


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
    example = [image, torch.ones(part.styles)][: len(part.inputs)]
    model = proof.export_component(part, example)
    prove(part, model, examples)
    write.write(out, {"apply": model}, metadata(names, title, fps, provenance), halve=True)


@torch.no_grad()
def prove(part: Apply, model: onnx.ModelProto, examples: Rgb) -> None:
    """Compare ONNX Runtime with PyTorch on some pictures and mixes. Raises UserError where one is 2 grey levels off."""
    session = proof.open_session(model)
    for picture, weights in _cases(part.styles, examples):
        image = np.concatenate([picture, np.full_like(picture[..., :1], 200)], -1)[None]
        values = [torch.from_numpy(image), torch.tensor(weights)][: len(part.inputs)]
        expected = part(*values).numpy()
        feeds = {name: value.numpy() for name, value in zip(part.inputs, values, strict=True)}
        found = np.asarray(session.run(None, feeds)[0])
        off = int(np.abs(found.astype(int) - expected).max())
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
    return {
        "contract": 1,
        "title": title,
        "kind": "style",
        "fps": fps,
        "controls": [control] if len(names) > 1 else [],
        "provenance": {
            "trained_by": f"livedream {livedream.__version__}, torch {torch.__version__}",
            "trained_on": datetime.date.today().isoformat(),
            "paintings": list(names),
            **provenance,
        },
    }
