"""Drawings become strokes, and a pen that draws them; what is no drawing is one line."""

import json
import pickle
import zipfile

import numpy as np
import pytest
import torch
from livedream_export.sketch import components, drawing, material, raster, svg
from livedream_export.sketch.networks import Sketcher
from livedream_export.sketch.recipe import Recipe

from livedream import UserError

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="black">'
RECIPE = Recipe(latent=8, encoder=8, state=16, mixtures=3)


def parsed(tmp_path, inside):
    pytest.importorskip("svgelements")
    return svg.parse(f"{HEAD}{inside}</svg>".encode(), tmp_path / "a.svg")


@pytest.mark.parametrize(
    ("inside", "ends"),
    [
        ('<path d="M2 3 L10 3 l0 4"/>', [(2, 3), (10, 7)]),
        ('<path d="M2 3 C2 9 8 9 8 3"/>', [(2, 3), (8, 3)]),
        ('<line x1="1" y1="2" x2="5" y2="6"/>', [(1, 2), (5, 6)]),
        ('<polyline points="1,1 4,1 4,5"/>', [(1, 1), (4, 5)]),
        ('<polygon points="1,1 4,1 4,5"/>', [(1, 1), (1, 1)]),
        ('<rect x="2" y="2" width="4" height="3"/>', [(2, 2), (2, 2)]),
        ('<circle cx="5" cy="5" r="2"/>', [(7, 5), (7, 5)]),
        (
            '<g transform="translate(3 0)"><line x1="1" y1="2" x2="5" y2="6" transform="scale(2)"/></g>',
            [(5, 4), (13, 12)],
        ),
    ],
)
def test_every_shape_is_read_with_its_transforms(tmp_path, inside, ends):
    (stroke,) = parsed(tmp_path, inside)
    assert np.allclose([stroke[0], stroke[-1]], ends, atol=1e-6)


def test_what_cannot_be_seen_is_no_stroke(tmp_path):
    found = parsed(tmp_path, '<path stroke="none" d="M0 0h24v24H0z"/><path d="M2 3 L10 3"/>')
    assert len(found) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>', "declares entities"),
        (b'<!DOCTYPE svg [<!entity x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>', "declares entities"),
        (f"{HEAD}<script>alert(1)</script></svg>".encode(), "draws no lines"),
        (b"<svg><path d='M0 0 L", "no SVG drawing"),
        (b"\x00\x01", "no SVG drawing"),
        (f"{HEAD}<path d='M0 0{' L1 1' * 1_000_000}'/></svg>".encode(), "larger than 4 MB"),
        (f"{HEAD}<path d='M0 0{' L1 1' * 70_000}'/></svg>".encode(), "more than 20000 points"),
    ],
    ids=["entities", "external", "script", "cut", "bytes", "a million points", "many points"],
)
def test_what_is_no_drawing_is_one_line(tmp_path, data, words):
    pytest.importorskip("svgelements")
    path = tmp_path / "a.svg"
    path.write_bytes(data)
    with pytest.raises(UserError, match=words) as error:
        svg.read(path)
    assert "\n" not in str(error.value)


def test_a_script_beside_lines_is_left_out(tmp_path):
    assert len(parsed(tmp_path, "<script>alert(1)</script><line x1='0' y1='0' x2='9' y2='9'/>")) == 1


def zigzag(seed):
    rng = np.random.default_rng(seed)
    return [np.cumsum(rng.normal(size=(5, 2)), 0) for _ in range(3)]


def test_a_drawing_is_learned_as_it_was(tmp_path):
    made = drawing.prepared(zigzag(1))
    again = drawing.strokes(drawing.sequence(made))
    assert len(again) == len(made)
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(made, again, strict=True))
    points = np.concatenate(made)
    assert np.ptp(points, 0).max() == pytest.approx(drawing.SIDE)


def test_a_straight_line_is_few_points_and_a_curve_more():
    straight = np.stack([np.linspace(0, 1, 100), np.zeros(100)], 1)
    turn = np.linspace(0, np.pi, 100)
    assert len(drawing.simplified(straight)) == 2
    assert 6 < len(drawing.simplified(np.stack([np.cos(turn), np.sin(turn)], 1))) < 30


def write_svg(folder, count):
    folder.mkdir()
    for k in range(count):
        (folder / f"{k}.svg").write_text(f"{HEAD}<path d='M2 {k % 9} L10 3 L{k % 7} 9'/></svg>")
    return folder


def test_three_drawings_are_too_few_and_it_says_how_many_are_needed(tmp_path):
    pytest.importorskip("svgelements")
    with pytest.raises(UserError, match=r"3 drawings that can be used; a sketch dream needs 16") as error:
        material.read([write_svg(tmp_path / "few", 3)], 160)
    assert "\n" not in str(error.value)


