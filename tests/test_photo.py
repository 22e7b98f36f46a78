"""Photos of any kind are read; what is none is said in one line."""

import struct

import numpy as np
import pytest
import simplejpeg

from livedream import UserError
from livedream.picture import photo, png

PIL = pytest.importorskip("PIL.Image", reason="Pillow writes the photos")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photos of 40x20, red above blue; turned: as a phone stores one that was held upright."""
    folder = tmp_path_factory.mktemp("photos")
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:10, :, 0], pixels[10:, :, 2] = 255, 255
    image, turned = PIL.fromarray(pixels), PIL.Exif()
    turned[0x112] = 6
    for name in ("plain.jpg", "plain.png", "plain.tiff", "plain.webp", "plain.avif", "plain.bmp"):
        image.save(folder / name, **({"quality": 95} if name[6:] in ("jpg", "webp", "avif") else {}))
    for name in ("turned.jpg", "turned.png"):
        image.save(folder / name, exif=turned)
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    whole = simplejpeg.encode_jpeg(noise, quality=90)
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "bent.jpg").write_bytes(whole[:9000] + bytes(range(256)) * 4 + whole[10024:])
    (folder / "words.jpg").write_text("no photo\n" * 50)
    (folder / "words.txt").write_text("no photo\n" * 50)
    (folder / "empty.png").write_bytes(b"")
    frames = [PIL.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "moving.webp", save_all=True, append_images=frames[1:])
    PIL.new("RGBA", (16, 16), (200, 100, 50, 51)).save(folder / "clear.png")
    return folder


@pytest.mark.parametrize("kind", ["jpg", "png", "tiff", "webp", "avif", "bmp"])
def test_a_photo_covers_the_dream(folder, kind):
    pixels = photo.read(folder / f"plain.{kind}", 16, 16)
    assert pixels.shape == (16, 16, 4)
    assert pixels.dtype == np.uint8
    assert (pixels[..., 3] == 255).all()
    assert pixels[2, 8, 0] > 230 > 40 > pixels[2, 8, 2]
    assert pixels[-3, 8, 2] > 230 > 40 > pixels[-3, 8, 0]


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_it_is_turned_as_its_exif_says(folder, kind):
    assert photo.shape(folder / f"turned.{kind}") == (20, 40)
    pixels = photo.read(folder / f"turned.{kind}", 20, 40)
    assert pixels[20, -3, 0] > 200 > 60 > pixels[20, -3, 2]  # what was above is at the right
    assert pixels[20, 2, 2] > 200 > 60 > pixels[20, 2, 0]


def test_a_picture_of_the_dream_s_own_size_comes_as_it_is(tmp_path):
    own = np.random.default_rng(2).integers(0, 256, (32, 64, 4), np.uint8)
    own[..., 3] = 255
    (tmp_path / "own.png").write_bytes(png.encode(own))
    assert np.array_equal(photo.read(tmp_path / "own.png", 64, 32), own)


def test_alpha_lies_over_black(folder):
    pixels = photo.read(folder / "clear.png", 16, 16)
    assert np.abs(pixels[8, 8].astype(int) - (40, 20, 10, 255)).max() <= 1


def test_of_an_animated_gif_the_first_picture_is_taken(folder):
    assert photo.read(folder / "moving.gif", 8, 8)[4, 4].tolist()[:3] == [255, 0, 0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cut.jpg", "damaged"),
        ("bent.jpg", "damaged"),
        ("words.jpg", "text, not a picture"),
        ("words.txt", "is no picture"),
        ("empty.png", "empty"),
        ("nothing.jpg", "no such photo"),
        ("moving.webp", "animated WebP"),
        (".", "is no file"),
    ],
)
def test_what_is_no_photo_is_said_in_one_line(folder, name, words):
    with pytest.raises(UserError) as wrong:
        photo.read(folder / name, 16, 16)
    assert words in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert str(folder / name) in str(wrong.value)


def test_a_jpeg_of_a_hundred_megapixels_is_reduced_while_it_is_read(tmp_path, monkeypatch):
    bands = np.repeat(np.repeat(np.random.default_rng(3).integers(0, 256, (29, 36, 3), np.uint8), 300, 0), 300, 1)
    (tmp_path / "huge.jpg").write_bytes(simplejpeg.encode_jpeg(bands, quality=70))
    decoded = []
    scaled = photo._scaled  # noqa: SLF001
    monkeypatch.setattr(photo, "_scaled", lambda frame, *size: decoded.append(frame) or scaled(frame, *size))
    pixels = photo.read(tmp_path / "huge.jpg", 256, 144)
    assert pixels.shape == (144, 256, 4)
    assert decoded[0].width * decoded[0].height < 2e6  # an eighth of each side


def test_more_than_fits_into_memory_is_refused_before_it_is_decoded(tmp_path):
    small = png.encode(np.zeros((4, 4, 3), np.uint8))
    header = struct.pack(">II", 20000, 20000)
    (tmp_path / "bomb.png").write_bytes(small[:16] + header + small[24:])
    with pytest.raises(UserError, match="bomb"):
        photo.read(tmp_path / "bomb.png", 16, 16)


def test_the_names_of_a_folder(folder, tmp_path):
    found = photo.names(folder)
    assert {"plain", "turned", "cut"} <= found.keys()
    assert "words" in found
    assert found["words"].suffix == ".jpg"
    assert photo.names(tmp_path) == {} == photo.names(tmp_path / "nothing")
