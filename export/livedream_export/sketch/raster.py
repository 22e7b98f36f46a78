"""Pictures of drawings, for contact sheets, thumbnails and the film of the learning."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from ..arrays import Floats, Rgb
from .components import curve
from .drawing import Drawing
from .networks import Mixture, Pen, first

INK, PAPER = (23, 26, 41), (245, 240, 225)
WIDTH = 9 / 512  # of the pen, as a share of the picture's side
PIECES = 6  # of a line between two points


@torch.no_grad()
def smooth(drawing: Drawing) -> Drawing:
    """Return a drawing as the pen draws it: along smooth curves through its points."""
    found = []
    for stroke in drawing:
        points = torch.from_numpy(stroke.astype(np.float32))
        count = len(points) - 1
        padded = torch.cat([points[:1], points, points[-1:]])
        ends = torch.cat([padded[k : k + count] for k in range(4)], 1)
        inked = torch.ones(count, 3)
        inked[0, 0] = inked[-1, 2] = 0
        parts = [curve(ends, inked, torch.full((count, 1), k / PIECES)) for k in range(PIECES)]
        line = torch.stack(parts, 1).flatten(0, 1)
        found.append(torch.cat([line, points[-1:]]).double().numpy())
    return found


def picture(drawing: Drawing, side: int) -> Rgb:
    """Return a drawing in ink on paper, [side, side, 3]."""
    large = 2 * side
    made = np.empty((large, large, 3), np.uint8)
    made[:] = PAPER
    for stroke in smooth(drawing):
        points = np.round((stroke + 1) / 2 * large * 16).astype(np.int32)
        cv2.polylines(made, [points], False, INK, max(1, round(WIDTH * large)), cv2.LINE_AA, 4)
    return np.asarray(cv2.resize(made, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@torch.no_grad()
def draw(
    pen: Pen, latents: torch.Tensor, unit: float, temperature: float = 0.1, seed: int = 0, most: int = 200
) -> list[Floats]:
    """Let the pen draw, and return what it drew as sequences, f32 [N, 5].

    Args:
        pen: the network, on the CPU.
        latents: of the drawings, f32 [B, Z].
        unit: of the ways between points.
        temperature: 0 takes the likeliest way.
        seed: of the random numbers.
        most: points of a drawing.
    """
    made = torch.Generator().manual_seed(seed)
    h, c = pen.start(latents)
    row, rows = first(len(latents))[:, 0], []
    going, place = torch.ones(len(latents), dtype=torch.bool), torch.zeros(len(latents), 2)
    lengths = torch.zeros(len(latents), dtype=torch.long)
    for _ in range(most):
        place = place + row[:, :2]
        h, c = pen.step(row, place, latents, h, c)
        row = _sampled(pen.predict(h), temperature, made)
        rows.append(row)
        lengths += going
        going = going & (row[:, 4] < 0.5)
        if not going.any():
            break
    drawn = torch.stack(rows, 1)
    drawn[..., :2] *= unit
    return [each[: int(length)].numpy() for each, length in zip(drawn, lengths, strict=True)]


def _sampled(found: Mixture, temperature: float, made: torch.Generator) -> torch.Tensor:
    warm = max(temperature, 0.02)
    pick = torch.multinomial(torch.softmax(found.logits / warm, 1), 1, generator=made)[..., None]
    mean = found.mean.gather(1, pick.expand(-1, -1, 2))[:, 0]
    std = found.log_std.gather(1, pick.expand(-1, -1, 2))[:, 0].exp()
    way = mean + std * temperature**0.5 * torch.randn(std.shape, generator=made)
    flag = torch.multinomial(torch.softmax(found.flags / warm, 1), 1, generator=made)[:, 0]
    return torch.cat([way, torch.nn.functional.one_hot(flag, 3).to(way)], 1)


def pictures(drawings: Sequence[Drawing], side: int) -> Rgb:
    """Return pictures of drawings, [N, side, side, 3]."""
    return np.stack([picture(each, side) for each in drawings])
