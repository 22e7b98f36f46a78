"""Every number of the recipe, in one place. Change them here; a checkpoint remembers the ones it was trained with."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Hyperparameters:
    # Autoencoder. Widths are channels at 1/4, 1/8, 1/16 and 1/32 of the picture's sides.
    latent: int = 64
    widths: tuple[int, int, int, int] = (32, 48, 96, 160)
    remembers: bool = True  # draws with memories of the footage
    most_memories: int = 0  # 0: as many as fit into
    megabytes: float = 0.0  # of the dream file; 0: by the size of its pictures
    encoder_pixels: int = 256 * 256  # larger pictures are encoded at half their sides
    batch: int = 8
    rate: float = 1.0e-3
    warmup_steps: int = 100
    average: float = 0.998  # of the weights, exponentially; the average is what is exported
    edges: float = 0.5  # weight of the picture's gradients in the loss
    squares: float = 1.0  # weight of the squared error beside the absolute one
    divergence: float = 2.0e-5  # weight of the KL divergence, in nats a picture
    recognition: float = 0.05  # weight of the encoder's error on pictures that the decoder made
    coarse: float = 0.45  # of the autoencoder's time before it draws whole pictures; with memories it never does
    perceptual: float = 0.3  # weight of the error that a trained network sees, in the last part of that time:
    perceptual_from: float = 0.62
    nearness: float = 0.05  # weight of how badly distances of latents follow those of pictures

    # Remembering, once the encoder stands still.
    remember_from: float = 0.6  # of the pictures' time
    remember_batch: int = 8
    remember_rate: float = 1.5e-3
    remember_perceptual_from: float = 0.4  # of its time
    pull: float = 0.5  # how much of the way a latent is drawn to its place, each step

    # Recurrent network.
    state: int = 384
    mixtures: int = 8
    sequence: int = 48  # steps a training window holds
    windows: int = 48  # windows in a batch
    recurrent_rate: float = 2.0e-3
    input_noise: float = 0.5  # largest standard deviation of noise added to its inputs, in paces
    own_steps: int = 4  # steps it walks on its own output in training, at the end of each window
    farthest: float = 4.0  # it may stray from the truth meanwhile, in paces
    least_deviation: float = 0.02  # of a component, in paces; and the most: without a bound, the network learns to
    most_deviation: float = 1.0  # excuse where it strays to by ever larger ones, which make it stray farther

    anchors: int = 4096  # latents of the footage, at most, that a dream is drawn back to
    anchor_pull: float = 0.2  # how much of the way, each step
    anchor_width: float = 0.87  # how far around they are looked for, in the footage's own steps

    # What `--minutes` is spent on, in shares; the rest is reading, pictures and export.
    autoencoder_share: float = 0.78
    recurrent_share: float = 0.14


TIERS = {"live": (32, 48, 96, 160), "large": (48, 96, 160, 224)}  # widths: for two processor cores, for a graphics card


def chosen(tier: str = "live", memories: int | None = None, megabytes: float = 0.0) -> Hyperparameters:
    """The recipe for a tier; memories: at most so many, 0 none, None as many as fit into `megabytes`."""
    recipe = replace(Hyperparameters(), widths=TIERS[tier], megabytes=megabytes)
    return replace(recipe, remembers=memories != 0, most_memories=memories or 0)
