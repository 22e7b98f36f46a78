"""The image model that kinds share: an autoencoder whose decoder is built for live play, and its training."""
