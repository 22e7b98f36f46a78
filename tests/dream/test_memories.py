"""A dream that remembers holds its pictures; each rule about them is broken in turn in a sound file."""

import numpy as np
import pytest
import simplejpeg
from onnx import TensorProto, helper, numpy_helper

from livedream import UserError
from livedream.dream import info, read, write
from tests import dreams


def parts():
    return dreams.remembering_parts("unused")


def spoilt(spoil, path="unused"):
    """Read a sound file after `spoil` has changed its components, metadata and memories."""
    _, components, metadata, memories = parts()
    spoil(components, metadata, memories)
    return read.inspect(write.merge(components, metadata, memories).SerializeToString(), path)


def tampered(change):
    """Read a sound file after `change` has changed its model."""
    _, components, metadata, memories = parts()
    model = write.merge(components, metadata, memories)
    change({each.name: each for each in model.graph.initializer}, model.graph)
    return read.inspect(model.SerializeToString(), "unused")


def retyped(component, name, kind, shape):
    def spoil(components, metadata, memories):
        graph = components[component].graph
        value = next(each for each in (*graph.input, *graph.output) if each.name == name)
        value.CopyFrom(helper.make_tensor_value_info(name, kind, shape))

    return spoil


def without(component, name):
    """Replace a component's input or output by a constant."""

    def spoil(components, metadata, memories):
        graph = components[component].graph
        for of in (graph.input, graph.output):
            kept = [each for each in of if each.name != name]
            shapes = [
                [dim.dim_value for dim in each.type.tensor_type.shape.dim]
                for each in of
                if each.name == name and of is graph.input
            ]
            del of[:]
            of.extend(kept)
            for shape in shapes:
                kind = np.uint8 if name == "memory" else np.float32
                graph.initializer.append(numpy_helper.from_array(np.zeros(shape, kind), name))

    return spoil


def test_memories_come_back_as_they_were_put_in(tmp_path):
    dream = read.load(dreams.remembering(tmp_path / "remembering.onnx"))
    assert list(dream.components) == ["step", "recall", "decode"]
    assert dream.notes == ()
    assert dream.latents == ("latent.look", "latent.place")
    assert dream.places == slice(3, 6)
    assert list(dream.free) == [0, 1, 2]
    assert len(dream.memories) == 12
    assert dream.memories.size == (96, 16)
    for k in range(12):
        assert bytes(dream.memories.jpeg(k)) == dreams.jpeg(dreams.memory(k))
        assert np.abs(dream.memories.picture(k)[..., :3].astype(int) - dreams.memory(k)).max() <= 1
    assert (dream.memories.picture(3)[..., 3] == 255).all()
    into = np.zeros((16, 96, 4), np.uint8)
    assert np.shares_memory(dream.memories.picture(5, into), into)
    assert dreams.weights(into).argmax() == 5


def test_a_dream_without_is_as_before(tmp_path):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx"))
    assert (dream.memories, dream.places, dream.free) == (None, None, slice(None))
    assert "pictures of its footage" not in info.text(dream)


def test_a_recall_without_places_and_places_without_a_recall_are_good_too():
    assert spoilt(lambda components, metadata, memories: metadata["latents"].pop("places")).places is None

    def forget(components, metadata, memories):
        for name in ("memory", "recall.weights"):
            without("decode", name)(components, metadata, memories)
        del components["recall"], memories[:]

    dream = spoilt(forget)
    assert dream.places == slice(3, 6)
    assert dream.memories is None


