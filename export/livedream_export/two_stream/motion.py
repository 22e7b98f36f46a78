"""Where footage moves: what differs from the ground, its picture without figures."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..arrays import Floats, Rgb

SAMPLED = 120  # frames that the ground is the median of
LEAST, FULL = 0.03, 0.09  # difference from the ground, of full scale, from which something may and must move


def ground(frames: Rgb) -> Floats:
    """Return the median picture of footage [N, H, W, 3], f32 [3, H, W] in 0..1."""
    some = frames[np.linspace(0, len(frames) - 1, min(SAMPLED, len(frames))).astype(int)]
    middle: Floats = np.median(some, axis=0).transpose(2, 0, 1).astype(np.float32) / 255
    return middle


def mask(pictures: Tensor, middle: Tensor) -> Tensor:
    """Return how much each pixel moves, f32 [B, 1, H, W] in 0..1, of pictures [B, 3, H, W] beside the ground."""
    off = (pictures - middle).abs().amax(1, keepdim=True)
    off = F.avg_pool2d(off, 3, 1, 1)
    return F.max_pool2d(((off - LEAST) / (FULL - LEAST)).clamp(0, 1), 3, 1, 1)


def area(frames: Rgb, middle: Floats) -> float:
    """Return the mean share of the picture that moves."""
    some = frames[np.linspace(0, len(frames) - 1, min(SAMPLED, len(frames))).astype(int)]
    pictures = torch.from_numpy(np.array(some)).permute(0, 3, 1, 2).float() / 255
    return float(mask(pictures, torch.from_numpy(middle)).mean())
