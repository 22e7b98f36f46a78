"""The trained networks as parts of a dream file: components, scenes that are drawn, and knobs."""

import copy

import numpy as np
import torch
from torch import Tensor

from livedream.dream import write

from .. import knobs, latent_walk, scenes
from ..arrays import Floats, Indices
from ..cache import Footage
from ..dream_file import DreamParts, rounded
from ..image_model.networks import Autoencoder
from ..kept_pictures import jpeg
from ..renderer import Renderer
from .components import RECALL, Axes, Decode, Encode, Recall
from .learner import GanLearner
from .networks import Flow

DRAWN = 192  # pictures that scenes are chosen from
INERTIA = 0.985  # of the walk: faster, and memories would come and go in less than half a second
LIKED = 0.5  # share of them that look most real to the critic
SAMPLED = 2048  # draws whose features the knobs are found in
UNIT = 0.3  # length of a knob's unit, root mean square, in standard deviations of the latents


def parts(learner: GanLearner, footage: Footage) -> DreamParts:
    """Return what goes into the dream file; before there is a prior, latents are drawn from a normal distribution."""
    autoencoder = rounded(copy.deepcopy(learner.image.average).cpu().float().eval())
    flow, axes = rounded(copy.deepcopy(learner.prior).cpu()).eval(), copy.deepcopy(learner.axes).cpu()
    collage = rounded(copy.deepcopy(learner.average_collage).cpu()).eval()
    frames = footage.frames
    latents = learner.latents(frames[learner.kept])
    if not learner.prior_steps:
        axes.measure(latents)
    modules = {
        "step": latent_walk.SmoothWalk(INERTIA),
        "recall": Recall(axes, flow, torch.from_numpy(latents)),
        "decode": Decode(autoencoder, axes, flow, collage),
        "encode": Encode(autoencoder, axes, flow),
    }
    pictures = [jpeg(frames[k], learner.quality) for k in learner.kept]
    renderer = Renderer(modules, pictures)
    count, chance = learner.recipe.latent, np.random.default_rng(0)
    drawn = chance.standard_normal((DRAWN, count)).astype(np.float32)
    liked = _liked(learner, renderer, drawn)
    where = axes.latent(flow(torch.from_numpy(drawn[liked]))).detach().numpy()
    chosen = scenes.choose(where, np.arange(len(liked)), 0)
    height, width = frames.shape[1:3]
    first = torch.from_numpy(drawn[liked[chosen[0]]][None])
    image = torch.full((1, height, width, 4), 255, dtype=torch.uint8)
    start = {"latent": first, "image": image, "control.recall": torch.ones(1), **latent_walk.start(first)}

    def latent(k: int) -> Floats:
        found: Floats = drawn[liked[k]][None]
        return found

    def name(k: int) -> str:
        near = int(np.square(latents - where[k]).sum(1).argmin())
        return f"like {scenes.name(footage, int(learner.kept[near]))}"

    def tensors(k: int) -> dict[str, Floats]:
        return {"step/latent": latent(k)}

    described = scenes.describe(chosen, name, tensors, lambda k: renderer.render(latent(k))[0, ..., :3])
    at = np.concatenate([latent(k) for k in chosen[:: max(1, len(chosen) // 4)][:4]])
    found = knobs.strongest(renderer.render, _directions(autoencoder, axes, flow, count), at)
    metadata = {
        "latents": {"latent": write.latent(np.zeros(count), np.ones(count)), "interpolation": "slerp"},
        "controls": [latent_walk.TEMPERATURE, RECALL],
        "directions": found,
        "scenes": described,
    }
    return DreamParts(modules, start, metadata, pictures)


@torch.no_grad()
def _liked(learner: GanLearner, renderer: Renderer, drawn: Floats) -> Indices:
    """Return the numbers of those drawn that look most real to the critic, int [N]; all before it has learned."""
    if not learner.polish_steps:
        return np.arange(len(drawn))
    said = []
    for some in np.array_split(drawn, len(drawn) // 16):
        pictures = torch.from_numpy(renderer.render(some)[..., :3]).permute(0, 3, 1, 2).float() / 255
        heads = learner.said(pictures.to(learner.device))
        said.append(torch.stack([head.mean(1) for head in heads]).mean(0).cpu())
    return np.sort(np.argsort(-torch.cat(said).numpy())[: round(LIKED * len(drawn))])


@torch.no_grad()
def _directions(autoencoder: Autoencoder, axes: Axes, flow: Flow, count: int) -> Floats:
    """Return directions in the latents, f32 [K, Z]: principal components of the decoder's features, led back.

    Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls", NeurIPS 2020: principal components of an early
    layer over many draws, each led back to the latents by regression.
    """
    normal = torch.randn(SAMPLED, count, generator=torch.Generator().manual_seed(2))
    features = torch.cat([_features(autoencoder, axes.latent(flow(each))) for each in torch.split(normal, 256)])
    features = features - features.mean(0)
    _, _, principal = torch.pca_lowrank(features, 2 * knobs.KNOBS, center=False)
    places = features @ principal
    solved = torch.linalg.lstsq(places / places.std(0), normal).solution  # the latent's mean change along each
    solved = solved / solved.square().mean(1, keepdim=True).sqrt() * UNIT
    return np.asarray(solved)


def _features(autoencoder: Autoencoder, latents: Tensor) -> Tensor:
    """Return features of an early layer, pooled to a small grid, [B, F]."""
    decoder = autoencoder.decoder
    return torch.nn.functional.adaptive_avg_pool2d(decoder.body(latents), 4).flatten(1)
