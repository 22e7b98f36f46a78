"""A dream's components run in PyTorch, before there is a file: for knobs, thumbnails and what is shown in training."""

from collections.abc import Mapping, Sequence

import numpy as np
import simplejpeg
import torch
from torch import Tensor, nn


class Drawing:
    """Draws latents as the dream will. parts: the components' modules. pictures: JPEG files of its memories."""

    def __init__(self, parts: Mapping[str, nn.Module], pictures: Sequence[bytes] = ()):
        self.parts = {name: part.eval() for name, part in parts.items()}
        self.pictures = pictures

    def memory(self, k: int) -> np.ndarray:
        """Memory k, uint8 [H, W, 4]."""
        return simplejpeg.decode_jpeg(self.pictures[k], "RGBA")

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> np.ndarray:
        """Latents [B, L] of pictures uint8 [B, H, W, 3]; with memories, the place's three numbers are the last."""
        found = []
        for frame in frames:
            opaque = np.full((*frame.shape[:2], 1), 255, np.uint8)
            image = torch.from_numpy(np.concatenate([frame, opaque], 2))[None]
            made = self.parts["encode"](image)
            found.append(torch.cat(made, 1) if isinstance(made, tuple) else made)
        return torch.cat(found).numpy()

    @torch.no_grad()
    def draw(self, latents: np.ndarray, recall: float = 1.0) -> np.ndarray:
        """Pictures uint8 [B, H, W, 4] of latents [B, L] as encode gives them."""
        return np.concatenate([self._drawn(torch.from_numpy(z[None]), recall).numpy() for z in latents])

    def _drawn(self, latent: Tensor, recall: float) -> Tensor:
        if "recall" not in self.parts:
            return self.parts["decode"](latent)
        latent, place = latent[:, :-3], latent[:, -3:]
        index, *taken = self.parts["recall"](latent, place)
        memory = torch.from_numpy(np.stack([self.memory(int(k)) for k in index]))
        return self.parts["decode"](latent, place, memory, *taken, torch.tensor([recall]))
