"""The looks that ship: each is complete, draws, and repeats exactly; and the command that lists and checks them."""

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from livedream import UserError, cli
from livedream.look import header, isf, library

ROOT = Path(__file__).resolve().parents[2]
LOOKS = {each.stem: each for each in library.paths()}
SIZE = (96, 54)


def picture(number: int) -> np.ndarray:
    """Return a dark picture with a bright disc that moves with its number, bottom row first."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    disc = np.clip(14 - np.hypot(x - 20 - 3 * number, y - 27), 0, 1)
    pixels = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    pixels[..., 0] = 20 + 2 * y + 120 * disc
    pixels[..., 1] = 10 + 220 * disc
    pixels[..., 2] = 60 + x
    return pixels


@pytest.fixture(scope="module")
def compiled(gl):
    """compiled(name) returns a shipped look, compiled once for all tests, with empty buffers."""
    made = {}

    def get(name: str) -> isf.Look:
        if name not in made:
            made[name] = isf.Look(gl, header.read(LOOKS[name]))
        made[name].reset()
        return made[name]

    yield get
    for each in made.values():
        each.release()


@pytest.fixture
def played(gl, compiled, pixels):
    """played(name, pictures) returns the last picture that a shipped look draws from these."""

    def play(name: str, pictures, fps: float = 30.0, **values) -> np.ndarray:
        look = compiled(name)
        textures = [gl.texture(SIZE, 4, each.tobytes()) for each in pictures]
        try:
            for number, texture in enumerate(textures):
                given = {"inputImage": texture, "startImage": textures[0], "endImage": texture}
                dt = 1 / fps if number else 0.0
                drawn = look.draw(SIZE, values, number / fps, dt, number, images=given)
            return pixels(drawn).copy()
        finally:
            for each in textures:
                each.release()
            assert gl.error == "GL_NO_ERROR"

    return play


MOVING = [picture(each) for each in range(6)]


def test_at_least_a_dozen_ship():
    assert len(LOOKS) >= 12


@pytest.mark.parametrize("name", LOOKS)
def test_every_shipped_look_says_what_it_is_and_every_input_its_range(name):
    source = header.read(LOOKS[name])
    assert source.version == "2"
    assert source.description
    assert source.credit.startswith("livedream, CC0")
    assert source.categories
    assert not source.notes
    for each in source.inputs:
        assert each.type in ("image", "event") or each.low < each.high, each.name
        assert each.type == "image" or each.label != each.name, each.name


@pytest.mark.parametrize("name", LOOKS)
def test_every_shipped_look_changes_the_picture_and_is_the_same_again(name, played):
    first = played(name, MOVING, progress=0.5)
    assert np.array_equal(first, played(name, MOVING, progress=0.5))
    assert np.abs(first[..., :3] - MOVING[-1][..., :3].astype(int)).mean() > 0.5
    assert first[..., :3].std() > 3  # not one flat colour
    assert (first[..., 3] > 250).all()  # an opaque picture stays opaque


@pytest.mark.parametrize("name", [each for each in LOOKS if header.read(LOOKS[each]).kind == "transition"])
def test_a_transition_begins_with_the_one_picture_and_ends_with_the_other(name, played):
    for progress, wanted in ((0.0, MOVING[0]), (1.0, MOVING[-1])):
        shown = played(name, MOVING, progress=progress)[..., :3].astype(int)
        assert np.abs(shown - wanted[..., :3]).max() <= 2


def test_trails_last_seconds_not_frames(played):
    bright, dark = picture(0), np.full_like(picture(0), (0, 0, 0, 255))
    left = [
        played("trails", [bright] + [dark] * round(fps / 2), fps, seconds=0.5, wind=(0, 0), waver=0, hue=0)[27, 20, 1]
        for fps in (30.0, 120.0)
    ]
    assert abs(int(left[0]) - int(left[1])) <= 12
    assert 40 < left[0] < 160  # 1/e of it is left after these 0.5 s


def test_slit_scan_flows_as_fast_at_every_frame_rate(played):
    for fps in (30.0, 120.0):
        pictures = [np.full_like(picture(0), (each, 0, 0, 255)) for each in np.linspace(0, 255, round(fps) + 1)]
        shown = played("slitscan", pictures, fps, speed=0.5, window=0.2, place=0.5)[27, :, 0].astype(float)
        late = shown[48] - shown[48 + 10 + 12]  # 12 pixels outside of the window, at 24 a second: half a second old
        assert abs(late - 127) < 20


def test_a_look_is_found_by_its_name_or_its_path(tmp_path):
    assert library.find("bloom") == library.find("bloom.fs") == LOOKS["bloom"]
    own = tmp_path / "own.fs"
    own.write_text("/*{}*/ void main() { gl_FragColor = vec4(1.0); }")
    assert library.find(own) == own
    with pytest.raises(UserError, match=r"blooom: no such file.*bloom"):
        library.find("blooom")


def test_the_wheel_has_the_looks_inside_the_package():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert "livedream" in wheel["packages"]
    assert wheel["force-include"] == {"shaders": "livedream/shaders"}


def test_the_command_lists_what_ships_one_line_each(capsys):
    assert cli.main(["looks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [each.split()[0] for each in lines] == sorted(LOOKS)
    assert all(header.read(LOOKS[each.split()[0]]).description in each for each in lines)


def test_the_command_says_for_each_file_whether_it_works(gl, tmp_path):
    good, bad = tmp_path / "good.fs", tmp_path / "bad.fs"
    good.write_text("/*{}*/\nvoid main() { gl_FragColor = vec4(1.0); }\n")
    bad.write_text("/*{}*/\nvoid main() {\n  gl_FragColor = nothing;\n}\n")
    missing = tmp_path / "missing.fs"
    command = [sys.executable, "-m", "livedream", "looks", str(good), str(bad), str(missing), "mirror"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=ROOT)
    lines = told.stdout.splitlines()
    assert told.returncode == 1
    assert lines[0] == f"ok {good}"
    assert lines[1].startswith(f"FAIL {bad}:3: ")
    assert lines[2].startswith(f"FAIL {missing}:1: ")
    assert lines[3] == f"ok {LOOKS['mirror']}"
    assert len(lines) == 4


def test_a_contact_sheet_has_a_picture_for_every_look(gl, tmp_path):
    import simplejpeg

    from livedream.look import sheet

    frames = [picture(each)[::-1] for each in range(4)]
    out = tmp_path / "looks.jpg"
    sheet.write(out, [header.read(LOOKS[each]) for each in ("mirror", "duotone", "spill", "trails")], frames, SIZE)
    shown = simplejpeg.decode_jpeg(out.read_bytes())
    step = sheet.WIDTH + sheet.GAP
    places = [shown[sheet.GAP :, sheet.GAP + i * step :][: sheet.HEIGHT, : sheet.WIDTH] for i in range(sheet.COLUMNS)]
    assert all(each.std() > 10 for each in places)  # the dream, and three looks
    assert np.abs(places[0].astype(int) - places[2]).mean() > 20  # duotone is not the dream
    assert shown.shape[0] > 2 * sheet.HEIGHT  # the fifth is in a second row
    with pytest.raises(UserError, match=r"ends in \.jpg"):
        sheet.write(tmp_path / "looks.png", [], frames)
