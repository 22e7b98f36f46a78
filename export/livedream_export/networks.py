"""The two networks of a vae-rnn dream, whole; what corrects memories stands in remembering.py.

Autoencoder (Kingma and Welling 2014): pictures to a Gaussian latent and back. The decoder is built for live play on
a CPU: convolutions end at a quarter of the sides, two PixelShuffles of 2 (Shi et al. 2016) make the pixels, and the
latent scales and shifts every block (FiLM, Perez et al. 2018), so that few channels go far. One PixelShuffle of 4
would leave a lattice of four pixels.

Recurrent network (Graves 2013; Ha and Schmidhuber 2018): a GRU that predicts a mixture of Gaussians for the next
latent, as a change from the present one.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .hyperparameters import Hyperparameters


class Block(nn.Module):
    """Residual block, [B, C, H, W] to the same; in the decoder the latent scales and shifts its middle."""

    def __init__(self, width: int, latent: int = 0):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(latent, 2 * width) if latent else None
        nn.init.zeros_(self.second.bias)
        self.second.weight.data.mul_(0.3)
        if self.film:
            self.film.weight.data.mul_(0.5)
            nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        h = self.first(x)
        if self.film is not None:
            scale, shift = self.film(z)[..., None, None].chunk(2, 1)
            h = h * (1 + scale) + shift
        return F.leaky_relu(x + self.second(F.leaky_relu(h, 0.1)), 0.1)


class Encoder(nn.Module):
    """Pictures [B, 3, H, W] in 0..1 to (mean, log variance), each [B, Z]."""

    def __init__(self, height: int, width: int, hp: Hyperparameters):
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
    """Features [B, C, H / 4, W / 4] to [B, 3, H, W], in two steps of 2."""

    def __init__(self, width: int):
        super().__init__()
        self.wide = nn.Conv2d(width, 64, 3, padding=1)
        self.last = nn.Conv2d(16, 12, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.last(F.leaky_relu(F.pixel_shuffle(self.wide(x), 2), 0.1)), 2)


class Decoder(nn.Module):
    """Latents [B, Z] to pictures [B, 3, H, W] in 0..1."""

    def __init__(self, height: int, width: int, hp: Hyperparameters):
        super().__init__()
        self.grid = (height // 32, width // 32)
        fine, half, quarter, eighth = hp.widths
        self.base = 64
        self.spread = nn.Linear(hp.latent, self.base * self.grid[0] * self.grid[1])
        self.enter = nn.Conv2d(self.base, eighth, 3, padding=1)
        self.blocks = nn.ModuleList(Block(w, hp.latent) for w in (eighth, quarter, half, fine))
        self.up = nn.ModuleList(nn.Conv2d(a, 4 * b, 1) for a, b in ((eighth, quarter), (quarter, half), (half, fine)))
        self.head = Head(fine)
        self.coarse_head = nn.Conv2d(half, 48, 3, padding=1)
        self.whole = True  # else forward draws the half-size picture, enlarged: the last level learns later

    def body(self, z: Tensor) -> Tensor:
        """Features at an eighth of the picture's sides."""
        x = F.leaky_relu(self.spread(z), 0.1).view(-1, self.base, *self.grid)
        x = self.blocks[0](F.leaky_relu(self.enter(x), 0.1), z)
        for k in (0, 1):
            x = F.leaky_relu(F.pixel_shuffle(self.up[k](x), 2), 0.1)
            x = self.blocks[k + 1](x, z)
        return x

    def coarse(self, x: Tensor) -> Tensor:
        """The picture at half its sides, from the body's features: for training and early dreams."""
        return torch.sigmoid(F.pixel_shuffle(self.coarse_head(x).float(), 4))

    def fine(self, x: Tensor, z: Tensor) -> Tensor:
        """The whole picture, or a part of it, from the same part of the body's features."""
        x = F.leaky_relu(F.pixel_shuffle(self.up[2](x), 2), 0.1)
        return torch.sigmoid(self.head(self.blocks[3](x, z)).float())

    def forward(self, z: Tensor) -> Tensor:
        features = self.body(z)
        if self.whole:
            return self.fine(features, z)
        return F.interpolate(self.coarse(features), scale_factor=2, mode="bilinear", align_corners=False)


