"""EfficientNet-Lite0 with batch normalisation folded, and its gradient written out as convolutions and masks.

Tan and Le, "EfficientNet", ICML 2019; Google's Lite variant has no squeeze-and-excitation and ReLU6 everywhere, so its
gradient needs nothing but Conv, a mask and an addition, which every provider has. ONNX has no automatic gradient.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

from livedream_export.features import lite0

LAST = 15  # the last of the 16 blocks
# The mask of ReLU6 rises over 2e-4 instead of jumping, so that rounding flips fewer of them. It is 0..1 / STEEP, and
# the kernel after it has the factor: a power of 2, which costs float16 nothing.
STEEP = 1024.0
HEAD = 16  # the number under which the features after the head (1280 channels, ReLU6) go
Seed = Callable[[Tensor], Tensor]  # features [1, C, H, W] to the gradient that is sent back from there


class Layer(nn.Module):
    """A convolution with its batch normalisation folded, perhaps ReLU6 after it, and the gradient of both.

    Args:
        conv, norm: of the network.
        clipped: whether ReLU6 follows.

    Attributes:
        weight, bias: of the convolution; weights are rounded to what float16 holds, so that a file stores them in half
            the bytes (`dream.halves`).
        usual, spread: mean and standard deviation of each channel before ReLU6 over ImageNet.
    """

    def __init__(self, conv: Any, norm: Any, clipped: bool):
        super().__init__()
        known = norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        weight, bias = fuse_conv_bn_weights(conv.weight, conv.bias, *known)
        self.stride, self.clipped = int(conv.stride[0]), clipped
        self.depthwise = weight.shape[1] == 1
        self.groups = weight.shape[0] if self.depthwise else 1
        self.size = weight.shape[-1]
        kept = weight.detach().half().float()
        self.weight, self.bias = nn.Buffer(kept), nn.Buffer(bias.detach().clone())
        turned = _turned(kept, self.depthwise) if self.stride == 1 else _phases(kept)
        turned = turned * STEEP if clipped else turned
        self.usual, self.spread = (nn.Buffer(each.detach().clone()) for each in (norm.bias, norm.weight.abs()))
        for phase, each in enumerate(turned if turned.ndim == 5 else turned[None]):
            self.register_buffer(f"turned_{phase}", each)

    def forward(self, x: Tensor) -> Tensor:
        """Return the activations of x [1, C, H, W], with sides even at stride 2."""
        if self.stride == 1:
            y = F.conv2d(x, self.weight, self.bias, padding=self.size // 2, groups=self.groups)
        else:  # TensorFlow's "same" padding: one more at the end than at the beginning
            before = (self.size - 2) // 2
            x = F.pad(x, (before, before + 1, before, before + 1))
            y = F.conv2d(x, self.weight, self.bias, stride=2, groups=self.groups)
        return y.clamp(0, 6) if self.clipped else y

    def back(self, gradient: Tensor, y: Tensor) -> Tensor:
        """Return the gradient at the input, from that at the output y."""
        if self.clipped:
            gradient = gradient * ((6 - y) * y).clamp(0.0, 1 / STEEP)
        if self.stride == 1:
            return F.conv2d(gradient, self.get_buffer("turned_0"), padding=self.size // 2, groups=self.groups)
        if not self.depthwise:
            return F.pixel_shuffle(F.conv2d(gradient, self.get_buffer("turned_0"), padding=1), 2)
        kernels = [self.get_buffer(f"turned_{phase}") for phase in range(4)]
        planes = [F.conv2d(gradient, each, padding=1, groups=self.groups) for each in kernels]
        lines = [torch.stack(planes[2 * k : 2 * k + 2], -1).flatten(3) for k in (0, 1)]
        return torch.stack(lines, -2).flatten(2, 3)


class Block(nn.Module):
    """An inverted residual block: expansion, depthwise convolution, projection.

    Args:
        block: of the network.
    """

    def __init__(self, block: nn.Module):
        super().__init__()
        find = block.get_submodule
        parts = [(find("_depthwise_conv"), find("_bn1"), True), (find("_project_conv"), find("_bn2"), False)]
        if hasattr(block, "_expand_conv"):
            parts.insert(0, (find("_expand_conv"), find("_bn0"), True))
        chain = [Layer(*each) for each in parts]
        self.layers = nn.ModuleList(chain)
        self.width = chain[-1].weight.shape[0]
        self.skip = all(each.stride == 1 for each in chain) and chain[0].weight.shape[1] == self.width

    @property
    def chain(self) -> list[Layer]:
        """The layers in order."""
        return [cast(Layer, each) for each in self.layers]


class Lite0(nn.Module):
    """The first blocks of the network, and the gradient through them.

    Args:
        last: the last block that is needed, or HEAD.

    Attributes:
        widths: channels after each block, by number.
    """

    def __init__(self, last: int):
        super().__init__()
        network, mean, std = lite0()
        find = network.get_submodule
        self.stem = Layer(find("_conv_stem"), find("_bn0"), True)
        blocks = list(find("_blocks").children())[: min(last, LAST) + 1]
        self.blocks = nn.ModuleList(Block(each) for each in blocks)
        self.head = Layer(find("_conv_head"), find("_bn1"), True) if last == HEAD else None
        self.mean, self.std = nn.Buffer(mean), nn.Buffer(std)
        self.widths = {k: each.width for k, each in enumerate(self._chain)} | {HEAD: 1280}

    @property
    def _chain(self) -> list[Block]:
        return [cast(Block, each) for each in self.blocks]

    def features(self, picture: Tensor, wanted: Sequence[int]) -> dict[int, Tensor]:
        """Return the features after the wanted blocks, by number.

        Args:
            picture: f32 [B, 3, H, W], RGB in 0..1, sides multiples of 32.
            wanted: numbers of blocks.
        """
        return {k: y for k, y in self._forward(picture)[1].items() if k in wanted}

    def gradient(self, picture: Tensor, seeds: Mapping[int, Seed]) -> Tensor:
        """Return the gradient at a picture f32 [1, 3, H, W] of what the seeds stand for.

        Args:
            picture: RGB in 0..1, sides multiples of 32.
            seeds: by number of the block: a function from its features to the gradient there; without them 0.
        """
        kept, features = self._forward(picture)
        gradient: Tensor | None = None
        if self.head is not None and HEAD in seeds:
            gradient = self.head.back(seeds[HEAD](features[HEAD]), features[HEAD])
        for k, block in reversed(list(enumerate(self._chain))):
            if k in seeds:
                own = seeds[k](features[k])
                gradient = own if gradient is None else gradient + own
            if gradient is None:
                continue
            came = gradient
            for layer, y in zip(reversed(block.chain), reversed(kept[k]), strict=True):
                gradient = layer.back(gradient, y)
            gradient = gradient + came if block.skip else gradient
        assert gradient is not None, "no seed"
        return self.stem.back(gradient, kept[-1][0]) / self.std

    def usual(self, block: int) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the features after a block over ImageNet, f32 [1, C, 1, 1].

        They are what the batch normalisation of the block was trained to give, and of those it adds itself to.
        """
        first = block
        while self._chain[first].skip:
            first -= 1
        added = [self._chain[k].chain[-1] for k in range(first, block + 1)]
        mean = torch.stack([each.usual for each in added]).sum(0)
        spread = torch.stack([each.spread for each in added]).square().sum(0).sqrt()
        return mean[None, :, None, None], spread[None, :, None, None] + 1e-3

    def forward_from(self, features: Tensor, block: int) -> Tensor:
        """Return what the head, or the last block, makes of the features after a block."""
        x = features
        for each in self._chain[block + 1 :]:
            came = x
            for layer in each.chain:
                x = layer(x)
            x = x + came if each.skip else x
        return x if self.head is None else cast(Tensor, self.head(x))

    def _forward(self, picture: Tensor) -> tuple[dict[int, list[Tensor]], dict[int, Tensor]]:
        """Return every layer's activations by block (-1: the stem), and the features after each block."""
        x = self.stem((picture - self.mean) / self.std)
        kept, features = {-1: [x]}, {}
        for k, block in enumerate(self._chain):
            came, kept[k] = x, []
            for layer in block.chain:
                x = layer(x)
                kept[k].append(x)
            x = x + came if block.skip else x
            features[k] = x
        if self.head is not None:
            features[HEAD] = self.head(x)
        return kept, features


