"""Each rule of contract 1's metadata, broken in turn in a file that was sound."""

import base64
import json

import numpy as np
import pytest

from livedream import UserError
from livedream.dream.dream import Control
from tests.dream.good_dream import good, inspect


def put(*way_and_value):
    """Set metadata[a][b]… = value; the value ... removes the entry."""
    *way, last, item = way_and_value

    def spoil(metadata):
        for key in way:
            metadata = metadata[key]
        if item is ...:
            del metadata[last]
        else:
            metadata[last] = item

    return spoil


def f32(*numbers):
    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode()


METADATA = {
    "higher contract": (
        put("contract", 2),
        "contract: this livedream knows 1, the file has 2: update livedream",
    ),
    "no contract": (put("contract", ...), "metadata contract: 1, found nothing"),
    "contract is text": (put("contract", "1"), "metadata contract: 1, found '1'"),
    "contract is true": (put("contract", True), "metadata contract: 1, found True"),
    "no title": (put("title", ...), "metadata title: a printable line of 1 to 120 characters, found nothing"),
    "title of two lines": (put("title", "a\nb"), "metadata title: a printable line"),
    "title with an escape": (put("title", "\x1b[2J"), "metadata title: a printable line"),
    "no kind": (put("kind", ...), "metadata kind"),
    "no fps": (put("fps", ...), "metadata fps: a number from 0.001 to 1000, found nothing"),
    "fps 0": (put("fps", 0), "metadata fps: a number from 0.001 to 1000, found 0"),
    "fps infinite": (put("fps", float("inf")), "metadata: not JSON: Infinity is no number"),
    "fps NaN": (put("fps", float("nan")), "metadata: not JSON: NaN is no number"),
    "fps huge": (put("fps", 10**5000), "metadata fps|not JSON"),
    "no latents": (put("latents", ...), "metadata latents.latent: an object, found nothing"),
    "latents are a list": (put("latents", []), "metadata latents: an object, found a list of 0"),
    "interpolation": (
        put("latents", "interpolation", "cubic"),
        "interpolation: linear, slerp, none, found 'cubic'",
    ),
    "mean too short": (put("latents", "latent", "mean", [0.0] * 7), "mean: 8 numbers, found a list of 7"),
    "std negative": (
        put("latents", "latent", "std", 3, -1),
        r"std\[3\]: a number from 0 to 1e\+30, found -1",
    ),
    "mean text": (put("latents", "latent", "mean", 0, "0"), r"mean\[0\]: a number"),
    "layers without layers": (
        put("layers", ["back"]),
        r"layers: those that decode draws \(none\), found a list",
    ),
    "directions no list": (put("directions", {}), "metadata directions: a list, found an object of 0"),
    "direction no object": (put("directions", 2, 5), r"directions\[2\]: an object, found 5"),
    "direction no name": (put("directions", 1, "name", ...), r"directions\[1\]\.name: a printable line"),
    "vector too short": (
        put("directions", 0, "vector", f32(1, 2)),
        r"directions\[0\]\.vector: base64 of \[8\] float32, 32 bytes, found 8",
    ),
    "vector no base64": (put("directions", 0, "vector", "%%%%"), r"vector: base64, found '%%%%'"),
    "vector of NaN": (
        put("directions", 0, "vector", f32(*[0] * 7, np.nan)),
        "vector: finite numbers, found nan",
    ),
    "vector infinite": (
        put("directions", 0, "vector", f32(*[0] * 7, np.inf)),
        "vector: finite numbers, found inf",
    ),
    "vector a list": (put("directions", 0, "vector", [0.0] * 8), "vector: base64, found a list of 8"),
    "direction range": (put("directions", 0, "low", 4), r"directions\[0\]: low is below high, found 4 and 3"),
    "control range": (put("controls", 0, "high", -1), r"controls\[0\]: low is below high, found 0 and -1"),
    "control default": (
        put("controls", 0, "default", 3),
        r"controls\[0\]\.default: a number from 0 to 2, found 3",
    ),
    "control doc": (put("controls", 0, "doc", 5), r"controls\[0\]\.doc: a printable line"),
    "control parts no list": (put("controls", 0, "parts", "heat"), r"parts: a list of 1 names, found 'heat'"),
    "control parts too many": (put("controls", 0, "parts", ["a", "b"]), r"parts: a list of 1 names, found a list of 2"),
    "control part no name": (
        put("controls", 0, "parts", ["Sea/1"]),
        r"parts\[0\]: small letters, digits and _, beginning with a letter; found 'Sea/1'",
    ),
    "control twice": (put("controls", 1, "name", "temperature"), "temperature is described twice"),
    "scene without latent": (
        put("scenes", 0, "tensors", "step/latent", ...),
        r"scenes\[0\]\.tensors: step/latent is missing",
    ),
    "scene of something else": (
        put("scenes", 0, "tensors", "step/noise", f32(*[0] * 8)),
        r"scenes\[0\]\.tensors: step/noise is no latent or state of this dream",
    ),
    "scene too long": (
        put("scenes", 1, "tensors", "step/state.h", f32(*[0] * 5)),
        r"scenes\[1\]\.tensors\.step/state\.h: base64 of \[1, 4\] float32, 16 bytes, found 20",
    ),
    "scene of NaN": (
        put("scenes", 1, "tensors", "step/state.h", f32(0, 0, np.nan, 0)),
        "finite numbers, found nan",
    ),
    "scenes of one name": (put("scenes", 1, "name", "first"), "two scenes are called first"),
    "thumbnail no JPEG": (put("scenes", 0, "thumbnail", f32(1)), r"scenes\[0\]\.thumbnail: a JPEG"),
    "provenance": (put("provenance", "mine"), "metadata provenance: an object, found 'mine'"),
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_that_breaks_a_rule_is_refused(name):
    spoil, said = METADATA[name]
    model, metadata = good()
    spoil(metadata)
    if name == "fps huge":  # json.dumps will not print it either
        metadata = json.dumps(metadata | {"fps": 0}).replace('"fps": 0', '"fps": 1' + "0" * 5000)
    with pytest.raises(UserError, match=said) as refused:
        inspect(model, metadata)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "metadata: not JSON"),
        ("", "metadata: not JSON"),
        ("[1]", "metadata: an object, found a list of 1"),
        ("[" * 100000, "metadata: not JSON"),
        ('{"contract": 1, "fps": 1e999}', "metadata latents"),
    ],
)
def test_metadata_that_is_none(text, said):
    model, _ = good()
    with pytest.raises(UserError, match=said):
        inspect(model, text)


