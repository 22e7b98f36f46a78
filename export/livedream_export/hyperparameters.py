"""Every number of the training recipe, in one place. A checkpoint keeps those it was trained with."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Hyperparameters:
    """The recipe. Times are shares, 0 to 1, of what a network or stage is trained for; weights are those of a loss."""

    # Autoencoder. Widths are channels at 1/4, 1/8, 1/16 and 1/32 of the picture's sides.
    latent: int = 64
    widths: tuple[int, int, int, int] = (32, 48, 96, 160)
    remembers: bool = True  # renders with memories: frames of the footage kept in the dream file
    max_memories: int = 0  # 0: as many as fit
    megabytes: float = 0.0  # size of the dream file; 0: chosen by the size of its pictures
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

    # Correction of memories, trained once the encoder is frozen.
    remember_from: float = 0.6  # time of the autoencoder at which this stage begins
    remember_batch: int = 8
    remember_learning_rate: float = 1.5e-3
    remember_perceptual_from: float = 0.4  # time of this stage
    pull: float = 0.5  # share of the distance to its place by which a latent is moved, each step

    # Recurrent network.
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

    # Shares of `--minutes`; what remains is reading, pictures and export.
    autoencoder_share: float = 0.78
    recurrent_share: float = 0.14


TIERS = {"live": (32, 48, 96, 160), "large": (48, 96, 160, 224)}  # widths: for two processor cores, for a graphics card


def chosen(tier: str = "live", memories: int | None = None, megabytes: float = 0.0) -> Hyperparameters:
    """Return the recipe for a tier.

    Args:
        tier: a key of TIERS.
        memories: the most memories it may have; 0 for none, None for as many as fit into `megabytes`.
        megabytes: size of the dream file; 0 chooses it by the size of its pictures.
    """
    recipe = replace(Hyperparameters(), widths=TIERS[tier], megabytes=megabytes)
    return replace(recipe, remembers=memories != 0, max_memories=memories or 0)
