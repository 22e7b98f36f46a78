"""Every number of the training recipe, in one place. A checkpoint keeps those it was trained with."""

from dataclasses import dataclass, replace

from ..image_model.recipe import PictureRecipe
from ..motion_model.recipe import MotionRecipe


@dataclass(frozen=True)
class Recipe(PictureRecipe, MotionRecipe):
    """The recipe. Times are shares, 0 to 1, of what a network or stage is trained for; weights are those of a loss."""

    # With memories, pictures are never rendered in full size.
    remembers: bool = True  # renders with memories: frames of the footage kept in the dream file
    max_memories: int = 0  # 0: as many as fit
    megabytes: float = 0.0  # size of the dream file; 0: chosen by the size of its pictures

    # Correction of memories, trained once the encoder is frozen.
    remember_from: float = 0.6  # time of the autoencoder at which this stage begins
    remember_batch: int = 8
    remember_learning_rate: float = 1.5e-3
    remember_perceptual_from: float = 0.4  # time of this stage
    pull: float = 0.5  # share of the distance to its place by which a latent is moved, each step

    # Shares of `--minutes`; what remains is reading, pictures and export.
    autoencoder_share: float = 0.78
    recurrent_share: float = 0.14


TIERS = {"live": (32, 48, 96, 160), "large": (48, 96, 160, 224)}  # widths: for two processor cores, for a graphics card


def chosen(tier: str = "live", memories: int | None = None, megabytes: float = 0.0) -> Recipe:
    """Return the recipe for a tier.

    Args:
        tier: a key of TIERS.
        memories: the most memories it may have; 0 for none, None for as many as fit into `megabytes`.
        megabytes: size of the dream file; 0 chooses it by the size of its pictures.
    """
    recipe = replace(Recipe(), widths=TIERS[tier], megabytes=megabytes)
    return replace(recipe, remembers=memories != 0, max_memories=memories or 0)
