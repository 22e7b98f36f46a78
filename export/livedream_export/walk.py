"""Where in its memories a dream is, and where it goes next: the place.

A place is two positions among the memories (5.5 is half-way in time from memory 5 to 6) and the share of the second.
Mostly one of the two has no share. Both go on in time by one frame a step. When the dream leaves for elsewhere, the
one that has no share is put there, and its share grows over FADE steps.

All of it is written in operators that every ONNX provider has, without branches.
"""

import numpy as np
import torch
from torch import Tensor, nn

from .memories import Memories, ends

FADE = 10  # steps from one place to another
LONGEST = 3.4  # seconds that a dream stays on one way of the footage, with wander at its default, at most
SHORTEST = 0.5  # seconds, at least
BESIDE = 24  # memories around where it is that count as seen, too
SEEN = 3.0  # times the usual nearest seam: as good a seam is taken after the longest time, a better one before
PLAIN = 0.8  # from here on every seam is seen alike; so the other shots of a film are found, too
APART = 1.5  # seconds of footage, at least, that it leaves over
RUNWAY = 0.7  # seconds that a run goes on for, at least, after where it arrives
# What else weighs beside how much a seam would be seen, which is 1 between two places of chance: how often a place was
# seen, beside the others, and how far it lies from where the recurrent network would go. And a little chance.
OFTEN, TOWARDS, JITTER = 0.45, 0.1, 0.03
ALONG = 12.0  # how much more it counts how far a place lies on the way that a knob goes than how far beside it
CALLED = 8  # memories on, at which a place that the knobs lead to must be alike, too
# Between two memories the earlier is drawn, moved on, up to here, and from a little farther on the later, moved back.
# Not at one half, where a film at twice the rate always stands, so that what it shows is one sharp picture.
TURN, TURNING = 0.55, 0.1

WANDER = {
    "name": "wander",
    "low": 0,
    "high": 1,
    "default": 0.5,
    "doc": "how readily it goes elsewhere: 0 drives on, 1 is a kaleidoscope of places",
}
RECALL = {
    "name": "recall",
    "low": 0,
    "high": 1,
    "default": 1,
    "doc": "how much it remembers: 0 is the haze of what it learned, 1 is the footage's own detail",
}


