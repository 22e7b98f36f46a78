"""Pictures that a dream keeps in its file, as JPEG: how many fit, how good, and how large the file may be."""

import numpy as np
import simplejpeg

from .arrays import Indices, Rgb

LARGE = 256 * 256  # pixels; see is_large
QUALITIES = (95, 93, 90, 87, 84, 80)  # JPEG qualities, the best first


def is_large(height: int, width: int) -> bool:
    """Whether pictures have so many pixels that colour is kept and rendered at half their sides."""
    return height * width > LARGE


def room(pixels: int) -> float:
    """Return the bytes of a dream file with pictures of so many pixels: 30 MB at 128², 60 at 256², 100 at 512²."""
    return float(np.interp(np.log2(max(pixels, 1)), (12, 14, 16, 18), (20e6, 30e6, 60e6, 100e6)))


def jpeg(picture: Rgb, quality: int) -> bytes:
    """Encode a picture [H, W, 3] as a JPEG file."""
    subsampling = "420" if is_large(*picture.shape[:2]) else "444"
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality, "RGB", colorsubsampling=subsampling))


def mean_bytes(frames: Rgb, allowed: Indices, quality: int) -> float:
    """Return the mean size of a picture at that JPEG quality."""
    some = allowed[np.linspace(0, len(allowed) - 1, min(24, len(allowed))).astype(int)]
    return float(np.mean([len(jpeg(frames[k], quality)) for k in some]))


def best_fit(frames: Rgb, allowed: Indices, most: int, room: float, each: float) -> tuple[int, int]:
    """Return the JPEG quality and the number of pictures, 2 at least, that fit.

    Args:
        frames: [N, H, W, 3].
        allowed: numbers of the frames to choose from.
        most: the most pictures.
        room: bytes that they may take.
        each: bytes that every one takes beside its file.
    """
    sizes = {q: mean_bytes(frames, allowed, q) for q in QUALITIES}
    count = min(len(allowed), most)
    quality = next((q for q in QUALITIES if (sizes[q] + each) * count <= room), QUALITIES[-1])
    return quality, max(2, min(count, int(room / (sizes[quality] + each))))
