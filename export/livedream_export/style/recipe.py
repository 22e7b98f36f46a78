"""Every number of the recipe by which styles are trained. A checkpoint keeps those it was trained with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Sizes of the network, and how it is trained; weights are those of the loss."""

    width: int = 32  # channels at a quarter of the picture's sides
    deep: int = 64  # channels at an eighth
    deepest: int = 96  # channels at a sixteenth
    blocks: int = 4  # residual blocks at a sixteenth
    fine: int = 16  # channels at half

    batch: int = 2  # pictures a step, each in a style of its own
    crop: int = 192  # pixels a side of what is painted in training
    painting: int = 400  # pixels to which the shorter side of a painting is brought: strokes are as wide as there
    learning_rate: float = 4.0e-3
    warmup_steps: int = 50
    falls_from: float = 0.5  # time from which the learning rate falls to a twentieth
    ema_decay: float = 0.998  # exponential moving average of the weights, which is what is exported
    vgg_from: float = 0.4  # time from which VGG16 looks on too, where it is installed

    style: float = 1.0  # relative error of the Gram matrices
    colour: float = 0.3  # error of the mean and covariance of colours
    content: float = 0.55  # features that do not follow the picture's
    lattice: float = 0.5  # what repeats every few pixels
    steady: float = 2.0  # difference between two neighbouring frames, painted, where they are the same
    noise: float = 0.02  # standard deviation of the noise on one of them
