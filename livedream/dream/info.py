"""Describe a dream file, in words and by a contact sheet of its scenes."""

import functools
import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livedream import UserError
from livedream.dream.dream import Component, Dream, Scene, Value
from livedream.dream.messages import brief
from livedream.picture import Pixels, alpha
from livedream.system.atomic import atomic_write

BACKGROUND = (12, 12, 14)
GAP = 12  # pixels between pictures and around them


def text(dream: Dream) -> str:
    """Return the text of `livedream info`, without a final newline."""
    return "\n".join(_lines(dream))


def _lines(dream: Dream) -> Iterator[str]:
    width, height = dream.size
    megabytes = dream.path.stat().st_size / 1e6
    yield f"{dream.title}"
    yield f"  {dream.path}, {megabytes:.1f} MB, SHA-256 {dream.sha256}"
    if dream.is_effect:
        taken = dream.components["apply"].inputs["image"].shape
        yield f"  an effect ({dream.kind}): {taken[2]}x{taken[1]} pictures in, {width}x{height} pictures out"
    else:
        clip = f" in clips of {dream.frames}, a new one every {dream.hop}" if dream.hop else ""
        rate = f"{dream.fps:g} {'frames' if dream.hop else 'steps'} a second"
        yield f"  a dream ({dream.kind}): {width}x{height} pictures{clip}, {rate}"
        several = f" ({', '.join(dream.latents)})" if len(dream.latents) > 1 else ""
        yield f"  {dream.mean.size} latents{several}, interpolation {dream.interpolation}"
    if dream.memories:
        held = f"{len(dream.memories)} pictures of its footage, {len(dream.memories.pictures) / 1e6:.1f} MB"
        yield f"  holds {held}: whoever has the file has these pictures, so mind whose they are"
    if dream.layers:
        yield f"  layers from back to front: {', '.join(dream.layers)}"
    yield "components"
    for component in dream.components.values():
        yield from _component(component)
    if dream.directions:
        yield "knobs"
        for i, knob in enumerate(dream.directions, 1):
            yield f"  {i}  {knob.name}, {knob.low:g} to {knob.high:g}, effect {knob.effect:.3g}"
    if dream.controls:
        yield "controls"
        for control in dream.controls.values():
            named = ", ".join(control.parts) or f"{control.length} values"
            many = f" ({named})" if control.length > 1 else ""
            doc = f": {control.doc}" if control.doc else ""
            span = f"{control.low:g} to {control.high:g}, starts at {_numbers(control.default)}"
            yield f"  {control.name}{many}, {span}{doc}"
    if dream.scenes:
        yield "scenes"
        for i, scene in enumerate(dream.scenes):
            yield f"  {i}  {scene.name}"
    yield "provenance"
    yield from _tree(dream.provenance) if dream.provenance else ["  not stated; nor is its licence"]
    if dream.notes:
        yield "ignored"
        yield from (f"  {note}" for note in dream.notes)


def _component(component: Component) -> Iterator[str]:
    yield f"  {component.name}, {len(component.model) / 1e6:.1f} MB"
    for word, values in (("takes", component.inputs), ("gives", component.outputs)):
        listed = [f"{name} {value.dtype} {list(value.shape)}" for name, value in values.items()]
        yield f"    {word} {', '.join(listed)}"


def _tree(data: Mapping[str, object], depth: int = 1) -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, dict) and value and depth < 8:
            yield "  " * depth + brief(str(key))
            yield from _tree(value, depth + 1)
        else:
            plain = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield "  " * depth + f"{brief(str(key))}: {brief(plain)}"


