"""Every number of the training of a sketch dream."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The recipe, after Ha and Eck 2017; what differs from theirs is said beside it.

    Times are shares, 0 to 1, of what the network is trained for.
    """

    latent: int = 64  # theirs: 128
    encoder: int = 128  # theirs: 256, each way
    state: int = 256  # theirs: 512
    mixtures: int = 12  # theirs: 20
    batch: int = 32  # theirs: 100
    learning_rate: float = 2.0e-3  # theirs: 0.001, decaying to 0.00001
    kl_weight: float = 0.02  # theirs: 0.5
    kl_from: float = 0.01  # share of it at first
    kl_least: float = 0.0  # nats of a latent below which it costs nothing; theirs: 0.2 nats in all
    keep: float = 0.95  # of the recurrent network's states, in training; theirs: of its changes
    drift: float = 0.05  # standard deviation of the places it is told, at most, in page units; theirs: none
    scale: float = 0.08  # largest change of a drawing's sides; theirs: 0.15
    turn: float = 0.04  # radians by which a drawing is turned at most; theirs: none
    longest: int = 160  # points of a drawing at most
    held_out: float = 0.04  # share of the drawings that are not learned
