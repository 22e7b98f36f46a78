"""The autoencoder (Kingma and Welling 2014): pictures to a Gaussian latent and back.

The decoder is built for live play on a CPU: convolutions end at a quarter of the sides, two PixelShuffles of 2 (Shi et
al. 2016) make the pixels, and the latent scales and shifts every block (FiLM, Perez et al. 2018), so that few channels
suffice. One PixelShuffle of 4 would leave a lattice of four pixels.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..arrays import Doubles
from .blocks import Block
from .recipe import PictureRecipe


class Encoder(nn.Module):
    """Turns pictures [B, 3, H, W] in 0..1 into the mean and log variance of a latent, each [B, Z]."""

    def __init__(self, height: int, width: int, hp: PictureRecipe):
        super().__init__()
        self.halve = height * width > hp.encoder_pixels
        at = 8 if self.halve else 4
        widths = [w for w, side in zip(hp.widths, (4, 8, 16, 32), strict=True) if side >= at]
        self.stem = nn.Conv2d(48, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList(Block(w) for w in widths)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.narrow = nn.Conv2d(widths[-1], 32, 1)
        self.out = nn.Linear(32 * (height // 32) * (width // 32), 2 * hp.latent)

    def forward(self, x: Tensor, half: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if self.halve:
            x = F.avg_pool2d(x, 2) if half is None else half
        x = F.leaky_relu(self.stem(F.pixel_unshuffle(x * 2 - 1, 4)), 0.1)
        for k, block in enumerate(self.blocks):
            x = block(x)
            if k < len(self.down):
                x = F.leaky_relu(self.down[k](x), 0.1)
        mean, log_variance = self.out(F.leaky_relu(self.narrow(x), 0.1).flatten(1)).chunk(2, 1)
        return mean, log_variance.clamp(-12, 6)


class Head(nn.Module):
    """Enlarges features [B, C, H / 4, W / 4] to pictures [B, channels, H, W], in two steps of 2."""

    def __init__(self, width: int, channels: int = 3):
        super().__init__()
        self.wide = nn.Conv2d(width, 64, 3, padding=1)
        self.last = nn.Conv2d(16, 4 * channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.last(F.leaky_relu(F.pixel_shuffle(self.wide(x), 2), 0.1)), 2)


class Decoder(nn.Module):
    """Turns latents [B, Z] into pictures [B, 3, H, W] in 0..1, or into so many channels.

    Attributes:
        full_size: False renders the half-size picture and enlarges it, because the last level is trained late.
    """

    def __init__(self, height: int, width: int, hp: PictureRecipe, channels: int = 3):
        super().__init__()
        self.grid = (height // 32, width // 32)
        fine, half, quarter, eighth = hp.widths
        self.base = 64
        self.spread = nn.Linear(hp.latent, self.base * self.grid[0] * self.grid[1])
        self.enter = nn.Conv2d(self.base, eighth, 3, padding=1)
        self.blocks = nn.ModuleList(Block(w, hp.latent) for w in (eighth, quarter, half, fine))
        self.up = nn.ModuleList(nn.Conv2d(a, 4 * b, 1) for a, b in ((eighth, quarter), (quarter, half), (half, fine)))
        self.head = Head(fine, channels)
        self.coarse_head = nn.Conv2d(half, 16 * channels, 3, padding=1)
        self.full_size = True

    def body(self, z: Tensor) -> Tensor:
        """Return features at an eighth of the picture's sides, [B, C, H / 8, W / 8]."""
        x: Tensor = F.leaky_relu(self.spread(z), 0.1).view(-1, self.base, *self.grid)
        x = self.blocks[0](F.leaky_relu(self.enter(x), 0.1), z)
        for k in (0, 1):
            x = F.leaky_relu(F.pixel_shuffle(self.up[k](x), 2), 0.1)
            x = self.blocks[k + 1](x, z)
        return x

    def coarse(self, x: Tensor) -> Tensor:
        """Return the picture at half its sides, from the body's features: for training and early dreams."""
        return torch.sigmoid(F.pixel_shuffle(self.coarse_head(x).float(), 4))

    def fine(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the picture in full size, or a part of it, from the same part of the body's features."""
        x = F.leaky_relu(F.pixel_shuffle(self.up[2](x), 2), 0.1)
        return torch.sigmoid(self.head(self.blocks[3](x, z)).float())

    def forward(self, z: Tensor) -> Tensor:
        features = self.body(z)
        if self.full_size:
            return self.fine(features, z)
        return F.interpolate(self.coarse(features), scale_factor=2, mode="bilinear", align_corners=False)


class Autoencoder(nn.Module):
    """Encoder and decoder for pictures of one size."""

    def __init__(self, height: int, width: int, hp: PictureRecipe):
        super().__init__()
        self.encoder = Encoder(height, width, hp)
        self.decoder = Decoder(height, width, hp)

    def loss(
        self,
        pictures: Tensor,
        hp: PictureRecipe,
        fine: bool,
        corner: Sequence[float] | Doubles = (0.0, 0.0),
        perceptual: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the training loss, and the mean squared error at the finest scale, of pictures [B, 3, H, W] in 0..1.

        All of the half-size picture is always compared. With `fine` the last level is rendered and compared too, on
        large pictures in a window of half the sides: the window costs a quarter, and what lies outside it still learns
        from the half-size picture.

        Args:
            pictures: the batch.
            hp: the recipe.
            fine: whether the last level is trained.
            corner: where the window lies, down and across, each from 0 to 1.
            perceptual: a loss of two batches of pictures, or None.
        """
        half = F.avg_pool2d(pictures, 2)
        mean, log_variance = self.encoder(pictures, half)
        mean, log_variance = mean.float(), log_variance.float()
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        features = self.decoder.body(z)
        loss, square = difference(self.decoder.coarse(features), half, hp)
        if fine:
            rows, row_margin = _window(features.shape[2], corner[0])
            columns, column_margin = _window(features.shape[3], corner[1])
            part = self.decoder.fine(features[:, :, rows, columns], z)
            target = pictures[:, :, rows.start * 8 : rows.stop * 8, columns.start * 8 : columns.stop * 8]
            inside = (..., row_margin, column_margin)
            error, square = difference(part[inside], target[inside], hp)
            loss = 0.5 * loss + error
            if perceptual:
                loss = loss + hp.perceptual_weight * perceptual(part[inside].contiguous(), target[inside].contiguous())
            if hp.cycle_weight:  # not earlier: pictures without content yet cannot be encoded
                loss = loss + hp.cycle_weight * self._cycle_loss(mean.detach()[: max(2, len(mean) // 2)])
        if hp.distance_weight:
            loss = loss + hp.distance_weight * _distance_loss(mean, half)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        return loss + hp.kl_weight * kl, square.detach()

    def _cycle_loss(self, latents: Tensor) -> Tensor:
        """Return how badly the encoder recovers latents [B, Z] from what the decoder makes of them; scalar.

        They are first moved towards one another and given noise, so that the encoder sees pictures between and beside
        those of the footage, and not only the footage's own. Only the encoder learns from this.
        """
        with torch.no_grad():
            spread = latents.std(0).clamp(min=0.05)
            towards = 0.4 * torch.rand_like(latents[:, :1]) * (latents.roll(1, 0) - latents)
            wanted = latents + towards + 0.15 * spread * torch.randn_like(latents)
            features = self.decoder.body(wanted)
            rendered = self.decoder.coarse(features) if self.encoder.halve else self.decoder.fine(features, wanted)
        seen = self.encoder(rendered, rendered)[0].float()
        # Not squared: while the decoder is poor this is large, and would dominate the pictures' own error.
        return F.smooth_l1_loss(seen / spread, wanted / spread)


def _distance_loss(latents: Tensor, pictures: Tensor) -> Tensor:
    """Return how badly distances between latents [B, Z] follow those between small pictures [B, 3, H, W]; scalar.

    So neighbouring latents are neighbouring pictures, and a knob leads to places that look as its name says.
    """
    small = F.adaptive_avg_pool2d(pictures, 8).flatten(1)
    apart = [torch.pdist(x) for x in (latents, small)]
    there, here = (x / x.mean().clamp(min=1e-6) for x in apart)
    return F.smooth_l1_loss(there, here.detach())


WINDOW = 20  # features on a side, above which only a window of half of them is rendered


def _window(length: int, corner: float) -> tuple[slice, slice]:
    """Return which features to render, and which pixels to compare: none that padding at the window's edge touched."""
    if length <= WINDOW:
        return slice(0, length), slice(None)
    size = length // 2
    start = round(corner * (length - size))
    return slice(start, start + size), slice(16 if start else None, -16 if start + size < length else None)


def difference(rendered: Tensor, target: Tensor, hp: PictureRecipe) -> tuple[Tensor, Tensor]:
    """Return the weighted sum of absolute, squared and edge error, and the mean squared error."""
    error = rendered - target
    square = error.square().mean()
    across, down = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
    return error.abs().mean() + hp.squared_weight * square + hp.edge_weight * (
        across.abs().mean() + down.abs().mean()
    ), square
