"""The autoencoder of a vae-rnn dream: the image model, and with memories the network that corrects them."""

from ..image_model import networks
from .recipe import Recipe
from .remembering import Remembering


class Autoencoder(networks.Autoencoder):
    """Encoder and decoder for pictures of one size, and with memories the network that corrects them."""

    remembering: Remembering

    def __init__(self, height: int, width: int, hp: Recipe):
        super().__init__(height, width, hp)
        if hp.remembers:
            self.remembering = Remembering(height, width, hp)
