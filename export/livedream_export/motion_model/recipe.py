"""The numbers of the motion model and its training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MotionRecipe:
    """The recipe. Lengths are in steps of the footage where nothing else is said."""

    latent: int = 64
    state: int = 384
    mixtures: int = 8
    sequence: int = 48  # steps in a training window
    windows: int = 48  # windows in a batch
    recurrent_learning_rate: float = 2.0e-3
    input_noise: float = 0.5  # largest standard deviation of the noise on its inputs, in steps of the footage
    rollout_steps: int = 4  # steps on its own output at the end of each training window
    max_drift: float = 4.0  # largest distance from the truth during these, in steps of the footage
    min_std: float = 0.02  # smallest standard deviation of a mixture component, in steps of the footage
    max_std: float = 1.0  # largest one; without a limit the network explains its drift by ever larger ones

    anchors: int = 4096  # most latents of the footage that mean shift moves a dream towards
    anchor_pull: float = 0.2  # share of the distance, each step
    anchor_width: float = 0.87  # width of its kernel, in steps of the footage