def contact_sheet(dream: Dream) -> Pixels:
    """Return the scenes' thumbnails in a grid on near-black, uint8 [h, w, 3]; missing ones are drawn by decode.

    Raises UserError if the dream has no scenes.
    """
    if not dream.scenes:
        raise UserError(f"{dream.path}: no scenes, so no contact sheet")
    draw = functools.cache(_drawer)  # opens sessions once, for the first scene without a thumbnail
    thumbnails = ((scene, _thumbnail(scene)) for scene in dream.scenes)
    pictures = [draw(dream)(scene) if picture is None else picture for scene, picture in thumbnails]
    width = min(max(picture.shape[1] for picture in pictures), 320)
    height = max(round(width * dream.size[1] / dream.size[0]), 1)
    columns = min(max(round(math.sqrt(len(pictures) * 16 / 9 * height / width)), 1), len(pictures))
    rows = math.ceil(len(pictures) / columns)
    sheet = np.empty((GAP + rows * (height + GAP), GAP + columns * (width + GAP), 3), np.uint8)
    sheet[:] = BACKGROUND
    for i, picture in enumerate(pictures):
        y, x = GAP + i // columns * (height + GAP), GAP + i % columns * (width + GAP)
        sheet[y : y + height, x : x + width] = _resized(picture, width, height)
    return sheet


def write_contact_sheet(dream: Dream, path: str | os.PathLike[str]) -> None:
    """Write the contact sheet as a JPEG, atomically."""
    import simplejpeg

    path = Path(path)
    jpeg = simplejpeg.encode_jpeg(contact_sheet(dream), quality=92, colorspace="RGB", colorsubsampling="444")
    atomic_write(path, jpeg)


def _thumbnail(scene: Scene) -> Pixels | None:
    """Return a scene's thumbnail, uint8 [h, w, 3], or None if it cannot be decoded at a sane size."""
    import simplejpeg

    if not scene.thumbnail:
        return None
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(scene.thumbnail)
        return simplejpeg.decode_jpeg(scene.thumbnail) if max(height, width) <= 2048 else None
    except ValueError:
        return None


def _drawer(dream: Dream) -> Callable[[Scene], Pixels]:
    """Return a function from a scene to the first picture that decode draws for it, uint8 [h, w, 3]."""
    import onnxruntime as ort

    pictures = [f"layer.{name}" for name in dream.layers] or ["frame"]
    parts = [dream.components[name] for name in ("recall", "decode") if name in dream.components]
    sessions = [ort.InferenceSession(each.model, providers=["CPUExecutionProvider"]) for each in parts]

    def draw(scene: Scene) -> Pixels:
        made: dict[str, NDArray[Any]] = {}
        for component, session in zip(parts, sessions, strict=True):
            feeds = {
                value.full: made[name] if name in made else _start(scene, value, name, dream)
                for name, value in component.inputs.items()
            }
            wanted = [value.full for value in component.outputs.values()]
            made = dict(zip(component.outputs, session.run(wanted, feeds), strict=True))
            if dream.memories and component.name == "recall":
                made["memory"] = dream.memories.stack(made["index"])
        picture: Pixels = alpha.over_black(alpha.over([made[name][0] for name in pictures]))[..., :3]
        return picture

    return draw


def _start(scene: Scene, value: Value, name: str, dream: Dream) -> NDArray[Any]:
    """Return an input's value at the scene: the scene's own, a control's default, else zeros."""
    start: NDArray[Any] = scene.tensors.get(value.full, np.zeros((), value.dtype))
    if name in dream.latents:
        owner = "step" if "step" in dream.components else "decode"
        start = scene.tensors[f"{owner}/{name}"]
    elif name.startswith("control."):
        start = np.array(dream.controls[name.removeprefix("control.")].default, np.float32)
    return np.ascontiguousarray(np.broadcast_to(start, value.shape))


def _numbers(default: float | tuple[float, ...]) -> str:
    return " ".join(f"{each:g}" for each in default) if isinstance(default, tuple) else f"{default:g}"


def _resized(picture: Pixels, width: int, height: int) -> Pixels:
    """Resize by nearest pixels: thumbnails have the wanted size, and drawn pictures only shrink."""
    rows = (np.arange(height) + 0.5) * picture.shape[0] / height
    columns = (np.arange(width) + 0.5) * picture.shape[1] / width
    resized: Pixels = picture[rows.astype(int)[:, None], columns.astype(int)]
    return resized
