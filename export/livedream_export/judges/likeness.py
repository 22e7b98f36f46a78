"""How like its original a drawn picture is: PSNR, SSIM, and LPIPS on both networks."""

import numpy as np

from . import lpips
from .spectrum import LUMA


class Likeness:
    """Figures of pairs of an original and a drawn picture.

    networks: what LPIPS is measured with, by "alex" and "vgg"; None for one that is not installed.
    """

    def __init__(self, networks: dict[str, lpips.Lpips | None]):
        self.networks = networks
        self.psnr: list[float] = []
        self.ssim: list[float] = []
        self.lpips: dict[str, list[float]] = {kind: [] for kind in networks}

    def add(self, original: np.ndarray, drawn: np.ndarray, looks: tuple[str, ...] = ()) -> None:
        """A pair, uint8 [H, W, 3]. looks: the networks that are to compare it, too."""
        self.psnr.append(psnr(original, drawn))
        self.ssim.append(ssim(original, drawn))
        for kind in looks:
            network = self.networks.get(kind)
            if network and min(original.shape[:2]) >= lpips.LEAST:
                self.lpips[kind].append(float(network(original[None], drawn[None])[0]))

    @property
    def figures(self) -> dict:
        """Ready for JSON; None for an LPIPS that was not measured."""
        found = {
            "frames": len(self.psnr),
            "psnr_db": float(np.mean(self.psnr)),
            "psnr_db_least": min(self.psnr),
            "ssim": float(np.mean(self.ssim)),
        }
        for kind, values in self.lpips.items():
            found[f"lpips_{kind}"] = float(np.mean(values)) if values else None
            found[f"lpips_{kind}_frames"] = len(values)
        return found


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal to noise in dB of two pictures, uint8 of one shape; 108 when they are equal."""
    error = np.square(a.astype(np.float32) - b).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-6)))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of two pictures, uint8 [H, W, 3], at least 11 pixels a side; 1 when they are equal.

    Wang et al., "Image Quality Assessment", IEEE TIP 2004, of their luma (BT.601): Gaussian window of 11 pixels,
    std 1.5, without the border.
    """
    window = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2)).astype(np.float32)
    window /= window.sum()

    def blurred(x: np.ndarray) -> np.ndarray:
        for _ in range(2):  # down, then across
            x = sum(weight * x[k : len(x) - 10 + k] for k, weight in enumerate(window)).T
        return x

    x, y = (each @ LUMA for each in (a, b))
    mx, my, xx, yy, xy = map(blurred, (x, y, x * x, y * y, x * y))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    light = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    structure = (2 * (xy - mx * my) + c2) / (xx - mx**2 + yy - my**2 + c2)
    return float((light * structure).mean())