class Autoencoder(nn.Module):
    def __init__(self, height: int, width: int, hp: Hyperparameters):
        super().__init__()
        self.encoder = Encoder(height, width, hp)
        self.decoder = Decoder(height, width, hp)
        if hp.remembers:
            from .remembering import Remembering

            self.remembering = Remembering(height, width, hp)

    def loss(
        self, pictures: Tensor, hp: Hyperparameters, fine: bool, corner=(0.0, 0.0), perceptual=None
    ) -> tuple[Tensor, Tensor]:
        """Training loss, and the mean squared error at the finest scale drawn, of pictures [B, 3, H, W] in 0..1.

        The half-size picture is always compared whole. With `fine`, the last level is drawn and compared too, on large
        pictures in a window of half the sides, whose corner lies at these shares of its room: the window costs a
        quarter, and what lies outside it is still taught by the half-size picture.
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
                loss = loss + hp.perceptual * perceptual(part[inside].contiguous(), target[inside].contiguous())
            if hp.recognition:  # not before: of pictures that say nothing yet, no latent can be known
                loss = loss + hp.recognition * self._recognition(mean.detach()[: max(2, len(mean) // 2)])
        if hp.nearness:
            loss = loss + hp.nearness * _nearness(mean, half)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        return loss + hp.divergence * divergence, square.detach()

    def _recognition(self, latents: Tensor) -> Tensor:
        """How badly the encoder knows latents [B, Z] again from what the decoder makes of them; scalar.

        They are moved towards one another and jolted first, so the encoder sees pictures between and beside those of
        the footage, as many as it likes, and not only the footage's own. Only the encoder learns from this.
        """
        with torch.no_grad():
            spread = latents.std(0).clamp(min=0.05)
            towards = 0.4 * torch.rand_like(latents[:, :1]) * (latents.roll(1, 0) - latents)
            wanted = latents + towards + 0.15 * spread * torch.randn_like(latents)
            features = self.decoder.body(wanted)
            drawn = self.decoder.coarse(features) if self.encoder.halve else self.decoder.fine(features, wanted)
        seen = self.encoder(drawn, drawn)[0].float()
        # Not squared: while the decoder is poor this is large, and would drown the pictures' own error.
        return F.smooth_l1_loss(seen / spread, wanted / spread)


def _nearness(latents: Tensor, pictures: Tensor) -> Tensor:
    """How badly distances of latents [B, Z] follow those of the pictures [B, 3, H, W] as seen from afar; scalar.

    So what is near as a latent is near as a picture, and a knob leads to places that look as it says.
    """
    small = F.adaptive_avg_pool2d(pictures, 8).flatten(1)
    apart = [torch.pdist(x) for x in (latents, small)]
    there, here = (x / x.mean().clamp(min=1e-6) for x in apart)
    return F.smooth_l1_loss(there, here.detach())


WINDOW = 20  # features on a side, above which only a window of half of them is drawn


def _window(length: int, corner: float) -> tuple[slice, slice]:
    """Which features to draw, and which of the pixels to compare: none that the cut's padding has touched."""
    if length <= WINDOW:
        return slice(0, length), slice(None)
    size = length // 2
    start = round(corner * (length - size))
    return slice(start, start + size), slice(16 if start else None, -16 if start + size < length else None)


def difference(drawn: Tensor, target: Tensor, hp: Hyperparameters) -> tuple[Tensor, Tensor]:
    """Absolute, squared and edge error, weighed together, and the mean squared error."""
    error = drawn - target
    square = error.square().mean()
    across, down = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
    return error.abs().mean() + hp.squares * square + hp.edges * (across.abs().mean() + down.abs().mean()), square