def test_memories_that_nothing_takes_are_ignored_and_named(tmp_path):
    target, components, metadata = dreams.tiny_parts(tmp_path / "tiny.onnx")
    write.write(target, components, metadata, [dreams.jpeg(dreams.memory(0))])
    dream = read.load(target)
    assert dream.memories is None
    assert [note for note in dream.notes if "memory/pictures is used by nothing" in note]


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda c, d, m: m.clear(), "memory/pictures: decode takes memory, so there must be this initialiser"),
        (lambda c, d, m: c.pop("recall"), "decode/memory: taken from the component recall"),
        (lambda c, d, m: c.pop("decode"), "components: a dream has decode"),
        (without("decode", "memory"), "recall: decode has no input memory"),
        (without("recall", "index"), "recall: the output index is missing"),
        (without("recall", "recall.weights"), "decode/recall.weights: recall has no output recall.weights"),
        (without("recall", "latent.look"), "latents: decode has latent.look .*, recall has latent.place"),
        (retyped("recall", "index", TensorProto.INT64, [3]), "as many as recall/index has, 3, found 4"),
        (retyped("recall", "index", TensorProto.INT32, [4]), "recall/index: int64, found int32"),
        (retyped("recall", "index", TensorProto.INT64, [1, 4]), r"recall/index: shape \[K\], found \[1, 4\]"),
        (
            retyped("recall", "recall.weights", TensorProto.FLOAT, [4]),
            r"decode/recall.weights: shape \[4\] as recall/recall.weights, found \[1, 4\]",
        ),
        (
            retyped("decode", "memory", TensorProto.UINT8, [4, 16, 64, 4]),
            r"decode/memory: pictures \[16, 96, 4\] as decode/frame, found \[16, 64, 4\]",
        ),
        (retyped("decode", "memory", TensorProto.FLOAT, [4, 16, 96, 4]), "decode/memory: uint8, found float32"),
        (
            lambda c, d, m: m.__setitem__(5, dreams.jpeg(dreams.memory(5)[:, :64].copy())),
            "memory 5 is 64x16, decode/memory takes 96x16",
        ),
        (lambda c, d, m: m.__setitem__(7, b"no picture"), "memory 7 is no JPEG file"),
        (lambda c, d, m: m.__setitem__(2, b""), "memory/ends: they rise, but number 2 is"),
        (
            lambda c, d, m: d["latents"]["latent.place"].update(std=[0, 0, 0.1]),
            "latents.latent.place.std: 0 0 0, since",
        ),
        (lambda c, d, m: d["latents"].update(places="latent.other"), "latents.places: one of several latents"),
        (lambda c, d, m: d["latents"].update(places=["latent.place"]), "latents.places: one of several latents"),
    ],
)
def test_a_broken_rule_is_one_line(spoil, line):
    with pytest.raises(UserError, match=line) as error:
        spoilt(spoil)
    assert "\n" not in str(error.value)


def retold(name, array):
    return lambda found, graph: found[name].CopyFrom(numpy_helper.from_array(array, name))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (retold("memory/ends", np.array([10, 5, 20])), "memory/ends: they rise, but number 1 is 5 after 10"),
        (retold("memory/ends", np.array([10, 20])), "memory/ends: the last is the number of bytes of memory/pictures"),
        (retold("memory/ends", np.zeros(0, np.int64)), "memory/ends: at least one memory"),
        (retold("memory/ends", np.array([1.0])), r"memory/ends: int64 \[M\], found float64"),
        (
            retold("memory/pictures", np.zeros((2, 3), np.uint8)),
            r"memory/pictures: uint8 \[bytes\], found uint8 \[2, 3\]",
        ),
        (lambda found, graph: found["memory/pictures"].dims.__setitem__(0, 7), "memory/pictures: 7 values, found"),
        (lambda found, graph: graph.initializer.remove(found["memory/ends"]), "memory/ends: decode takes memory"),
    ],
)
def test_initialisers_that_are_not_as_they_should_be(change, line):
    with pytest.raises(UserError, match=line) as error:
        tampered(change)
    assert "\n" not in str(error.value)


def test_an_initialiser_may_be_written_number_by_number(tmp_path):
    """As onnx.helper writes it, without raw data."""

    def spread(found, graph):
        for name, kind in (("memory/pictures", TensorProto.UINT8), ("memory/ends", TensorProto.INT64)):
            array = numpy_helper.to_array(found[name])
            found[name].CopyFrom(helper.make_tensor(name, kind, array.shape, array.tolist()))

    assert dreams.weights(tampered(spread).memories.picture(4)).argmax() == 4


def test_a_place_is_three_numbers_of_a_latent_among_others():
    _, components, metadata = dreams.tiny_parts("unused")
    metadata["latents"]["places"] = "latent"
    with pytest.raises(UserError, match="one of several latents"):
        read.inspect(write.merge(components, metadata).SerializeToString(), "unused")

    def shorter(components, metadata, memories):
        for name in ("step", "recall", "decode"):
            retyped(name, "latent.look", TensorProto.FLOAT, [1, 2])(components, metadata, memories)
        retyped("step", "next.latent.look", TensorProto.FLOAT, [1, 2])(components, metadata, memories)
        metadata["latents"] |= {"places": "latent.look", "latent.look": write.latent([0, 0], [0, 0])}

    with pytest.raises(UserError, match=r"latents.places: a latent \[1, 3\], found latent.look \[1, 2\]"):
        spoilt(shorter)


def test_info_says_how_much_it_holds_and_what_that_means(tmp_path):
    said = info.text(read.load(dreams.remembering(tmp_path / "remembering.onnx")))
    assert "holds 12 pictures of its footage, 0.0 MB: whoever has the file has these pictures" in said
    assert "recall, 0.0 MB" in said


def test_a_contact_sheet_draws_scenes_with_their_memories(tmp_path):
    dream = read.load(dreams.remembering(tmp_path / "remembering.onnx"))
    info.write_contact_sheet(dream, tmp_path / "sheet.jpg")
    sheet = simplejpeg.decode_jpeg((tmp_path / "sheet.jpg").read_bytes())
    rows = [sheet[y : y + 16, info.GAP : info.GAP + 96] for y in (info.GAP, 2 * info.GAP + 16)]
    assert [dreams.weights(each).argmax() for each in rows] == [1, 7]
