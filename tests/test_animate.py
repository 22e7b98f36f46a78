"""`livedream animate`: films and sheets of what happens next."""

import itertools

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.backend import cpu
from livedream.cli import main
from livedream.dream import read
from livedream.loop import futures
from livedream.picture import photo, png
from livedream.play.photo_start import PhotoStart
from tests import dreams


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("animate")
    pixels = dreams.picture(np.array([0.8, -0.4, 1.2]))[0]
    pixels[8:16, 20:40, :3] = 255 - pixels[8:16, 20:40, :3]  # what the dream cannot draw
    (folder / "photo.png").write_bytes(png.encode(pixels))
    (folder / "words.jpg").write_text("words\n" * 99)
    return {
        "folder": folder,
        "photo": folder / "photo.png",
        "pixels": pixels,
        "dream": dreams.tiny(folder / "dream.onnx", encode=True),
        "blind": dreams.tiny(folder / "blind.onnx"),
        "effect": dreams.invert(folder / "effect.onnx"),
    }


def film(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def run(*arguments):
    return main(["animate", *map(str, arguments)])


def test_the_first_frame_is_the_photo_and_then_the_dream_goes_on(files, capsys):
    out = files["folder"] / "one.mkv"
    assert run(files["photo"], "--model", files["dream"], "-o", f"{out}#codec=ffv1", "--seconds", "2.5") == 0
    assert capsys.readouterr().out.strip() == str(out)
    pictures = film(out)
    assert len(pictures) == 75
    assert np.array_equal(pictures[0], files["pixels"][..., :3])
    motion = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(pictures)]
    assert min(motion) > 0.1  # never stands still, from the first step on
    ramp = pictures[-1][..., 0].astype(int)
    assert (np.diff(ramp[:, 5:50], axis=1) >= 0).all()  # nothing is left of what the dream cannot draw


def test_futures_begin_alike_and_differ_by_seed(files):
    dream, pixels = read.load(files["dream"]), photo.read(files["photo"], 64, 32)
    drawn = list(futures.of_dream(dream, pixels, 60, 30, seed=4, several=3))
    assert all(np.array_equal(each, pixels) for each in drawn[0])
    last = drawn[-1]
    assert not np.array_equal(last[0], last[1])
    assert not np.array_equal(last[1], last[2])
    again = list(futures.of_dream(dream, pixels, 60, 30, seed=5))
    assert np.array_equal(again[-1][0], last[1])


def test_a_grid_with_the_films_of_each(files, capsys):
    out = files["folder"] / "six.mkv"
    made = run(files["photo"], "--model", files["dream"], "-o", out, "--futures", 6, "--each", "--seconds", "0.2")
    assert made == 0
    paths = capsys.readouterr().out.split()
    assert [path.rpartition("/")[2] for path in paths] == ["six.mkv", *(f"six-{k}.mkv" for k in range(1, 7))]
    grid = film(out)[0]
    assert grid.shape[0] >= 2 * 32
    assert grid.shape[1] >= 2 * 64
    assert film(files["folder"] / "six-3.mkv")[0].shape == (32, 64, 3)


def test_a_sheet_has_a_row_for_each_future(files, capsys):
    out = files["folder"] / "sheet.png"
    assert run(files["photo"], "--model", files["dream"], "-o", out, "--futures", 4, "--seconds", 1) == 0
    sheet = photo.read(out, *photo.shape(out))
    gap = futures.GAP
    assert sheet.shape[:2] == (4 * 32 + 3 * gap, futures.MOMENTS * 64 + 5 * gap)
    assert np.array_equal(sheet[32 + gap : 64 + gap, :64], files["pixels"])  # the first moment of the second
    assert run(files["photo"], "--model", files["dream"], "-o", out, "--seconds", 1) == 0  # leaves the older one alone
    assert (files["folder"] / "sheet-2.png").exists()


def test_a_control_is_set(files):
    dream, pixels = read.load(files["dream"]), photo.read(files["photo"], 64, 32)
    calm = [list(futures.of_dream(dream, pixels, 30, 30, seed=s, levels={"temperature": 0}))[-1][0] for s in (1, 2)]
    assert np.array_equal(*calm)  # nothing but chance tells its futures apart
    half = next(futures.of_effect(read.load(files["effect"]), pixels, 1, 30, loop=True, given={"amount": 0.5}))[0]
    assert np.abs(half[..., :3].astype(int) - 127).max() <= 1


def test_an_effect_begins_with_the_photo(files):
    effect, pixels = read.load(files["effect"]), photo.read(files["photo"], 64, 32)
    drawn = [each[0] for each in futures.of_effect(effect, pixels, 40, 30)]
    assert np.array_equal(drawn[0], pixels)
    assert np.array_equal(drawn[-1][..., :3], 255 - pixels[..., :3])
    assert np.array_equal(next(futures.of_effect(effect, pixels, 1, 30, loop=True))[0][..., :3], 255 - pixels[..., :3])


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        ("blind", [], "has no encode"),
        ("effect", ["--futures", "2"], "is an effect"),
        ("dream", ["--loop"], "never comes back"),
        ("effect", ["--size", "128x64"], "takes pictures of 64x32"),
        ("dream", ["--futures", "0"], "from 1 to 64"),
        ("dream", ["--set", "temprature=2"], "did you mean temperature"),
        ("dream", ["--set", "temperature"], "should be CONTROL=N"),
        ("dream", ["--photo", "words.jpg"], "text, not a picture"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(files, capsys, model, more, words):
    given, more = (files["folder"] / more[1], []) if "--photo" in more else (files["photo"], more)
    try:
        code = run(given, "--model", files[model], "-o", files["folder"] / "no.mp4", *more)
    except SystemExit as end:  # an argument
        code = end.code
    told = capsys.readouterr().err
    assert code == 2
    assert words in told
    assert len(told.strip().splitlines()) == 1
    assert not (files["folder"] / "no.mp4").exists()


def test_a_start_without_numbers_is_refused(files):
    start = PhotoStart(read.load(files["dream"]), cpu.load)
    start._encode = lambda inputs: {"latent": np.full((1, 8), np.nan, np.float32)}  # noqa: SLF001
    with pytest.raises(UserError, match="not finite"):
        start(files["pixels"])


def test_the_recurrent_state_is_used_to_the_photo(files):
    state = PhotoStart(read.load(files["dream"]), cpu.load)(files["pixels"])
    assert np.allclose(state.step_state["state.h"], 0.5, atol=1e-3)  # tiny's moves half-way to uniform, which is held
