"""Every number of the training of a two-stream dream."""

from dataclasses import dataclass

from ..image_model.recipe import PictureRecipe
from ..motion_model.recipe import MotionRecipe


@dataclass(frozen=True)
class Recipe(PictureRecipe, MotionRecipe):
    """The recipe. Times are shares, 0 to 1, of what a network is trained for; weights are those of a loss."""

    latent: int = 72  # of figures and ground together
    ground: int = 8  # of these, how many are the ground's
    ground_widths: tuple[int, int, int, int] = (16, 24, 32, 48)
    mask_weight: float = 0.3  # cross entropy of the mask and the footage's own motion
    free_from: float = 0.5  # time from which the mask is freed from it
    freed_weight: float = 0.05
    inside_weight: float = 4.0  # error where the footage moves, over the error elsewhere
    ground_weight: float = 0.5  # error of the ground where nothing moves
    full_size_from: float = 0.35  # earlier than a picture's that has no ground to begin with
    perceptual_from: float = 0.55
    pictures_share: float = 0.8  # of the time for training; the rest is for motion
    early_seconds: float = 20.0  # of motion before an early dream