class Walk(nn.Module):
    """The place's tables and its step. white: the memories' whitened latents, f32 [M, Z]."""

    def __init__(self, memories: Memories, white: Tensor, fps: float):
        super().__init__()
        self.count, self.fps = len(memories.frames), fps
        fade = min(FADE, max(2, self.count // 6))
        self.fade = float(fade)
        pace = np.where(memories.onward, memories.pace, 0).astype(np.float32)
        end = ends(memories.onward)
        runway = (end - np.arange(self.count)) / np.maximum(pace, 1e-3)  # steps
        arrival = runway >= min(RUNWAY * fps, float(np.quantile(runway, 0.7)))
        steps = self.count / float(memories.pace.mean())
        self.apart = min(APART * fps, steps / 4) * float(memories.pace.mean())
        for name, array in {
            "white": white,
            "pace": pace,
            "end": end.astype(np.float32),
            "likeness": memories.likeness,
            "arrival": arrival.astype(np.float32),
            "order": np.arange(self.count, dtype=np.float32),
        }.items():
            self.register_buffer(name, torch.as_tensor(array))
        self.usual = SEEN * _nearest_elsewhere(self.likeness, self.arrival, self.apart)
        # What was seen is forgotten by half in the time that it takes to walk through all memories four times.
        self.keep = float(0.5 ** (1 / (4 * max(steps, 30 * fps))))

    def latent(self, position: Tensor) -> Tensor:
        """Whitened latent [1, Z] at a position [1] among the memories."""
        low = position.floor().clamp(0, self.count - 1).long()
        part = position - low
        high = (low + 1).clamp(max=self.count - 1)
        return self.white[low] * (1 - part[:, None]) + self.white[high] * part[:, None]

    def at(self, place: Tensor) -> Tensor:
        """Whitened latent [1, Z] of a place [1, 3]."""
        share = eased(place[:, 2:3])
        return (1 - share) * self.latent(place[:, 0]) + share * self.latent(place[:, 1])

    def forward(self, place, walk, seen, wanted, temperature, wander, chance):
        """One step.

        place [1, 3]; walk [1, 3]: steps since it last left, steps left of the way there, and which of the two it is
        in (0 or 1); seen [1, M]: how much of late each memory was seen. wanted [1, Z]: whitened, where the recurrent
        network would go. temperature, wander [1]; chance [1, LIKENESS] normal. Returns the next place, walk and seen.
        """
        a, b, share = place[:, 0], place[:, 1], place[:, 2]
        age, left, which = walk[:, 0], walk[:, 1], walk[:, 2]
        a, b = self._on(a), self._on(b)
        here = a * (1 - which) + b * which
        k = here.floor().clamp(0, self.count - 1).long()
        moving = (left > 0.5).to(here)
        left = (left - 1).clamp(min=0)
        towards = 2 * which - 1
        share = (share + moving * towards / self.fade).clamp(0, 1)
        age = age + 1

        longest = LONGEST * self.fps * torch.exp((0.5 - wander) * 4)
        ready = ((age - SHORTEST * self.fps * torch.exp((0.5 - wander).clamp(max=0) * 4)) / longest).clamp(0, 1)
        over = (age >= longest).to(here) + (self.end[k] - here <= (self.fade + 1) * self.pace[k]).to(here)
        over = (over > 0.5).to(here)
        asked = self.likeness[k] + JITTER * temperature * chance
        seam = (self.likeness - asked).square().sum(1)[None]  # [1, M]
        drawn = (self.white - wanted).square().mean(1)[None].clamp(max=1)
        often = seen / (seen.mean(1, keepdim=True) + 1e-3)
        often = torch.log1p(often) + often
        beside = ((self.order - self.order[k]).abs() < self.apart).to(here)[None]
        score = seam.clamp(max=PLAIN) + TOWARDS * drawn + OFTEN * often + 1e3 * (1 - self.arrival[None] + beside)
        best = score.argmin(1)
        leaves = (seam.gather(1, best[:, None])[:, 0] < self.usual * ready**2).to(here) + over
        leaves = leaves.clamp(max=1) * (1 - moving) * (age > 2).to(here)
        target = best.to(here)

        which_next = (which + leaves * (1 - 2 * which)).round()
        a = a + leaves * which * (target - a)  # it is in b, so a has no share and is put there
        b = b + leaves * (1 - which) * (target - b)
        left = left + leaves * (self.fade - left)
        age = age * (1 - leaves)
        near = (1 - (self.order[None] - here[:, None]).abs() / BESIDE).clamp(min=0)
        seen = seen * self.keep + 0.1 * near
        return torch.stack([a, b, share], 1), torch.stack([age, left, which_next], 1), seen

    def _on(self, position: Tensor) -> Tensor:
        """A position [1] one step later; it waits at the end of its run."""
        k = position.floor().clamp(0, self.count - 1).long()
        # Over a memory it may go on at another pace; a run's frames are so close that it does not matter.
        return torch.minimum(position + self.pace[k], self.end[k])


class Recall(nn.Module):
    """Which two memories a drawing takes, and how. near, far: root mean square of a whitened latent's distance from
    its place at which it begins to be drawn elsewhere, and at which it is only drawn there. usual: how far a picture
    that was not seen before lies from memories that look like it; what is farther from them is drawn as if it were not.
    """

    def __init__(self, walk: Walk, memories: Memories, near: float, far: float, usual: float):
        super().__init__()
        self.walk, self.near, self.far, self.usual = walk, near, far, usual
        self.register_buffer("flow", torch.from_numpy(memories.flow))
        self.register_buffer("scale", torch.from_numpy(memories.scale))
        self.register_buffer("onward", torch.from_numpy(memories.onward.astype(np.float32)))
        ahead = torch.minimum(torch.arange(walk.count) + CALLED, walk.end.long())
        self.register_buffer("ahead", ahead)
        self.register_buffer("ties", 1e-6 * torch.arange(8, dtype=torch.float32))  # two memories at each of four places

    def forward(self, x: Tensor, place: Tensor):
        """x [1, Z] whitened, place [1, 3] to index [2], weight [2], motion of the first [1, 2, h, w] in pixels, away
        [1, Z]: how far what is drawn is from what they show, and drawn [1, Z]: which is x, or not so far from them.
        """
        walk = self.walk
        share = eased(place[:, 2])
        there = walk.at(place)
        off = x - there
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
        moved = torch.cat([-part, 1 - part])  # of the way from low to high
        source = torch.cat([low, low])

        # Those that have no share at all come in their order, so that the same picture is taken each time.
        _, order = torch.topk(weight - self.ties, 3)
        top = weight[order]
        kept = (top[:2] - top[2:]).clamp(min=0) + 1e-6  # where three are alike, two are left all the same
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
        """How far each memory lies from `off` [1, Z] beside memory k [1]: [M]. What is missing on the way that `off`
        goes counts most, or else the place itself would nearly always be the nearest."""
        apart = self.walk.white - self.walk.white[k]
        length = off.square().sum(1).sqrt().clamp(min=1e-6)
        along = (apart @ off.T)[:, 0] / length - length
        return (apart - off).square().mean(1) + ALONG * along.square() / off.shape[1]


def _nearest_elsewhere(likeness: Tensor, arrival: Tensor, apart: float) -> float:
    """How far the likest memory lies where one may arrive, `apart` memories on or more: the median, of some."""
    count = len(likeness)
    order, found = torch.arange(count), []
    for k in torch.linspace(0, count - 1, min(200, count)).long():
        far = (likeness - likeness[k]).square().sum(1)
        far[((order - k).abs() < apart) | (arrival < 0.5)] = torch.inf
        found.append(float(far.min()))
    found = [each for each in found if np.isfinite(each)]
    return max(float(np.median(found)), 1e-6) if found else 1.0


def eased(part: Tensor) -> Tensor:
    """0..1 to 0..1, slow at both ends."""
    return part * part * (3 - 2 * part)


def later(part: Tensor) -> Tensor:
    """How much of the later of two memories is drawn at that part of the way to it, 0..1."""
    return eased(((part - TURN) / TURNING).clamp(0, 1))


def start(walk: Walk, position: int) -> dict[str, np.ndarray]:
    """Latent and states of a walk that stands at a memory."""
    return {
        "latent.place": np.float32([[position, position, 0]]),
        "state.walk": np.float32([[0, 0, 0]]),
        "state.seen": np.zeros((1, walk.count), np.float32),
    }
