"""Each rule of contract 1's graph and components, broken in turn in a file that was sound."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from livedream import UserError
from livedream.dream import read, write
from tests.dream.good_dream import good, inspect


def value(model, full):
    return next(v for v in (*model.graph.input, *model.graph.output) if v.name == full)


def node(model, output):
    return next(n for n in model.graph.node if output in n.output)


def retype(full, elem_type):
    return lambda model: setattr(value(model, full).type.tensor_type, "elem_type", elem_type)


def reshape(full, *shape):
    def spoil(model):
        item = value(model, full)
        item.CopyFrom(helper.make_tensor_value_info(full, item.type.tensor_type.elem_type, shape))

    return spoil


def rename(before, after):
    """Rename a value everywhere."""

    def spoil(model):
        graph = model.graph
        for item in (*graph.input, *graph.output, *graph.initializer):
            item.name = after if item.name == before else item.name
        for item in graph.node:
            item.input[:] = [after if name == before else name for name in item.input]
            item.output[:] = [after if name == before else name for name in item.output]

    return spoil


def add_node(op, inputs, outputs, **attributes):
    return lambda model: model.graph.node.append(helper.make_node(op, inputs, outputs, **attributes))


def set_opset(*versions):
    def spoil(model):
        del model.opset_import[:]
        for version in versions:
            model.opset_import.add(domain="", version=version)

    return spoil


def external(model):
    weight = model.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")


def hidden_external(model):
    tensor = numpy_helper.from_array(np.ones(3, np.float32))
    tensor.data_location = TensorProto.EXTERNAL
    model.graph.node.append(helper.make_node("Constant", [], ["step/c"], value=tensor))


def function(model):
    model.functions.add(name="Twist", domain="")


def subgraph(model):
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("If", ["step/x"], ["step/y"], then_branch=body, else_branch=body))


def heavy(model):
    weight = model.graph.initializer[0]
    weight.dims[:] = [1 << 20, 1 << 10]


def sparse(model):
    made = model.graph.sparse_initializer.add()
    made.values.name = "step/thin"
    made.dims[:] = [1 << 40]


def drop(kind, full):
    def spoil(model):
        items = getattr(model.graph, kind)
        kept = [item for item in items if item.name != full]
        del items[:]
        items.extend(kept)

    return spoil


def string_weight(model):
    model.graph.initializer.append(helper.make_tensor("step/s", TensorProto.STRING, [1], [b"x"]))


def bounds(low, high):
    def spoil(model):
        for name, bound in (("decode/black", low), ("decode/full", high)):
            weight = next(w for w in model.graph.initializer if w.name == name)
            weight.CopyFrom(numpy_helper.from_array(np.float32(bound), name))

    return spoil


def skip_round(model):
    node(model, "decode/frame").input[0] = "decode/frame.clipped"


GRAPHS = {
    "not UTF-8": (None, r"names are UTF-8; found b'step/n.xff"),
    "newer IR": (lambda m: setattr(m, "ir_version", 11), "IR version: at most 10, found 11"),
    "old opset": (set_opset(17), "opset: one from 18 to 20, found 17"),
    "new opset": (set_opset(21), "opset: one from 18 to 20, found 21"),
    "two opsets": (set_opset(18, 20), "opset: one from 18 to 20, found 18, 20"),
    "no opset": (set_opset(), "opset: one from 18 to 20, found none"),
    "domain": (
        lambda m: m.opset_import.add(domain="com.microsoft", version=1),
        "custom domain com.microsoft",
    ),
    "custom operator": (
        add_node("Gelu", ["step/noise"], ["step/y"], domain="com.microsoft"),
        "standard operators only: step/y is Gelu of com.microsoft",
    ),
    "unknown operator": (
        add_node("Teleport", ["step/noise"], ["step/y"]),
        "step/y is Teleport, which opset 20",
    ),
    "newer operator": (
        add_node("RMSNormalization", ["step/noise"], ["step/y"]),
        "which opset 20 does not have",
    ),
    "if": (subgraph, "operator If: step/y: no branches or loops inside"),
    "loop": (add_node("Loop", ["", ""], ["step/y"]), "operator Loop: step/y"),
    "scan": (add_node("Scan", ["step/noise"], ["step/y"]), "operator Scan: step/y"),
    "chance": (
        add_node("RandomNormal", [], ["step/y"], shape=[1]),
        "RandomNormal: step/y: randomness is an input",
    ),
    "function": (function, "no local functions: found Twist"),
    "external data": (external, "no external data: step/turn"),
    "external data in a node": (hidden_external, "no external data: step/c"),
    "heavy weights": (heavy, r"size: weights of at most 1 GB, found 4\.0 GB"),
    "sparse weights": (sparse, "dense weights only: step/thin"),
    "strings": (string_weight, "tensors of numbers only: the weight step/s"),
    "no prefix": (
        rename("step/heat", "heat"),
        "begins with its component and a slash, as step/latent; found heat",
    ),
    "bad prefix": (rename("step/heat", "Step One/heat"), "begins with its component .* found Step One/heat"),
    "shared node": (
        add_node("Add", ["step/turned", "decode/offset"], ["decode/both"]),
        "components share no node: decode/both, Add, joins decode and step",
    ),
    "made twice": (add_node("Neg", ["step/noise"], ["step/heat"]), "step/heat is made twice"),
    "made by nothing": (add_node("Neg", ["step/ghost"], ["step/y"]), "uses step/ghost, which nothing makes"),
    "output made by nothing": (drop("initializer", "step/turn"), "uses step/turn, which nothing makes"),
    "dynamic shape": (reshape("step/latent", "batch", 8), r"static shapes: step/latent has \['batch', 8\]"),
    "empty shape": (reshape("decode/frame", 1, 0, 64, 4), r"static shapes: decode/frame has \[1, 0, 64, 4\]"),
    "no shape": (
        lambda m: value(m, "step/noise").type.tensor_type.ClearField("shape"),
        "static shapes: step/noise has none",
    ),
    "huge input": (reshape("step/noise", 1, 1 << 40), "size: step/noise is over 1 GB"),
    "no tensor": (
        lambda m: value(m, "step/noise").type.sequence_type.elem_type.tensor_type.ClearField("shape"),
        "tensors of numbers only: step/noise",
    ),
    "no round": (
        skip_round,
        "ends in Clip, Round, Cast: decode/frame ends in Clip, Cast|ends in Add, Clip, Cast",
    ),
    "clip to 1": (bounds(0, 1), r"clipped to 0\.\.255: decode/frame to \[0\.0, 1\.0\]"),
    "picture used inside": (
        add_node("Cast", ["decode/frame"], ["decode/again"], to=1),
        "uint8 only at the edge: decode/again uses the picture",
    ),
    "image used raw": (
        add_node("Transpose", ["encode/image"], ["encode/y"]),
        "uint8 only at the edge: encode/image goes into Transpose",
    ),
    "latent dtype": (retype("step/latent", TensorProto.FLOAT16), "step/latent: float32, found float16"),
    "noise dtype": (retype("step/noise", TensorProto.DOUBLE), "step/noise: float32, found float64"),
    "latent shape": (reshape("step/latent", 1, 2, 4), r"step/latent: shape \[1, Z\], found \[1, 2, 4\]"),
    "latent batch": (reshape("decode/latent", 2, 8), r"decode/latent: shape \[1, Z\], found \[2, 8\]"),
    "three channels": (reshape("decode/frame", 1, 32, 64, 3), r"decode/frame: shape \[T, H, W, 4\], found"),
    "control shape": (
        reshape("decode/control.push", 1, 1),
        r"decode/control\.push: shape \[k\], found \[1, 1\]",
    ),
    "image batch": (reshape("encode/image", 2, 32, 64, 4), r"encode/image: shape \[1, H, W, 4\], found"),
    "unknown input": (
        rename("step/noise", "step/chaos"),
        "step inputs: chaos is none of latent or latent.NAME",
    ),
    "uniform into decode": (
        rename("decode/control.push", "decode/uniform"),
        "decode inputs: uniform is none of",
    ),
    "control name": (
        rename("decode/control.push", "decode/control.Push"),
        r"decode inputs: control\.Push is none",
    ),
    "control taken": (
        rename("decode/control.push", "decode/control.knob"),
        "the name knob is livedream's own",
    ),
    "control shapes differ": (
        lambda m: (
            rename("decode/control.push", "decode/control.temperature")(m),
            reshape("decode/control.temperature", 3)(m),
        ),
        r"decode/control\.temperature: shape \[1\] as step/control\.temperature, found \[3\]",
    ),
    "no latent": (
        rename("decode/latent", "decode/state.x"),
        "decode: the input latent or latent.NAME is missing",
    ),
    "next without input": (
        rename("step/state.h", "step/state.other"),
        r"next\.state\.h: feeds state\.h, which step",
    ),
    "next shape": (
        reshape("step/next.state.h", 1, 5),
        r"next\.state\.h: shape \[1, 4\] as the input it feeds",
    ),
    "latent stands still": (
        rename("step/next.latent", "step/next.state.latent"),
        "step: the output next.latent or next.latent.NAME is missing",
    ),
    "no next latent": (drop("output", "step/next.latent"), "step: the output next.latent or .* is missing"),
    "latents differ": (
        lambda m: (reshape("step/latent", 1, 9)(m), reshape("step/next.latent", 1, 9)(m)),
        r"latents: decode has latent \[1, 8\], step has latent \[1, 9\]",
    ),
    "encode's latent": (reshape("encode/latent", 1, 9), r"latents: decode has latent \[1, 8\], encode has"),
    "latent and latent.x": (
        lambda m: m.graph.input.append(helper.make_tensor_value_info("step/latent.x", 1, [1, 3])),
        r"step/latent\.x: step has no output next\.latent\.x",
    ),
    "no picture": (drop("output", "decode/frame"), "decode: draws frame, or layer.NAME; found neither"),
    "one layer": (
        rename("decode/frame", "decode/layer.a"),
        "decode: two or more layers, or frame; found only",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_that_breaks_a_rule_is_refused(name):
    spoil, said = GRAPHS[name]
    model, _ = good()
    if spoil:
        spoil(model)
    data = model.SerializeToString()
    if not spoil:  # Python's protobuf will not write this
        data = data.replace(b"step/noise", b"step/n\xffise")
    with pytest.raises(UserError, match=said) as refused:
        read.inspect(data, "unused")
    assert "\n" not in str(refused.value)


LAYERS = {
    "sizes": (reshape("decode/layer.front", 1, 16, 64, 4), "decode: layers have one size"),
    "lengths": (reshape("decode/layer.front", 3, 32, 64, 4), "decode: layers are T long, or 1; found 5, 3"),
    "frame beside layers": (
        rename("decode/layer.front", "decode/frame"),
        "decode: draws frame, or layer.NAME",
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_agree(name):
    spoil, said = LAYERS[name]
    model, _ = good(layers=True, frames=5)
    spoil(model)
    with pytest.raises(UserError, match=said):
        inspect(model, None)


def test_step_or_encode_alone_are_no_dream():
    model, _ = good()
    for kind in ("node", "input", "output", "initializer"):
        items = [i for i in getattr(model.graph, kind) if "decode/" not in str(i)]
        getattr(model.graph, kind).clear()
        getattr(model.graph, kind).extend(items)
    with pytest.raises(UserError, match="components: a dream has decode, an effect has apply; found step, encode"):
        inspect(model, None)


def test_unknown_parts_are_ignored_and_named():
    model, metadata = good()
    graph = model.graph
    graph.input.append(helper.make_tensor_value_info("dance/beat", 1, [1]))
    graph.node.append(helper.make_node("Neg", ["dance/beat"], ["dance/move"]))
    graph.output.append(helper.make_tensor_value_info("dance/move", 1, [1]))
    graph.output.append(helper.make_tensor_value_info("decode/levels", 1, [1, 32, 64, 4]))
    metadata["mood"] = "blue"
    metadata["scenes"][1]["smell"] = 3
    metadata["controls"].append({"name": "wind"})
    dream = inspect(model, metadata)
    assert list(dream.components) == ["step", "decode", "encode"]
    assert list(dream.components["decode"].outputs) == ["frame"]
    assert "wind" not in dream.controls
    said = "\n".join(dream.notes)
    for name in ("component dance", "decode/levels", "metadata.mood", "scenes[1].smell", "control wind"):
        assert name in said
    assert b"dance" not in b"".join(component.model for component in dream.components.values())


def test_several_latents_stand_side_by_side():
    model, metadata = good(step=False)
    graph = model.graph
    rename("decode/latent", "decode/latent.road")(model)
    graph.input.append(helper.make_tensor_value_info("decode/latent.sky", 1, [1, 3]))
    statistics = {"mean": [1, 2, 3], "std": [4, 5, 6]}
    metadata["latents"] = {"latent.road": metadata["latents"]["latent"], "latent.sky": statistics}
    metadata["directions"] = [write.direction("rise", np.arange(11))]
    zeros = {"decode/latent.road": np.zeros(8), "decode/latent.sky": np.zeros(3)}
    metadata["scenes"] = [write.scene("only", zeros)]
    dream = inspect(model, metadata)
    assert dream.latents == ("latent.road", "latent.sky")
    assert dream.mean.tolist() == [0] * 8 + [1, 2, 3]
    assert dream.std.tolist() == [1] * 8 + [4, 5, 6]
    assert dream.directions[0].vector.tolist() == list(range(11))
    assert dream.scenes[0].tensors["decode/latent.sky"].shape == (1, 3)
