"""How well a dream renders frames that were held out of training, through its own encode and decode."""

from typing import Any, NamedTuple

import numpy as np

from livedream.dream.dream import Dream

from ..arrays import Rgb
from ..cache import Footage, Progress
from ..material import held_out
from . import lpips, picture, playing
from .first_dream import Extent
from .likeness import Likeness
from .spectrum import Power
from .windows import evenly

VGG_PIXELS = 2**21  # most pixels of held-out frames that VGG16 compares, but 12 frames at least: 440 ms for 128x128


class Reconstruction(NamedTuple):
    """Held-out frames, rendered.

    Attributes:
        figures: PSNR, SSIM and LPIPS, ready for JSON; None for a dream without encode, or footage too short.
        pairs: a few of the frames, [H, W, 3], and the same rendered.
        power: the spectra of the two; None where there are no figures.
    """

    figures: dict[str, Any] | None
    pairs: list[tuple[Rgb, Rgb]]
    power: dict[str, Any] | None


def reconstruct(
    dream: Dream,
    footage: Footage,
    progress: Progress,
    networks: dict[str, lpips.Lpips | None],
    extent: Extent,
) -> Reconstruction:
    """Render held-out frames and measure them.

    Args:
        dream: the dream.
        footage: that it was trained on.
        progress: called with share and text.
        networks: those of LPIPS, by "alex" and "vgg".
        extent: how many frames.
    """
    left_out = np.flatnonzero(held_out(len(footage.frames), footage.fps))
    if "encode" not in dream.components or not len(left_out):
        return Reconstruction(None, [], None)
    chosen = left_out[evenly(len(left_out), extent.held_out)]
    count, pixels = len(chosen), dream.size[0] * dream.size[1]
    compared = {"alex": set(evenly(count, extent.lpips).tolist())}
    if extent.vgg:
        compared["vgg"] = set(evenly(count, min(extent.lpips, max(12, VGG_PIXELS // pixels))).tolist())
    shown = set(evenly(count, picture.CELLS).tolist())
    likeness, before, after = Likeness(networks), Power(), Power()
    pairs: list[tuple[Rgb, Rgb]] = []
    rerender = playing.rerendering(dream)
    for done, k in enumerate(chosen):
        original = footage.frames[k]
        rendered = rerender(original)
        likeness.add(original, rendered, tuple(kind for kind, which in compared.items() if done in which))
        before.add(original[None])
        after.add(rendered[None])
        if done in shown:
            pairs.append((np.array(original), np.array(rendered)))
        progress(done / count, "rendering held-out frames")
    return Reconstruction(likeness.figures, pairs, {"left_out": before.figures, "drawn": after.figures})
