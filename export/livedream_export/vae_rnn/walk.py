"""Where among its memories a dream is, its place, and where it goes next.

A place is two positions among the memories (5.5 is half-way in time from memory 5 to 6) and the share of the second.
Usually one of the two has no share. Both advance in time by one frame a step. When the dream jumps elsewhere, the
position without a share is put there, and its share grows over FADE steps.

All of it uses operators that every ONNX provider has, without branches.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..arrays import Floats
from .memories import Memories, ends

FADE = 10  # steps of a crossfade from one place to another
LONGEST = 3.4  # seconds, at most, from one jump to the next with wander at its default
SHORTEST = 0.5  # seconds, at least
BESIDE = 24  # memories around the position that count as visited, too
SEAM_LIMIT = (
    3.0  # a seam this many times as visible as the usual best is taken after the longest time, a better earlier
)
EQUAL_SEAMS = 0.8  # seams more visible than this count as equal, so that other shots of the footage are reached, too
APART = 1.5  # seconds of footage that a jump skips, at least
RUNWAY = 0.7  # seconds of a run, at least, that follow where a jump arrives
# Weights beside a seam's visibility, which is 1 between two places at random: how often a place was visited in relation
# to the others, its distance from where the recurrent network would go, and a little randomness.
VISITED_WEIGHT, WANTED_WEIGHT, JITTER = 0.45, 0.1, 0.03
ALONG = 12.0  # weight of a distance along a knob's direction, where one across it has 1
CALLED = 8  # memories on, at which a place that knobs lead to must be alike, too
# Between two memories the earlier is rendered, moved forward, up to TURN, and from TURNING later on the next one, moved
# back. It is not one half, where a film at twice the rate always stands, so that it shows one sharp picture.
TURN, TURNING = 0.55, 0.1

WANDER = {
    "name": "wander",
    "low": 0,
    "high": 1,
    "default": 0.5,
    "doc": "how readily it jumps elsewhere: 0 follows the footage, 1 is a kaleidoscope of places",
}
RECALL = {
    "name": "recall",
    "low": 0,
    "high": 1,
    "default": 1,
    "doc": "how much it remembers: 0 shows only what the networks learned, 1 the footage's own detail",
}


class Walk(nn.Module):
    """The tables of a place and its step.

    Attributes:
        white: the memories' whitened latents, f32 [M, Z].
        speed: memories a step, 0 at the end of a run, f32 [M].
        end: last memory of each memory's run, f32 [M].
        likeness: numbers by which places are compared, f32 [M, LIKENESS].
        arrival: 1 where a jump may arrive, f32 [M].
        order: 0, 1, …, M - 1, f32 [M].
    """

    white: Tensor
    speed: Tensor
    end: Tensor
    likeness: Tensor
    arrival: Tensor
    order: Tensor

    def __init__(self, memories: Memories, white: Tensor, fps: float):
        super().__init__()
        self.count, self.fps = len(memories.frames), fps
        fade = min(FADE, max(2, self.count // 6))
        self.fade = float(fade)
        speed = np.where(memories.onward, memories.speed, 0).astype(np.float32)
        end = ends(memories.onward)
        runway = (end - np.arange(self.count)) / np.maximum(speed, 1e-3)  # steps
        arrival = runway >= min(RUNWAY * fps, float(np.quantile(runway, 0.7)))
        steps = self.count / float(memories.speed.mean())
        self.apart = min(APART * fps, steps / 4) * float(memories.speed.mean())
        for name, array in {
            "white": white,
            "speed": speed,
            "end": end.astype(np.float32),
            "likeness": memories.likeness,
            "arrival": arrival.astype(np.float32),
            "order": np.arange(self.count, dtype=np.float32),
        }.items():
            self.register_buffer(name, torch.as_tensor(array))
        some = torch.linspace(0, self.count - 1, min(200, self.count)).long().tolist()
        seams = [seam for _, _, seam in nearest_elsewhere(self.likeness, some, self.apart, self.arrival)]
        self.usual = SEAM_LIMIT * (max(float(np.median(seams)), 1e-6) if seams else 1.0)
        # Visits are forgotten by half in the time that four passes through all memories would take.
        self.keep = float(0.5 ** (1 / (4 * max(steps, 30 * fps))))

    def latent(self, position: Tensor) -> Tensor:
        """Return the whitened latent [1, Z] at a position [1] among the memories."""
        low = position.floor().clamp(0, self.count - 1).long()
        part = position - low
        high = (low + 1).clamp(max=self.count - 1)
        return self.white[low] * (1 - part[:, None]) + self.white[high] * part[:, None]

    def at(self, place: Tensor) -> Tensor:
        """Return the whitened latent [1, Z] of a place [1, 3]."""
        share = eased(place[:, 2:3])
        return (1 - share) * self.latent(place[:, 0]) + share * self.latent(place[:, 1])

    def forward(
        self,
        place: Tensor,
        walk: Tensor,
        seen: Tensor,
        wanted: Tensor,
        temperature: Tensor,
        wander: Tensor,
        chance: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Take one step and return the next place, walk and seen.

        Args:
            place: [1, 3].
            walk: steps since the last jump, steps that remain of its crossfade, and which of the two positions the
                dream is in (0 or 1): [1, 3].
            seen: how much each memory was visited lately, [1, M].
            wanted: where the recurrent network would go, whitened, [1, Z].
            temperature: [1].
            wander: [1].
            chance: normal, [1, LIKENESS].
        """
        a, b, share = place[:, 0], place[:, 1], place[:, 2]
        age, left, which = walk[:, 0], walk[:, 1], walk[:, 2]
        a, b = self._advanced(a), self._advanced(b)
        here = a * (1 - which) + b * which
        k = here.floor().clamp(0, self.count - 1).long()
        moving = (left > 0.5).to(here)
        left = (left - 1).clamp(min=0)
        towards = 2 * which - 1
        share = (share + moving * towards / self.fade).clamp(0, 1)
        age = age + 1

        longest = LONGEST * self.fps * torch.exp((0.5 - wander) * 4)
        ready = ((age - SHORTEST * self.fps * torch.exp((0.5 - wander).clamp(max=0) * 4)) / longest).clamp(0, 1)
        over = (age >= longest).to(here) + (self.end[k] - here <= (self.fade + 1) * self.speed[k]).to(here)
        over = (over > 0.5).to(here)
        asked = self.likeness[k] + JITTER * temperature * chance
        seam = (self.likeness - asked).square().sum(1)[None]  # [1, M]
        off = (self.white - wanted).square().mean(1)[None].clamp(max=1)
        often = seen / (seen.mean(1, keepdim=True) + 1e-3)
        often = torch.log1p(often) + often
        beside = ((self.order - self.order[k]).abs() < self.apart).to(here)[None]
        score = seam.clamp(max=EQUAL_SEAMS) + WANTED_WEIGHT * off + VISITED_WEIGHT * often
        score = score + 1e3 * (1 - self.arrival[None] + beside)
        best = score.argmin(1)
        leaves = (seam.gather(1, best[:, None])[:, 0] < self.usual * ready**2).to(here) + over
        leaves = leaves.clamp(max=1) * (1 - moving) * (age > 2).to(here)
        target = best.to(here)

        which_next = (which + leaves * (1 - 2 * which)).round()
        a = a + leaves * which * (target - a)  # the dream is in b, so a has no share and is put there
        b = b + leaves * (1 - which) * (target - b)
        left = left + leaves * (self.fade - left)
        age = age * (1 - leaves)
        near = (1 - (self.order[None] - here[:, None]).abs() / BESIDE).clamp(min=0)
        seen = seen * self.keep + 0.1 * near
        return torch.stack([a, b, share], 1), torch.stack([age, left, which_next], 1), seen

    def _advanced(self, position: Tensor) -> Tensor:
        """Return a position [1] one step later; it waits at the end of its run."""
        k = position.floor().clamp(0, self.count - 1).long()
        # The speed may change within the step; frames of a run are so close that it does not matter.
        return torch.minimum(position + self.speed[k], self.end[k])


