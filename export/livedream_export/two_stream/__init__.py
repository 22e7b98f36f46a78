"""The kind two-stream: figures and their ground drawn apart, each with its own latent, joined by a mask."""
