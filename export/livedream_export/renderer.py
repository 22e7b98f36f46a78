"""Runs a dream's components in PyTorch, before there is a file: for knobs, thumbnails and pictures of training."""

from collections.abc import Mapping, Sequence

import numpy as np
import simplejpeg
import torch
from torch import Tensor

from .arrays import Floats, Rgb, Rgba
from .proof import Component


class Renderer:
    """Renders latents as the dream will.

    Attributes:
        components: the modules, by component name.
        pictures: JPEG files of the memories.
    """

    def __init__(self, components: Mapping[str, Component], pictures: Sequence[bytes] = ()):
        self.components = {name: part.eval() for name, part in components.items()}
        self.pictures = pictures

    def memory(self, k: int) -> Rgba:
        """Return memory k, [H, W, 4]."""
        picture: Rgba = simplejpeg.decode_jpeg(self.pictures[k], "RGBA")
        return picture

    @torch.no_grad()
    def encode(self, frames: Rgb) -> Floats:
        """Return the latents [B, L] of pictures [B, H, W, 3]; with memories, the last three numbers are the place."""
        found = []
        for frame in frames:
            opaque = np.full((*frame.shape[:2], 1), 255, np.uint8)
            image = torch.from_numpy(np.concatenate([frame, opaque], 2))[None]
            latent = self.components["encode"](image)
            found.append(torch.cat(latent, 1) if isinstance(latent, tuple) else latent)
        return np.asarray(torch.cat(found))

    @torch.no_grad()
    def render(self, latents: Floats, recall: float = 1.0) -> Rgba:
        """Return pictures [B, H, W, 4] of latents [B, L] as `encode` gives them."""
        return np.concatenate([self._rendered(torch.from_numpy(z[None]), recall).numpy() for z in latents])

    def _rendered(self, latent: Tensor, recall: float) -> Tensor:
        picture: Tensor
        if "recall" not in self.components:
            picture = self.components["decode"](latent)
            return picture
        choose = self.components["recall"]
        latents = (latent,) if len(choose.inputs) == 1 else (latent[:, :-3], latent[:, -3:])
        index, *taken = choose(*latents)
        memory = torch.from_numpy(np.stack([self.memory(int(k)) for k in index]))
        picture = self.components["decode"](*latents, memory, *taken, torch.tensor([recall]))
        return picture
