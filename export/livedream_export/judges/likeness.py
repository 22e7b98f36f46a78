"""How similar a rendered picture is to its original: PSNR, SSIM, and LPIPS on both networks."""

from typing import Any

import numpy as np

from ..arrays import Floats, Rgb
from . import lpips
from .spectrum import LUMA


class Likeness:
    """Figures of pairs of an original and a rendered picture.

    Attributes:
        networks: those of LPIPS, by "alex" and "vgg"; None for one that is not installed.
        psnr: of each pair, dB.
        ssim: of each pair.
        lpips: of the pairs that each network compared.
    """

    def __init__(self, networks: dict[str, lpips.Lpips | None]):
        self.networks = networks
        self.psnr: list[float] = []
        self.ssim: list[float] = []
        self.lpips: dict[str, list[float]] = {kind: [] for kind in networks}

    def add(self, original: Rgb, rendered: Rgb, kinds: tuple[str, ...] = ()) -> None:
        """Add a pair [H, W, 3]. kinds: the networks that are to compare it, too."""
        self.psnr.append(psnr(original, rendered))
        self.ssim.append(ssim(original, rendered))
        for kind in kinds:
            network = self.networks.get(kind)
            if network and min(original.shape[:2]) >= lpips.LEAST:
                self.lpips[kind].append(float(network(original[None], rendered[None])[0]))

    @property
    def figures(self) -> dict[str, Any]:
        """Figures, ready for JSON; None for an LPIPS that was not measured."""
        found: dict[str, Any] = {
            "frames": len(self.psnr),
            "psnr_db": float(np.mean(self.psnr)),
            "psnr_db_least": min(self.psnr),
            "ssim": float(np.mean(self.ssim)),
        }
        for kind, values in self.lpips.items():
            found[f"lpips_{kind}"] = float(np.mean(values)) if values else None
            found[f"lpips_{kind}_frames"] = len(values)
        return found


def psnr(a: Rgb, b: Rgb) -> float:
    """Return the peak signal to noise ratio of two pictures in dB; 108 when they are equal."""
    error = np.square(a.astype(np.float32) - b).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-6)))


def ssim(a: Rgb, b: Rgb) -> float:
    """Return the structural similarity of two pictures [H, W, 3] of at least 11 pixels a side; 1 when they are equal.

    See Wang et al., "Image Quality Assessment", IEEE TIP 2004. It is that of their luma (BT.601), with a Gaussian
    window of 11 pixels, standard deviation 1.5, without the border.
    """
    window = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2)).astype(np.float32)
    window /= window.sum()

    def blurred(x: Floats) -> Floats:
        for _ in range(2):  # down, then across
            x = sum(weight * x[k : len(x) - 10 + k] for k, weight in enumerate(window)).T
        return x

    x, y = (each @ LUMA for each in (a, b))
    mx, my, xx, yy, xy = map(blurred, (x, y, x * x, y * y, x * y))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    light = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    structure = (2 * (xy - mx * my) + c2) / (xx - mx**2 + yy - my**2 + c2)
    return float((light * structure).mean())
