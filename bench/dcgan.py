"""DCGAN as published, the baseline of `--kind gan`: python bench/dcgan.py PICTURES -o OUT.npz [--minutes 20]

Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks", 2016: pictures of 64x64; 100 uniform numbers; convolutions of 5x5 with stride 2 and 1024, 512, 256 and 128
channels; batch normalisation but in the first layer of the discriminator and the last of the generator; ReLU and Tanh,
and LeakyReLU of 0.2; weights from a normal distribution of 0.02; Adam 2e-4 with β1 0.5; batches of 128.

`--width 64 --batch 16` is its popular form for small machines: half the channels (Chintala's code), and small batches,
so that it takes some two thousand steps here where the published one takes seventy. OUT.npz holds `pictures`, uint8
[N, 64, 64, 3], drawn twice, the generator normalising by its running statistics and by those of the batch (`batch`),
since either may be better, and `steps`. bench/gan.py judges them.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from livedream_export import stills, torch_device
from livedream_export.arrays import Rgb
from torch import Tensor, nn

SIDE, NOISE = 64, 100
RATE, BETAS = 2e-4, (0.5, 0.999)
DRAWN = 600  # pictures


def generator(width: int = 128) -> nn.Sequential:
    """Make the generator: noise [B, 100, 1, 1] to pictures [B, 3, 64, 64] in -1..1."""
    channels = [8 * width, 4 * width, 2 * width, width]
    layers: list[nn.Module] = [nn.ConvTranspose2d(NOISE, channels[0], 4, bias=False)]
    layers += [nn.BatchNorm2d(channels[0]), nn.ReLU()]
    for a, b in zip(channels, [*channels[1:], 0], strict=True):
        layers.append(nn.ConvTranspose2d(a, b or 3, 5, 2, 2, output_padding=1, bias=not b))
        layers += [nn.BatchNorm2d(b), nn.ReLU()] if b else [nn.Tanh()]
    return nn.Sequential(*layers).apply(_begin)


def discriminator(width: int = 128) -> nn.Sequential:
    """Make the discriminator: pictures [B, 3, 64, 64] in -1..1 to [B, 1, 1, 1], above 0 for real ones."""
    layers: list[nn.Module] = []
    before = 3
    for channels in (width, 2 * width, 4 * width, 8 * width):
        layers.append(nn.Conv2d(before, channels, 5, 2, 2, bias=before == 3))
        layers += [nn.BatchNorm2d(channels)] if before > 3 else []
        layers.append(nn.LeakyReLU(0.2))
        before = channels
    return nn.Sequential(*layers, nn.Conv2d(before, 1, 4)).apply(_begin)


def _begin(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, 0.02)


def noise(count: int) -> Tensor:
    """Return uniform noise in -1..1, [count, 100, 1, 1]."""
    return torch.rand(count, NOISE, 1, 1) * 2 - 1


def train(pictures: Rgb, seconds: float, width: int, batch: int, seed: int) -> tuple[nn.Sequential, int]:
    """Train on pictures [N, 64, 64, 3] and return the generator, and how many steps were taken."""
    torch.manual_seed(seed)
    device = torch.device("cpu")
    drawing, judging = generator(width), discriminator(width)
    first, second = (torch.optim.Adam(each.parameters(), RATE, BETAS) for each in (judging, drawing))
    real = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    began, steps = time.monotonic(), 0
    while (spent := time.monotonic() - began) < seconds:
        with torch_device.half_precision(device):
            made = drawing(noise(batch))
            chosen = real[torch.randint(0, len(real), (batch,))]
            loss = F.softplus(-judging(chosen).float()).mean() + F.softplus(judging(made.detach()).float()).mean()
            first.zero_grad()
            loss.backward()
            first.step()
            fooled = F.softplus(-judging(made).float()).mean()
            second.zero_grad()
            fooled.backward()
            second.step()
        steps += 1
        if steps % 20 == 1:
            print(f"{spent:.0f} s: step {steps}, discriminator {loss:.3f}, generator {fooled:.3f}", flush=True)
    return drawing, steps


@torch.no_grad()
def drawn(drawing: nn.Sequential, count: int = DRAWN) -> Rgb:
    """Return pictures [count, 64, 64, 3] that the generator draws."""
    found = [drawing(noise(60)) for _ in range(count // 60)]
    return np.asarray(((torch.cat(found) + 1) * 127.5).clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1))


def main() -> None:
    """Train on a folder of pictures, and write what was drawn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--width", type=int, default=128, help="channels of the finest layer")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    learned = stills.read(told.pictures, (SIDE, SIDE)).frames
    drawing, steps = train(learned, told.minutes * 60, told.width, told.batch, told.seed)
    by_batch = drawn(drawing)
    np.savez_compressed(told.out, pictures=drawn(drawing.eval()), batch=by_batch, steps=steps)


if __name__ == "__main__":
    main()
