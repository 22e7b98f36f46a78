"""Bridges from one place of the footage to a similar one, for the recurrent network to learn.

Footage ends, and a network that only ever saw it up to its end stands still there. So every shot's end gets a bridge to
the place that resembles it most, and so does the best place of every ten seconds: a dream comes to forks, and never to
an end. A bridge is a crossfade of latents (cf. video textures, Schödl et al. 2000).
"""

import torch
from torch import Tensor

from ..arrays import Segments

STEPS = 16  # length of a crossfade
LEAST_STEPS = 4  # where shots are short, it is a sixth of the usual one's length, but not less
BEFORE = 48  # steps of footage on either side of it that belong to a bridge
APART = 90  # least number of steps between the two ends where both are in one shot
FORK_EVERY = 300  # steps


def build(white: Tensor, segments: Segments) -> tuple[Tensor, list[tuple[int, int]]]:
    """Return what motion is learned from: latents [M, Z] and their runs [start, stop).

    The shots come first, each without the end that leads nowhere, then the bridges. A shot that is too short for a
    bridge stays as it is.

    Args:
        white: latents of the footage [N, Z].
        segments: its shots.
    """
    usual = sorted(b - a for a, b in segments)[len(segments) // 2]
    steps = max(LEAST_STEPS, min(STEPS, usual // 6))
    shots = [(a, b) for a, b in segments if b - a > 3 * steps]
    runs = [(a, b - steps if (a, b) in shots else b) for a, b in segments]
    if not shots:
        return white, runs
    arrivals = torch.cat([torch.arange(a, b - steps - min(BEFORE, (b - a) // 3)) for a, b in shots])
    starts = torch.tensor([a for a, _ in segments])
    parts, at = [white], len(white)
    for a, b in shots:
        ends = [range(k, min(k + FORK_EVERY, b - steps - 1)) for k in range(a + BEFORE, b - steps - 1, FORK_EVERY)]
        for places in [*ends, range(b - steps - 1, b - steps)]:
            if not len(places):
                continue
            leave, arrive = _alike(white, torch.tensor(list(places)), arrivals, starts)
            if arrive is None:
                continue
            stop = next(b for a, b in shots if a <= arrive < b)
            first, last = max(a, leave - BEFORE + 1), min(stop - steps, arrive + steps + BEFORE)
            bridge = _bridge(white, first, leave, arrive, last, steps)
            parts.append(bridge)
            runs.append((at, at + len(bridge)))
            at += len(bridge)
    return torch.cat(parts), runs


def _alike(white: Tensor, places: Tensor, arrivals: Tensor, starts: Tensor) -> tuple[int, int | None]:
    """Return at which of `places` to leave, and which of `arrivals` is most like it in position and motion, or None."""

    def described(k: Tensor) -> Tensor:
        return torch.cat([white[k], 2 * (white[k + 1] - white[k - 1].where((k > 0)[:, None], white[k]))], 1)

    distance = torch.cdist(described(places), described(arrivals))
    shots = [torch.searchsorted(starts, k, right=True) for k in (places, arrivals)]
    near = (places[:, None] - arrivals[None]).abs() < APART
    distance[near & (shots[0][:, None] == shots[1][None])] = torch.inf
    best = int(distance.argmin())
    row, column = divmod(best, len(arrivals))
    if not torch.isfinite(distance[row, column]):
        return int(places[0]), None
    return int(places[row]), int(arrivals[column])


def _bridge(white: Tensor, start: int, leave: int, arrive: int, stop: int, steps: int) -> Tensor:
    """Return the latents from `start` to `leave`, a crossfade of so many steps, and those that follow up to `stop`."""
    part = torch.linspace(0, 1, steps + 2, device=white.device)[1:-1, None]
    part = part * part * (3 - 2 * part)
    k = torch.arange(1, steps + 1, device=white.device)
    crossing = (1 - part) * white[leave + k] + part * white[arrive + k]
    return torch.cat([white[start : leave + 1], crossing, white[arrive + steps + 1 : stop]])
