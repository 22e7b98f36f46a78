"""Files as live sources: their rate, their seam, their colours, and whatever is wrong with them."""

import itertools
import os
import struct
import zlib

import numpy as np
import pytest

from livedream import UserError
from livedream.input.live_source import open_source
from livedream.input.picture import file, paced
from livedream.input.picture.convert import LARGEST
from livedream.input.picture.shot import Asked
from tests.input.live import BLUE, Report, film, picture, shown, started
from tests.waiting import until


def first(path, count=None, report=None, **asked):
    """The first picture of a file, or the first `count`, in this process."""
    shots = file.pictures(Asked(str(path), **asked), report or Report())
    try:
        return next(shots).pixels if count is None else list(itertools.islice(shots, count))
    finally:
        shots.close()


class Clock:
    """A clock that sleeping puts forward at once, so that no film is ever late."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """The clock by which films are played in this process."""
    monkeypatch.setattr(paced, "time", Clock())
    return paced.time


def levels(shots):
    """The number of each picture of a film of `film`."""
    return [round(int(shot.pixels[9, 9, 0]) / 4) for shot in shots]


# ---- films ----

CASES = {
    "mp4": {},
    "mkv": {"bf": "2"},  # pictures are stored in another order
    "ts": {"bf": "2"},  # the clock does not begin at 0
    "avi": {"codec": "ffv1", "pix_fmt": "yuv444p"},
    "gif": {"codec": "gif", "pix_fmt": "gray"},
    "apng": {"codec": "apng", "pix_fmt": "rgb24", "muxer": {"plays": "0"}},
    "webm": {"codec": "libvpx-vp9", "pix_fmt": "yuv444p", "lossless": "1"},
}


@pytest.mark.parametrize("suffix", CASES)
def test_a_film_begins_again_without_a_picture_too_many_or_too_few(tmp_path, clock, suffix):
    shots = first(film(tmp_path / f"a.{suffix}", 6, **CASES[suffix]), 15)
    assert levels(shots) == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2]


def test_a_film_plays_at_its_own_rate_also_over_the_seam(tmp_path, clock):
    shots = first(film(tmp_path / "a.mp4", 5, rate=10), 12)
    assert [round((b.at - a.at) * 10) for a, b in itertools.pairwise(shots)] == [1] * 11


def test_a_film_that_is_late_leaves_pictures_out_and_counts_them(tmp_path, clock):
    report, came = Report(), []
    shots = file.pictures(Asked(str(film(tmp_path / "a.mp4", 30, rate=50))), report)
    for shot in itertools.islice(shots, 8):
        came.append(shot)
        if len(came) == 3:
            clock.sleep(0.2)
    shots.close()
    numbers = levels(came)
    assert numbers[:3] == [0, 1, 2]
    assert report.skips == numbers[3] - 3 > 5
    assert numbers[3:] == list(range(numbers[3], numbers[3] + 5))


def test_webp_that_moves_comes_with_its_alpha_at_its_own_times(tmp_path, clock):
    image = pytest.importorskip("PIL.Image")
    pictures = [image.new("RGBA", (32, 16), (200, number, 0, 128)) for number in (0, 100)]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=[100, 200], lossless=True)
    shots = first(tmp_path / "a.webp", 5)
    assert [shot.pixels[5, 5].tolist() for shot in shots] == [[200, 0, 0, 128], [200, 100, 0, 128]] * 2 + [
        [200, 0, 0, 128]
    ]
    assert [round((b.at - a.at) * 10) for a, b in itertools.pairwise(shots)] == [1, 2, 1, 2]


def test_numbered_pictures_are_a_film_in_the_order_of_their_numbers(tmp_path, clock):
    for number in (9, 10, 11):
        picture(tmp_path / f"s{number}.png", np.full((16, 16, 3), 4 * number, np.uint8))
    (tmp_path / "s12.png").write_bytes(b"damaged")
    report = Report()
    assert levels(first(tmp_path / "s%d.png", 5, report, fps=50.0)) == [9, 10, 11, 9, 10]
    assert report.skips == 1


# ---- pictures as they should be seen ----


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
@pytest.mark.parametrize("range_", ["tv", "pc"])
def test_matrix_and_range_of_a_film_are_respected(tmp_path, matrix, range_):
    import subprocess

    path = tmp_path / "a.mp4"
    chosen = f"scale=out_color_matrix={matrix}:out_range={range_},format=yuv420p"
    chosen += f",setparams=colorspace={matrix}:range={range_}"
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "color=#1428c8:s=64x48:r=25:d=0.2", "-vf", chosen]
    subprocess.run([*command, "-qp", "0", path], check=True, timeout=60)
    assert np.abs(first(path)[20, 20, :3].astype(int) - BLUE).max() <= 4


def test_a_photo_is_exact_and_upright(tmp_path):
    chance = np.random.default_rng(1)
    pixels = chance.integers(0, 256, (20, 30, 4), np.uint8)
    assert np.array_equal(first(picture(tmp_path / "a.png", pixels)), pixels)
    half = np.zeros((64, 96, 3), np.uint8)
    half[:, :48] = 255  # white on the left
    path = picture(tmp_path / "a.jpg", half)
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)  # a quarter turn to the right
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    turned = first(path)
    assert turned.shape == (96, 64, 4)
    assert turned[5, 30, 0] > 250  # white above
    assert turned[90, 30, 0] < 5


def test_pixels_that_are_not_square_are_made_square(tmp_path):
    path = film(tmp_path / "a.mkv", 2, size=(72, 60))
    assert first(path).shape == (60, 72, 4)
    import subprocess

    command = ["ffmpeg", "-loglevel", "error", "-i", path, "-vf", "setsar=16/15", tmp_path / "b.mkv"]
    subprocess.run(command, check=True, timeout=60)
    assert first(tmp_path / "b.mkv").shape == (60, 77, 4)


def test_a_film_whose_size_changes_goes_on(tmp_path, clock):
    paths = [film(tmp_path / f"{side}.ts", 3, size=(side, side)) for side in (64, 96)]
    (tmp_path / "both.ts").write_bytes(b"".join(path.read_bytes() for path in paths))
    sizes = [shot.pixels.shape[0] for shot in first(tmp_path / "both.ts", 8)]
    assert sizes == [64, 64, 64, 96, 96, 96, 64, 64]


# ---- what is wrong with files ----


def png(width, height, lines=None):
    """A black PNG of any size, as small as it can be; with fewer lines than it says."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    squeezer = zlib.compressobj(1)
    data = (
        b"".join(squeezer.compress(bytes(width + 1)) for _ in range(height if lines is None else lines))
        + squeezer.flush()
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_photo_of_a_hundred_megapixels_is_made_smaller(tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(png(12500, 8000))
    pixels = first(path)
    assert LARGEST * 0.99 < pixels.shape[0] * pixels.shape[1] <= LARGEST * 1.001
    assert abs(pixels.shape[1] / pixels.shape[0] - 12500 / 8000) < 0.01


def test_a_picture_that_would_take_all_memory_is_refused(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(30000, 10000, lines=9))
    assert trouble(path) == "bomb.png: no picture in it can be decoded"


def trouble(path):
    """What is said of a file without pictures, without its folder."""
    with started(path) as source:
        until(lambda: source.error)
        assert (source.state, source.latest) == ("retrying", None)
        assert "\n" not in source.error
        return source.error.replace(f"{path.parent}/", "")


def test_files_without_pictures_are_told_in_one_line(tmp_path):
    whole = film(tmp_path / "whole.mp4", 5).read_bytes()
    sound = tmp_path / "sound.wav"
    sound.write_bytes(b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\xbb\0\0\0w\1\0\2\0\x10\0data\0\0\0\0")
    photo = picture(tmp_path / "p.jpg", np.zeros((64, 64, 3), np.uint8)).read_bytes()
    for name, data, said in (
        ("cut.mp4", whole[: len(whole) // 2], "cut.mp4"),
        ("empty.mp4", b"", "the file is empty"),
        ("text.txt", b"no picture\n" * 99, "is no picture and no film"),
        ("bad.jpg", photo[:40] + bytes(60), "no picture in it can be decoded"),
        ("noise.mp4", os.urandom(5000), "cannot be read as video"),
    ):
        (tmp_path / name).write_bytes(data)
        report = Report(trouble=True)
        shots = file.pictures(Asked(str(tmp_path / name)), report)
        file_changes(shots, tmp_path / name, whole)
        assert said in report.troubles[0], name
    assert trouble(sound) == "sound.wav: has no video track"


def file_changes(shots, path, data):
    """Take the next picture of a file, in which `data` stand as soon as it is waited for."""
    import threading

    timer = threading.Timer(
        0.1, lambda: path.with_suffix(".new").write_bytes(data) and os.replace(path.with_suffix(".new"), path)
    )
    timer.start()
    assert next(shots).pixels.shape == (48, 64, 4)
    shots.close()
    timer.join()


def test_a_film_that_is_deleted_plays_on_and_one_that_is_replaced_is_taken(tmp_path, clock):
    path = film(tmp_path / "a.mp4", 4)
    shots = file.pictures(Asked(str(path)), Report())
    next(shots)
    path.unlink()
    assert levels(itertools.islice(shots, 7)) == [1, 2, 3, 0, 1, 2, 3]
    film(path, 4, size=(96, 80))
    assert next(shots).pixels.shape == (80, 96, 4)
    shots.close()


def test_a_photo_is_held_and_taken_anew_when_it_changes(tmp_path):
    path = picture(tmp_path / "a.png", np.full((16, 16, 3), 10, np.uint8))
    with started(path) as source:
        assert shown(source).pixels[0, 0, 0] == 10
        picture(tmp_path / "b.png", np.full((16, 16, 3), 99, np.uint8))
        os.replace(tmp_path / "b.png", path)
        shown(source, lambda pixels: pixels[0, 0, 0] == 99)
        path.write_bytes(b"no picture")
        until(lambda: source.state == "retrying")
        assert source.latest.pixels[0, 0, 0] == 99
        assert source.received == 2


def test_a_damaged_part_of_a_film_is_passed_over(tmp_path, clock):
    path = film(tmp_path / "a.ts", 40, g="5", sc_threshold="0")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = np.random.default_rng(3).bytes(600)
    path.write_bytes(data)
    numbers = levels(first(path, 30))
    assert {0, 1, 2, 3} <= set(numbers)
    assert max(numbers) >= 30


# ---- what may be asked for ----


def test_wrong_files_are_told_at_once_with_what_was_meant(tmp_path):
    film(tmp_path / "clip.mp4", 1)
    for name, said in (
        ("clip.mp3", "no such file; did you mean clip.mp4?"),
        ("nothing/like.it", "no such file"),
        ("shot-%04d.png", "there are no such pictures"),
        (".", "is a folder"),
    ):
        with pytest.raises(UserError) as error:
            open_source(str(tmp_path / name))
        assert said in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["20:15", "concat:x", "pipe:1", "a b", "100%", "camera", "-x"])
def test_a_file_has_any_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    film(tmp_path / f"{name}.mp4", 2)
    source = open_source(f"{name}.mp4" if name != "camera" else "./camera.mp4")
    assert (source.kind, source.name) == ("file", f"{name}.mp4")
    assert first(f"{name}.mp4").shape == (48, 64, 4)