def classifier() -> tuple[Tensor, Tensor]:
    """Return weight [1000, 1280] and bias [1000] from the head's features to the ImageNet classes."""
    network, _, _ = lite0()
    layer = cast(nn.Linear, network.get_submodule("_fc"))
    return layer.weight.detach(), layer.bias.detach()


def _turned(weight: Tensor, depthwise: bool) -> Tensor:
    """Return the kernel of the gradient of a convolution of stride 1."""
    return weight.flip(2, 3) if depthwise else weight.transpose(0, 1).flip(2, 3).contiguous()


def _phases(weight: Tensor) -> Tensor:
    """Return the kernels of the gradient of a convolution of stride 2.

    Every pixel of the input lies in one of four phases (even or odd row, even or odd column), and each phase has a
    small convolution over the output of its own: f32 [4, C, 1, 3, 3] for a depthwise one, else [4·C_in, C_out, 3, 3],
    to be shuffled.
    """
    size = weight.shape[-1]
    before = (size - 2) // 2
    outs, ins = weight.shape[:2]
    made = torch.zeros(2, 2, outs, ins, 3, 3)
    for dy in range(size):
        for dx in range(size):
            # Output i saw input 2i + d - before; so the input 2m + phase was seen by i = m + (phase + before - d) / 2.
            py, px = (dy - before) % 2, (dx - before) % 2
            iy, ix = (py + before - dy) // 2, (px + before - dx) // 2
            made[py, px, :, :, iy + 1, ix + 1] = weight[:, :, dy, dx]
    if ins == 1:
        return made.reshape(4, outs, 1, 3, 3)
    return made.permute(3, 0, 1, 2, 4, 5).reshape(ins * 4, outs, 3, 3).contiguous()