def test_layers_are_listed_in_full():
    model, metadata = good(layers=True)
    with pytest.raises(UserError, match=r"layers: those that decode draws \(back, front\), found a list of 1"):
        inspect(model, metadata | {"layers": ["back"]})
    assert inspect(model, metadata | {"layers": ["front", "back"]}).layers == ("front", "back")


def test_an_onnx_file_without_metadata_is_no_dream():
    model, _ = good()
    del model.metadata_props[:]
    with pytest.raises(UserError, match="an ONNX file without the entry livedream is not a dream"):
        inspect(model, None)
    model.metadata_props.add(key="livedream", value="{}")
    model.metadata_props.add(key="livedream", value="{}")
    with pytest.raises(UserError, match="one entry livedream, found 2"):
        inspect(model, None)


def test_the_elements_of_a_control_can_have_names():
    model, metadata = good()
    metadata["controls"][0]["parts"] = ["heat"]
    assert inspect(model, metadata).controls["temperature"].parts == ("heat",)


def test_a_control_that_is_not_described_still_is_a_parameter():
    model, metadata = good()
    metadata["controls"] = []
    dream = inspect(model, metadata)
    assert dream.controls["push"] == Control("push", 1, 0.0, 1.0, 0.0, "")
    assert dream.controls["temperature"] == Control("temperature", 1, 0.0, 2.0, 1.0, "")
