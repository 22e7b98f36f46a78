"""Imported by the process that test_every_kind.py forks: what a first export takes two seconds for is done once."""

import torch
from livedream_export import dream_run, latent_walk, proof  # noqa: F401 - dream_run imports what every training needs

torch.set_num_threads(1)  # threads do not survive a fork
proof.export_component(latent_walk.SmoothWalk(), [torch.zeros(1, 2), *latent_walk.start(torch.zeros(1, 2)).values()])
