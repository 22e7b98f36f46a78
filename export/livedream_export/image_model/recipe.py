"""The numbers of the image model and its training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureRecipe:
    """The recipe. Times are shares, 0 to 1, of what the network is trained for; weights are those of a loss."""

    # Widths are channels at 1/4, 1/8, 1/16 and 1/32 of the picture's sides.
    latent: int = 64
    widths: tuple[int, int, int, int] = (32, 48, 96, 160)
    encoder_pixels: int = 256 * 256  # larger pictures are encoded at half their sides
    batch: int = 8
    learning_rate: float = 1.0e-3
    warmup_steps: int = 100
    ema_decay: float = 0.998  # exponential moving average of the weights, which is what is exported
    edge_weight: float = 0.5  # error of the picture's gradients
    squared_weight: float = 1.0  # squared error, beside the absolute one
    kl_weight: float = 2.0e-5  # KL divergence, in nats a picture
    cycle_weight: float = 0.05  # the encoder's error on pictures that the decoder made
    full_size_from: float = 0.45  # time at which pictures are rendered in full size; with memories they never are
    perceptual_weight: float = 0.3  # error in the features of a pretrained network
    perceptual_from: float = 0.62  # time at which that error comes in
    distance_weight: float = 0.05  # how badly distances between latents follow those between pictures
