"""What goes into a dream file, whatever its kind, and the way there: proof, provenance, one write."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

import livedream
from livedream.dream import write

from . import proof
from .arrays import Rgb
from .preview import shrunk
from .renderer import Renderer

Network = TypeVar("Network", bound=nn.Module)

THUMBNAIL = 160  # pixels wide, about


@dataclass(frozen=True)
class DreamParts:
    """What a kind puts into its dream file.

    Attributes:
        components: modules by component name, on the CPU, with weights rounded as `rounded` does.
        start: all that they take before the first step, by input name: "noise" and "uniform" in their shapes.
        metadata: the kind's own entries: latents, and layers, controls, directions, scenes and hop where it has them.
        memories: JPEG files.
    """

    components: Mapping[str, proof.Component]
    start: Mapping[str, Tensor]
    metadata: Mapping[str, Any]
    memories: Sequence[bytes] = ()

    @property
    def renderer(self) -> Renderer:
        """What renders latents of a dream that draws one picture at a time."""
        return Renderer(self.components, self.memories)


@torch.no_grad()
def export(parts: DreamParts, path: Path, kind: str, fps: float, title: str, provenance: Mapping[str, Any]) -> None:
    """Write the dream file at `path`, completely or not at all.

    Args:
        parts: what goes into it.
        path: of the file.
        kind: its name.
        fps: steps a second.
        title: shown to the user.
        provenance: where the dream comes from; a few entries are added.

    Raises:
        UserError: the proof fails, or the file cannot be written.
    """
    latents = parts.metadata["latents"]
    memory = parts.renderer.memory if parts.memories else None
    built = proof.build(parts.components, parts.start, proof.units(latents), memory)
    metadata = {
        "contract": 1,
        "title": title,
        "kind": kind,
        "fps": fps,
        **parts.metadata,
        "provenance": {
            "trained_by": f"livedream {livedream.__version__}, torch {torch.__version__}",
            "trained_on": datetime.date.today().isoformat(),
            **provenance,
        },
    }
    write.write(path, built, metadata, list(parts.memories), halve=True)


def rounded(network: Network) -> Network:
    """Round weights as they are in the file, to half precision."""
    for weight in network.parameters():
        weight.data = weight.data.half().float()
    return network


def thumbnail(picture: Rgb) -> Rgb:
    """Return a picture [H, W, 3] as small as a scene's thumbnail."""
    return shrunk(picture, max(1, round(picture.shape[1] / THUMBNAIL)))