class Recall(nn.Module):
    """Chooses the two memories that a picture is rendered from.

    Attributes:
        near: distance of a whitened latent from its place, root mean square, at which memories elsewhere come in.
        far: distance at which only memories elsewhere are used.
        usual: distance of an unknown picture from memories that look like it; larger ones are reduced to it.
    """

    flow: Tensor
    scale: Tensor
    onward: Tensor
    ahead: Tensor
    ties: Tensor

    def __init__(self, walk: Walk, memories: Memories, near: float, far: float, usual: float):
        super().__init__()
        self.walk, self.near, self.far, self.usual = walk, near, far, usual
        self.register_buffer("flow", torch.from_numpy(memories.flow))
        self.register_buffer("scale", torch.from_numpy(memories.scale))
        self.register_buffer("onward", torch.from_numpy(memories.onward.astype(np.float32)))
        ahead = torch.minimum(torch.arange(walk.count) + CALLED, walk.end.long())
        self.register_buffer("ahead", ahead)
        self.register_buffer("ties", 1e-6 * torch.arange(8, dtype=torch.float32))  # two memories at each of four places

    def forward(self, x: Tensor, place: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Choose the memories for a whitened latent x [1, Z] at a place [1, 3].

        Returns:
            index of the two memories [2], their weight [2], motion of the first in pixels [1, 2, h, w], the difference
            of the rendered latent from what they show [1, Z], and that latent [1, Z]: x, or a nearer one.
        """
        walk = self.walk
        share = eased(place[:, 2])
        off = x - walk.at(place)
        far = off.square().mean(1).sqrt()
        led = eased(((far - self.near) / (self.far - self.near)).clamp(0, 1))

        main = place[:, 0] * (share < 0.5).to(x) + place[:, 1] * (share >= 0.5).to(x)
        k = main.floor().clamp(0, walk.count - 1).long()
        distance = self._distance(k, off) + self._distance(self.ahead[k], off)[self.ahead]  # [M]
        first = distance[None].argmin(1)
        beside = ((walk.order - first.to(x)).abs() <= 15).to(x)
        masked = distance + beside * 1e6
        second = masked[None].argmin(1)
        gap = distance[second] - distance[first]
        lean = 0.5 * torch.exp(-gap / (0.02 * distance[first] + 1e-6))  # 0.5 where both are as near
        part = main - k
        onto = [torch.minimum(j.to(x) + part, walk.end[j]) for j in (first, second)]

        positions = torch.cat([place[:, 0], place[:, 1], *onto])  # [4]
        weights = torch.cat([(1 - led) * (1 - share), (1 - led) * share, led * (1 - lean), led * lean])
        low = positions.floor().clamp(0, walk.count - 1).long()
        part = (positions - low).clamp(0, 1) * self.onward[low]
        high = (low + 1).clamp(max=walk.count - 1)
        rising = later(part)
        index = torch.cat([low, high])
        weight = torch.cat([weights * (1 - rising), weights * rising])
        moved = torch.cat([-part, 1 - part])  # share of the flow from low to high
        source = torch.cat([low, low])

        # Memories without any share keep their order, so that the same picture is taken each time.
        _, order = torch.topk(weight - self.ties, 3)
        top = weight[order]
        kept = (top[:2] - top[2:]).clamp(min=0) + 1e-6  # where three are equal, two still remain
        kept = kept / kept.sum()
        chosen = order[:2]
        source = source[chosen]
        motion = self.flow[source[:1]].to(x) * (self.scale[source[:1]] * moved[chosen[:1]])[:, None, None, None]
        index = index[chosen]
        shown = (kept[:, None] * walk.white[index]).sum(0, keepdim=True)
        away = x - shown
        away = away * (self.usual / away.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)).clamp(max=1)
        return index, kept, motion, away, shown + away

    def _distance(self, k: Tensor, off: Tensor) -> Tensor:
        """Return the distance of each memory from memory k [1] moved by `off` [1, Z]: [M].

        Distance along `off` counts most, or else the place itself would nearly always be the nearest.
        """
        apart = self.walk.white - self.walk.white[k]
        length = off.square().sum(1).sqrt().clamp(min=1e-6)
        along = (apart @ off.T)[:, 0] / length - length
        return (apart - off).square().mean(1) + ALONG * along.square() / off.shape[1]


def nearest_elsewhere(
    likeness: Tensor, numbers: Sequence[int], apart: float, arrival: Tensor | None = None
) -> list[tuple[int, int, float]]:
    """Find, for some memories, the one most alike that lies elsewhere.

    Args:
        likeness: of all memories, f32 [M, LIKENESS].
        numbers: the memories to look from.
        apart: memories nearer than this in the footage's order are not elsewhere.
        arrival: f32 [M], 0 where a memory may not be found; None allows all.

    Returns:
        the memory looked from, the one found and their squared distance, where there is one.
    """
    order, found = torch.arange(len(likeness)), []
    for k in numbers:
        far = (likeness - likeness[k]).square().sum(1)
        far[(order - k).abs() < apart] = torch.inf
        if arrival is not None:
            far[arrival < 0.5] = torch.inf
        nearest = int(far.argmin())
        if torch.isfinite(far[nearest]):
            found.append((k, nearest, float(far[nearest])))
    return found


def eased(part: Tensor) -> Tensor:
    """Ease 0..1 in and out."""
    return part * part * (3 - 2 * part)


def later(part: Tensor) -> Tensor:
    """Return the share of the later of two memories, 0..1, at `part` of the time from one to the other."""
    return eased(((part - TURN) / TURNING).clamp(0, 1))


def start(walk: Walk, position: int) -> dict[str, Floats]:
    """Return latent and states of a walk that stands at a memory."""
    return {
        "latent.place": np.array([[position, position, 0]], np.float32),
        "state.walk": np.zeros((1, 3), np.float32),
        "state.seen": np.zeros((1, walk.count), np.float32),
    }