class Recurrent(nn.Module):
    """Latents to a distribution over the next latent.

    Works on whitened latents x = (z - mean) / deviation, and predicts the step in units of `pace`, the footage's own
    root mean square step, so that one recipe fits slow and fast footage.
    """

    def __init__(self, hp: Hyperparameters):
        super().__init__()
        self.latent, self.mixtures = hp.latent, hp.mixtures
        self.least, self.most = hp.least_deviation, hp.most_deviation
        self.cell = nn.GRUCell(hp.latent, hp.state)
        self.hidden = nn.Linear(hp.state, hp.state)
        self.out = nn.Linear(hp.state, hp.mixtures * (1 + 2 * hp.latent))
        self.register_buffer("mean", torch.zeros(hp.latent))
        self.register_buffer("deviation", torch.ones(hp.latent))
        self.register_buffer("pace", torch.ones(hp.latent))
        self.most_anchors, self.anchor_pull, self.anchor_width = hp.anchors, hp.anchor_pull, hp.anchor_width
        # Latents of the footage; not in a checkpoint, for `recurrent.measure` sets them anew.
        self.register_buffer("anchors", torch.zeros(1, hp.latent), persistent=False)
        nn.init.zeros_(self.out.bias)
        self.out.weight.data.mul_(0.1)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x [B, Z] whitened, state [B, S] to (next state, logits [B, K], means [B, K, Z], deviations [B, K, Z])."""
        state = self.cell(x, state)
        return state, *self.predict(state)

    def predict(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """State [B, S] to the distribution of the next step: logits, means and deviations, as in forward."""
        out = self.out(F.leaky_relu(self.hidden(state), 0.1)).float()
        of_all = self.mixtures * self.latent
        logits, means, spread = out.split([self.mixtures, of_all, of_all], dim=1)
        deviations = F.softplus(spread.view(-1, self.mixtures, self.latent) - 1.0)
        deviations = deviations * self.most / (deviations + self.most) + self.least
        return logits, means.view(-1, self.mixtures, self.latent), deviations

    def negative_log_likelihood(self, x: Tensor, following: Tensor, predicted) -> Tensor:
        """Mean of the following latents [B, Z] given x [B, Z] and predict's answer, nats a latent dimension."""
        logits, means, deviations = predicted
        step = ((following - x) / self.pace)[:, None]
        log_density = -0.5 * ((step - means) / deviations).square() - deviations.log() - 0.5 * math.log(2 * math.pi)
        mixed = torch.logsumexp(F.log_softmax(logits, 1) + log_density.sum(2), 1)
        return -mixed.mean() / self.latent

    def sample(self, x: Tensor, predicted, temperature: Tensor, noise: Tensor, uniform: Tensor) -> Tensor:
        """The next whitened latent [B, Z]. noise [B, Z] is normal, uniform [B, 1] in (0, 1), temperature scalar or [1].

        Temperature sharpens the choice of a component and narrows the components; at 0 the likeliest mean is taken.
        Written without ArgMax or Gather, so that every ONNX provider runs it.
        """
        logits, means, deviations = predicted
        chance = torch.softmax(logits / temperature.clamp(min=0.02), 1)
        below = chance @ torch.triu(torch.ones(self.mixtures, self.mixtures), 1).to(chance)
        pick = ((uniform > below) & (uniform <= below + chance)).to(chance)
        none = (pick.sum(1, keepdim=True) < 0.5).to(chance)  # uniform fell into a gap left by rounding
        pick = pick + none * chance
        mean = (pick[..., None] * means).sum(1)
        deviation = (pick[..., None] * deviations).sum(1)
        return x + self.pace * (mean + temperature * deviation * noise)

    def homeward(self, x: Tensor) -> Tensor:
        """Whitened latents [B, Z], drawn part of the way to the footage's latents around them.

        One step of mean shift (Fukunaga and Hostetler 1975) over the anchors, `anchor_width` steps of the footage wide:
        what strays sideways comes back, so that no dream dissolves, while a step along the way the footage went is
        hardly held. The squares of x itself cancel in the softmax and are left out.
        """
        variance = self.anchor_width**2 * self.pace.square().sum()
        nearness = (x @ self.anchors.T - 0.5 * self.anchors.square().sum(1)) / variance
        return x + self.anchor_pull * (torch.softmax(nearness, 1) @ self.anchors - x)
