"""The style network: a picture in, the picture painted out, in one of several styles or between them.

It works at a quarter and an eighth of the picture's sides. Styles differ only in the scales and shifts behind each
instance normalisation (Dumoulin, Shlens and Kudlur, "A Learned Representation for Artistic Style", ICLR 2017). Pictures
are enlarged in two steps, which leaves no lattice of four pixels, and padded by reflection, which leaves no borders.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GAIN = 4.0  # by which styles learn faster than the rest of the network: Adam's steps are as large for every weight

GRAIN = 6  # channels of the canvas


def grain(height: int, width: int, generator: torch.Generator) -> Tensor:
    """Return the grain of a canvas for pictures of that size, f32 [1, GRAIN, height / 4, width / 4].

    Where a picture is even, a convolution can only repeat one pattern. The grain, random at three scales, gives strokes
    places to be; it stays where it is from frame to frame.
    """
    scales = []
    for step in (1, 3, 8):
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
    """Paints pictures whose sides are multiples of 8."""

    def __init__(self, styles: int, width: int = 40, deep: int = 64, blocks: int = 5, fine: int = 16):
        super().__init__()
        self.settings = {"styles": styles, "width": width, "deep": deep, "blocks": blocks, "fine": fine}
        self.stem = Layer(48, width, styles)
        self.down = Layer(width + GRAIN, deep, styles, stride=2)
        self.blocks = nn.ModuleList(Block(deep, styles) for _ in range(blocks))
        self.up = Layer(deep // 4 + width, width, styles)
        self.last = Block(width, styles)
        self.enlarge = Layer(width, 4 * fine, styles)
        self.finish = nn.Conv2d(fine, 12, 3, padding=1, padding_mode="reflect")
        with torch.no_grad():
            for conv, factor in ((self.enlarge.conv, 1.0), (self.finish, 0.3)):
                conv.weight.copy_(factor * conv.weight[::4].repeat_interleave(4, 0))  # no lattice to begin with

    def forward(self, image: Tensor, style: Tensor, grain: Tensor) -> Tensor:
        """Return pictures [B, 3, H, W] in 0..1 of `image`, the same, in styles by weights [B, K] that sum to 1.

        grain: as `grain` makes it, [B or 1, GRAIN, H / 4, W / 4].
        """
        x = F.relu(self.stem(F.pixel_unshuffle(image - 0.5, 4), style))
        deep = F.relu(self.down(torch.cat([x, grain.expand(len(x), -1, -1, -1)], 1), style))
        for block in self.blocks:
            deep = block(deep, style)
        x = F.relu(self.up(torch.cat([x, F.pixel_shuffle(deep, 2)], 1), style))
        x = self.last(x, style)
        x = F.pixel_shuffle(F.leaky_relu(self.enlarge(x, style), 0.1), 2)
        picture = F.pixel_shuffle(self.finish(x), 2)
        return torch.sigmoid(picture)