def test_a_broken_drawing_among_good_ones_is_named_and_left_out(tmp_path):
    pytest.importorskip("svgelements")
    folder = write_svg(tmp_path / "many", 20)
    (folder / "bad.svg").write_text("<svg><path")
    (folder / "empty.svg").write_text(f"{HEAD}</svg>")
    found = material.read([folder], 160)
    assert len(found.rows) == 20
    assert ["bad.svg" in found.notes[0] or "bad.svg" in found.notes[1], len(found.notes)] == [True, 2]


def test_quickdraw_and_stroke_files_are_read_and_nothing_in_them_is_run(tmp_path):
    lines = [json.dumps({"word": "cat", "drawing": [[[0, 5, 9], [1, 2, 9]], [[3, 4], [0, 7]]]})] * 20
    (tmp_path / "cat.ndjson").write_text("\n".join(lines))
    found = material.read([tmp_path / "cat.ndjson"], 160)
    assert len(found.rows) == 20
    assert len(drawing.strokes(found.rows[0])) == 2
    ways = np.empty(20, object)
    ways[:] = [np.array([[1, 2, 0], [3, 1, 1], [2, 2, 0], [5, 0, 1]], np.int16)] * 20
    np.savez(tmp_path / "good.npz", train=ways)
    assert len(material.read([tmp_path / "good.npz"], 160).rows) == 20

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "was run"), "w"))

    evil = b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "evil.npz", "w") as archive:
        archive.writestr("train.npy", evil + pickle.dumps(Evil()))
    with pytest.raises(UserError, match=r"0 drawings .*no file of strokes \(UnpicklingError\)"):
        material.read([tmp_path / "evil.npz"], 160)
    assert not (tmp_path / "was run").exists()


@pytest.fixture
def pen():
    torch.manual_seed(0)
    return Sketcher(RECIPE).eval().pen


def values_of(step, pen, side=64):
    values = {
        "latent.pen": torch.tensor([[0.0, 0.0, 0.0, 1.0]]),
        "latent.drawing": step.bank[:1],
        **components.states(pen),
        "state.canvas": torch.zeros(1, 1, side, side),
        "state.last": torch.zeros(1, 3),
    }
    for each in components.CONTROLS:
        values[f"control.{each['name']}"] = torch.tensor(np.atleast_1d(each["default"]), dtype=torch.float32)
    return values


def run(part, values):
    with torch.no_grad():
        made = part(*(values[name] for name in part.inputs))
    values |= {name.removeprefix("next."): each for name, each in zip(part.outputs, made, strict=True)}


def test_it_draws_to_the_end_clears_the_page_and_begins_another(pen, monkeypatch):
    monkeypatch.setattr(components, "MOST", 12)
    step = components.Step(pen, 0.25, np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32))
    decode, values = components.Decode((64, 64)), values_of(step, pen)
    values |= {"control.speed": torch.tensor([6.0]), "control.width": torch.tensor([40.0])}
    random = torch.Generator().manual_seed(1)
    inked, drawn = [], [values["latent.drawing"]]
    for _ in range(400):
        values["noise"] = torch.randn(1, 12, generator=random)
        values["uniform"] = torch.rand(1, 4, generator=random)
        run(step, values)
        run(decode, values)
        inked.append(int((values["layer.ink"][..., 3] > 128).sum()))
        if not torch.equal(drawn[-1], values["latent.drawing"]):
            drawn.append(values["latent.drawing"])
    assert len(drawn) >= 2
    assert max(inked) > 30
    after = inked.index(max(inked))
    assert 0 in inked[after:]  # the page was cleared,
    assert max(inked[after + inked[after:].index(0) :]) > 10  # and something else was drawn


def test_only_the_newest_line_is_added(pen):
    decode = components.Decode((64, 64))
    values = values_of(components.Step(pen, 0.25, np.zeros((3, 8), np.float32)), pen)
    values |= {"latent.pen": torch.tensor([[0.5, 0.0, 0.0, 1.0]]), "control.width": torch.tensor([40.0])}
    run(decode, values)
    ink = values["layer.ink"][0, :, :, 3]
    assert ink[32, 40] > 200
    assert ink[32, 20] == 0
    values["latent.pen"] = torch.tensor([[-0.5, -0.5, 1.0, 1.0]])  # another stroke: the pen was lifted on the way
    run(decode, values)
    assert torch.equal(values["layer.ink"][0, :, :, 3] > 100, ink > 100)


def test_corners_stay_and_curves_are_round():
    square = [np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5]])]
    assert any(np.allclose(point, (0.5, -0.5)) for point in raster.smooth(square)[0])
    assert raster.smooth(square)[0][:, 0].max() < 0.51
    turn = np.linspace(0, 1.5 * np.pi, 10)
    radius = np.hypot(*raster.smooth([np.stack([np.cos(turn), np.sin(turn)], 1)])[0].T)
    assert radius[6:-6].min() > 0.985
    assert radius.max() < 1.015
