"""The motion model that kinds share: a recurrent network over latents, and its training."""
