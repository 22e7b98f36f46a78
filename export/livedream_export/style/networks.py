"""The style network: a picture in, the picture painted out, in one of several styles or between them.

It works at a quarter, an eighth and a sixteenth of the picture's sides, so that what it paints can be larger than a
stroke: a glow, a drip. Styles differ only in the scales and shifts behind each
instance normalisation (Dumoulin, Shlens and Kudlur, "A Learned Representation for Artistic Style", ICLR 2017). Pictures
are enlarged in steps of two, whose kernels cannot make a lattice, and padded by reflection, which leaves no borders.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GAIN = 4.0  # by which styles learn faster than the rest of the network: Adam's steps are as large for every weight

GRAIN = 6  # channels of the canvas
# How the three taps of a kernel at full size fall on those at half size, for pixels at even and odd places.
PLACES = torch.tensor([[[3, 1, 0], [1, 3, 3], [0, 0, 1]], [[1, 0, 0], [3, 3, 1], [0, 1, 3]]]) / 4


def grain(height: int, width: int, generator: torch.Generator) -> Tensor:
    """Return the grain of a canvas for pictures of that size, f32 [1, GRAIN, height / 4, width / 4].

    Where a picture is even, a convolution can only repeat one pattern. The grain, random at three scales, gives strokes
    places to be; it stays where it is from frame to frame.
    """
    scales = []
    for step in (1, 4, 16):
        small = torch.randn(1, GRAIN // 3, -(-height // 4 // step) + 3, -(-width // 4 // step) + 3, generator=generator)
        large = F.interpolate(small, scale_factor=step, mode="bicubic") if step > 1 else small
        scales.append(large[..., step : step + height // 4, step : step + width // 4])
    return torch.cat(scales, 1)


class Normalisation(nn.Module):
    """Instance normalisation, whose scale and shift are those of a style or mixed from several."""

    def __init__(self, channels: int, styles: int):
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels, affine=False, eps=1e-4)
        self.scale = nn.Parameter(0.1 * torch.randn(styles, channels))
        self.shift = nn.Parameter(0.1 * torch.randn(styles, channels))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Take features [B, C, H, W] and weights of styles [B, K] that sum to 1."""
        scale, shift = 1 + GAIN * (style @ self.scale), GAIN * (style @ self.shift)
        normal: Tensor = self.norm(x)
        return normal * scale[:, :, None, None] + shift[:, :, None, None]


class Layer(nn.Module):
    """Reflection, convolution and normalisation."""

    def __init__(self, before: int, after: int, styles: int, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride, padding=1, padding_mode="reflect", bias=False)
        self.norm = Normalisation(after, styles)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Take features [B, C, H, W] and weights of styles [B, K]."""
        normal: Tensor = self.norm(self.conv(x), style)
        return normal


class Enlarge(nn.Module):
    """Doubles the sides of features, bilinearly, and convolves them.

    Both are one convolution before a pixel shuffle, whose kernels for the four places of a pixel all follow from the
    one that is learned. So it costs no more than a free one, but has no lattice to learn: even features stay even.
    """

    def __init__(self, before: int, after: int):
        super().__init__()
        bound = (9 * before) ** -0.5
        self.kernel = nn.Parameter(torch.empty(after, before, 3, 3).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(after))
        self.register_buffer("places", PLACES, persistent=False)
        self.places: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Take features [B, C, H, W]; return [B, C2, 2 H, 2 W]."""
        after, before = self.kernel.shape[:2]
        kernels = torch.einsum("piy,qjx,ocyx->opqcij", self.places, self.places, self.kernel)
        kernels, bias = kernels.reshape(4 * after, before, 3, 3), self.bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernels, bias), 2)


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width: int, styles: int):
        super().__init__()
        self.first, self.second = Layer(width, width, styles), Layer(width, width, styles)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Take features [B, C, H, W] and weights of styles [B, K]."""
        change: Tensor = self.second(F.relu(self.first(x, style)), style)
        return x + change


class Painter(nn.Module):
    """Paints pictures whose sides are multiples of 16."""

    def __init__(
        self, styles: int, width: int = 32, deep: int = 64, deepest: int = 96, blocks: int = 4, fine: int = 16
    ):
        super().__init__()
        self.settings = {"styles": styles, "width": width, "deep": deep, "deepest": deepest}
        self.settings |= {"blocks": blocks, "fine": fine}
        self.stem = Layer(48, width, styles)
        self.down = Layer(width + GRAIN, deep, styles, stride=2)
        self.before, self.after = Block(deep, styles), Block(deep, styles)
        self.lower = Layer(deep, deepest, styles, stride=2)
        self.blocks = nn.ModuleList(Block(deepest, styles) for _ in range(blocks))
        self.higher = Enlarge(deepest, deepest // 4)
        self.join = Layer(deepest // 4 + deep, deep, styles)
        self.rise = Enlarge(deep, deep // 4)
        self.up = Layer(deep // 4 + width, width, styles)
        self.last = Block(width, styles)
        self.enlarge, self.enlarge_norm = Enlarge(width, fine), Normalisation(fine, styles)
        self.finish = Enlarge(fine, 3)

    def forward(self, image: Tensor, style: Tensor, grain: Tensor) -> Tensor:
        """Return pictures [B, 3, H, W] in 0..1 of `image`, the same, in styles by weights [B, K] that sum to 1.

        grain: as `grain` makes it, [B or 1, GRAIN, H / 4, W / 4].
        """
        x = F.relu(self.stem(F.pixel_unshuffle(image - 0.5, 4), style))
        deep = F.relu(self.down(torch.cat([x, grain.expand(len(x), -1, -1, -1)], 1), style))
        deep = self.before(deep, style)
        deepest = F.relu(self.lower(deep, style))
        for block in self.blocks:
            deepest = block(deepest, style)
        deep = F.relu(self.join(torch.cat([deep, self.higher(deepest)], 1), style))
        deep = self.after(deep, style)
        x = F.relu(self.up(torch.cat([x, self.rise(deep)], 1), style))
        x = self.last(x, style)
        x = F.leaky_relu(self.enlarge_norm(self.enlarge(x), style), 0.1)
        return torch.sigmoid(self.finish(x))
