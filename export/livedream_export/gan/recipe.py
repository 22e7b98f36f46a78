"""The numbers of the gan kind's training."""

from dataclasses import dataclass

from ..image_model.recipe import PictureRecipe


@dataclass(frozen=True)
class Recipe(PictureRecipe):
    """The recipe. Shares are of the training time, 0 to 1; weights are those of a loss."""

    pictures_share: float = 0.42  # the autoencoder
    full_size_from: float = 2.0  # never: memories bring the detail
    most_memories: int = 2000
    prior_share: float = 0.04  # the flow

    # The prior: a flow over the whitened latents.
    couplings: int = 8
    hidden: int = 192  # units of a layer
    prior_batch: int = 128
    prior_rate: float = 1.0e-3
    prior_noise: float = 0.25  # standard deviations by which latents are moved, so that they are no separate points

    # The polish: collage and critic; autoencoder and prior are frozen.
    critic_widths: tuple[int, int, int] = (48, 96, 128)  # channels at 1/4, 1/8 and 1/16 of the sides
    polish_batch: int = 8
    collage_rate: float = 4.0e-4
    critic_rate: float = 4.0e-4
    adversarial_share: float = 0.5  # of the error's gradient in the last layer, that the critic's is
    penalty: float = 20.0  # how steep the critic may be, R1 and R2
    critic_eyes: bool = True  # the critic looks at features of the pretrained network, too
