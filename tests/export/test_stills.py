"""Folders of pictures as material: any names, sizes and formats, the right way up; what is no use is named."""

import numpy as np
import pytest
from livedream_export import cache, material, sources, stills

from livedream import UserError

Image = pytest.importorskip("PIL.Image")
ImageOps = pytest.importorskip("PIL.ImageOps")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "in").mkdir()


def picture(seed, width=160, height=120):
    cells = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(cells).resize((width, height), Image.BICUBIC)


def fill(folder, count=stills.FEWEST, start=0):
    for k in range(start, start + count):
        picture(k).save(folder / f"holiday {k}.png")


def read(folder, size=(96, 64), **options):
    return sources.read([folder], size, pictures=True, **options)


def closest(frames, wanted):
    """The number of the frame nearest to a picture, and how far it is off in grey levels."""
    errors = np.abs(frames.astype(int) - np.asarray(wanted.convert("RGB"), int)).mean((1, 2, 3))
    return int(errors.argmin()), float(errors.min())


def test_any_names_sizes_and_formats_are_read_at_one_size_each_a_shot_of_its_own(tmp_path):
    folder = tmp_path / "in"
    made = {
        "IMG 1.jpg": picture(1, 300, 200),
        "b.webp": picture(2, 150, 100),
        "c.GIF": picture(3, 96, 64).quantize(256),
        "deep.tiff": picture(4, 600, 400),
        "grey.jpg": picture(5, 96, 64).convert("L"),
        "print.jpg": picture(6, 96, 64).convert("CMYK"),
        "large.png": picture(7, 1200, 800),
        "small.bmp": picture(8, 48, 32),
        "palette.png": picture(9, 96, 64).quantize(256),
    }
    (folder / "below").mkdir()
    for k, (name, image) in enumerate(made.items()):
        image.save((folder / "below" if k % 2 else folder) / name, quality=98)
    taken = read(folder)
    assert taken.frames.shape == (len(made), 64, 96, 3)
    assert list(taken.segments) == [(k, k + 1) for k in range(len(made))]
    assert taken.fps == 25
    found = [closest(taken.frames, each.convert("RGB").resize((96, 64), Image.BOX)) for each in made.values()]
    assert sorted(number for number, _ in found) == list(range(len(made)))
    assert max(error for _, error in found) < 6


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_as_their_exif_says(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "in" / f"turned.{suffix}"
    picture(1, 96, 64).save(path, exif=exif, **({"lossless": True} if suffix == "webp" else {"quality": 98}))
    wanted = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    fill(tmp_path / "in")
    taken = read(tmp_path / "in", wanted.size if orientation < 5 else (64, 96))
    number, error = closest(taken.frames, wanted)
    assert taken.sources[number].path == str(path)
    assert error < 4


def test_transparent_parts_show_the_background(tmp_path):
    fill(tmp_path / "in")
    image = picture(50, 96, 64).convert("RGBA")
    image.putalpha(Image.fromarray(np.where(np.arange(96) < 48, 0, 255).astype(np.uint8)[None].repeat(64, 0)))
    image.save(tmp_path / "in/0 first.png")
    frame = read(tmp_path / "in", background=(10, 200, 90)).frames[0]
    assert (frame[:, :46] == (10, 200, 90)).all()
    assert np.abs(frame[:, 50:].astype(int) - np.asarray(image)[:, 50:, :3]).max() <= 2


def test_copies_and_damaged_files_are_left_out_and_named_in_a_table(tmp_path, capsys):
    folder = tmp_path / "in"
    fill(folder)
    picture(0).save(folder / "saved again.bmp")
    (folder / "copy.png").write_bytes((folder / "holiday 1.png").read_bytes())
    (folder / "cut short.png").write_bytes((folder / "holiday 2.png").read_bytes()[:700])
    (folder / "text.jpg").write_text("no picture")
    (folder / "read me.txt").write_text("no picture")
    picture(60, 64, 200).save(folder / "tall.png")
    taken = material.read([str(folder)], "96x64", material.Progress(), pictures=True)
    assert len(taken.frames) == stills.FEWEST + 1
    said = capsys.readouterr().err
    assert "read me.txt" in said
    assert "1 of another shape than most" in said
    assert "cut short.png: cannot be decoded" in said
    assert "text.jpg: cannot be decoded (it holds text, not a picture)" in said
    same = next(line for line in said.splitlines() if "the same picture is there before" in line)
    assert "copy.png" in same or "holiday 1.png" in same
    assert "saved again.bmp" in same
    assert "9 of 13 pictures used: 9 frames of 96x64" in said


def test_a_second_reading_opens_the_cache_and_says_the_same(tmp_path, monkeypatch):
    fill(tmp_path / "in")
    (tmp_path / "in/text.jpg").write_text("no picture")
    first = read(tmp_path / "in", 64)
    monkeypatch.setattr(cache, "write", None)
    again = read(tmp_path / "in", 64)
    assert (again.sha256, again.notes, again.sources) == (first.sha256, first.notes, first.sources)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_pictures_are_one_line_with_the_least_number(tmp_path, count):
    fill(tmp_path / "in", count)
    (tmp_path / "in/text.jpg").write_text("no picture")
    with pytest.raises(UserError, match=f"needs {stills.FEWEST} at least") as error:
        stills.read([tmp_path / "in"], 64)
    assert "\n" not in str(error.value)
    assert f"{count} picture" in str(error.value)
    assert not list((tmp_path / "cache").rglob("frames.npy"))


def test_video_is_still_footage_and_animations_alone_are_too(tmp_path):
    fill(tmp_path / "in")
    assert stills.are_pictures([tmp_path / "in"])
    assert stills.are_pictures(sorted((tmp_path / "in").iterdir()))
    (tmp_path / "in/clip.mp4").write_bytes(b"")
    assert not stills.are_pictures([tmp_path / "in"])
    other = tmp_path / "moving"
    other.mkdir()
    images = [picture(k) for k in range(20)]
    images[0].save(other / "moving.gif", save_all=True, append_images=images[1:], duration=40)
    assert not stills.are_pictures([other])
    assert read(other).segments != tuple((k, k + 1) for k in range(20))
