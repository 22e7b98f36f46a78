"""What a dream file holds, in words and as a contact sheet of its scenes."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.dream.dream import Component, Dream, Scene, Value
from livedream.dream.messages import brief
from livedream.picture import alpha
from livedream.system.atomic import atomic_write

BACKGROUND = (12, 12, 14)
GAP = 12  # pixels between pictures and around them


def text(dream: Dream) -> str:
    """The text of `livedream info`, lines without a last newline."""
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
        clip = f" in clips of {dream.frames}" if dream.frames > 1 else ""
        yield f"  a dream ({dream.kind}): {width}x{height} pictures{clip}, {dream.fps:g} steps a second"
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
            many = f" ({control.length} values)" if control.length > 1 else ""
            doc = f": {control.doc}" if control.doc else ""
            span = f"{control.low:g} to {control.high:g}, starts at {control.default:g}"
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


def _tree(data: dict, depth: int = 1) -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, dict) and value and depth < 8:
            yield "  " * depth + brief(str(key))
            yield from _tree(value, depth + 1)
        else:
            plain = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield "  " * depth + f"{brief(str(key))}: {brief(plain)}"


def contact_sheet(dream: Dream) -> np.ndarray:
    """uint8 [h, w, 3]: the scenes' thumbnails, a grid on near-black; what has none is drawn by decode.

    Raises UserError when the dream has no scenes.
    """
    if not dream.scenes:
        raise UserError(f"{dream.path}: no scenes, so no contact sheet")
    pictures = [_thumbnail(scene) for scene in dream.scenes]
    if any(picture is None for picture in pictures):
        drawn = _drawn(dream)
        pictures = [drawn(s) if p is None else p for s, p in zip(dream.scenes, pictures, strict=True)]
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


def write_contact_sheet(dream: Dream, path: str | os.PathLike) -> None:
    """Write the contact sheet as a JPEG, whole or not at all."""
    import simplejpeg

    path = Path(path)
    jpeg = simplejpeg.encode_jpeg(contact_sheet(dream), quality=92, colorspace="RGB", colorsubsampling="444")
    atomic_write(path, jpeg)


def _thumbnail(scene: Scene) -> np.ndarray | None:
    """uint8 [h, w, 3], or None when there is none that can be decoded at a sane size."""
    import simplejpeg

    if not scene.thumbnail:
        return None
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(scene.thumbnail)
        return simplejpeg.decode_jpeg(scene.thumbnail) if max(height, width) <= 2048 else None
    except ValueError:
        return None


def _drawn(dream: Dream):
    """A function from a scene to the first picture, uint8 [h, w, 3], that decode draws for it."""
    import onnxruntime as ort

    pictures = [f"layer.{name}" for name in dream.layers] or ["frame"]
    parts = [dream.components[name] for name in ("recall", "decode") if name in dream.components]
    sessions = [ort.InferenceSession(each.model, providers=["CPUExecutionProvider"]) for each in parts]

    def draw(scene: Scene) -> np.ndarray:
        made = {}
        for component, session in zip(parts, sessions, strict=True):
            feeds = {
                value.full: made[name] if name in made else _begun(scene, value, name, dream)
                for name, value in component.inputs.items()
            }
            wanted = [value.full for value in component.outputs.values()]
            made = dict(zip(component.outputs, session.run(wanted, feeds), strict=True))
            if component.name == "recall":
                made["memory"] = dream.memories.stack(made["index"])
        return alpha.over_black(alpha.over([made[name][0] for name in pictures]))[..., :3]

    return draw


def _begun(scene: Scene, value: Value, name: str, dream: Dream) -> np.ndarray:
    """What an input is at the scene: as it says, a control's default, else zeros."""
    start = scene.tensors.get(value.full, np.zeros((), value.dtype))
    if name in dream.latents:
        owner = "step" if "step" in dream.components else "decode"
        start = scene.tensors[f"{owner}/{name}"]
    elif name.startswith("control."):
        start = np.float32(dream.controls[name.removeprefix("control.")].default)
    return np.ascontiguousarray(np.broadcast_to(start, value.shape))


def _resized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """By nearest pixels: thumbnails are of the wanted size, and what is drawn instead only shrinks."""
    rows = (np.arange(height) + 0.5) * picture.shape[0] / height
    columns = (np.arange(width) + 0.5) * picture.shape[1] / width
    return picture[rows.astype(int)[:, None], columns.astype(int)]
