"""Every number of the training of a video GAN, as published."""

from dataclasses import dataclass

SIDE = 64  # pixels of a picture, across and down
LENGTH = 32  # frames of a clip
ITERATIONS = 65_000  # of the generator that the authors gave out


@dataclass(frozen=True)
class Recipe:
    """The recipe. All of it is published but `processor_batch`, and `statistics` and `hop`, which no training sees."""

    noise: int = 100
    width: int = 64  # channels of the layer next to the pictures; further in there are 2, 4 and 8 times as many
    batch: int = 64  # clips
    processor_batch: int = 16  # the same on a processor, which would take half a minute for 64
    learning_rate: float = 2e-4
    momentum: float = 0.5  # the first of Adam's
    mask_weight: float = 0.1  # L1 of the mask, its mean
    initial: float = 0.01  # standard deviation of weights at first
    initial_scale: float = 0.02  # likewise of the scales of batch normalisation, around 1
    statistics: int = 64  # clips by which batch normalisation is measured anew for the dream file
    hop: int = 24  # frames of a clip that are played before the next one begins; the last are crossfaded
