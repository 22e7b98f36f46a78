"""Where a dream starts: the latent and the states of a scene, or the mean of the latents."""

from collections.abc import Mapping

import numpy as np

from livedream.dream.dream import Component, Dream
from livedream.play import Floats


def scene_latent(dream: Dream, number: int) -> Floats:
    """Return a scene's latent, f32 [Z]."""
    owner, tensors = "step" if "step" in dream.components else "decode", dream.scenes[number].tensors
    latents = [np.ravel(tensors[f"{owner}/{name}"]) for name in dream.latents]
    return np.concatenate(latents).astype(np.float32, copy=False)


def first_state(component: Component, tensors: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return a component's state as a scene's tensors have it, zero where they do not."""
    return {
        name: tensors.get(value.full, np.zeros(value.shape, np.float32))
        for name, value in component.inputs.items()
        if name.startswith("state.")
    }
