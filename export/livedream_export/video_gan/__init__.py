"""The kind video-gan: short clips by the generator and the discriminator of 2016, and one endless stream of them.

Vondrick, Pirsiavash and Torralba, "Generating Videos with Scene Dynamics", NeurIPS 2016 (arXiv 1609.02612), as it was
published: every layer, loss and number of it.
"""
