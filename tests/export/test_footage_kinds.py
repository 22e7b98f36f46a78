"""Forty kinds of file that ffmpeg makes: each is learned in its true colours, or refused in one line."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from livedream_export import clip_table, footage

from livedream import UserError

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")
HIDDEN, SEEN = (255, 0, 0), (20, 200, 60)
ALPHA = (  # the left half is transparent, with red under it
    "color=black:s=64x64:r=25:d=1,format=rgba,"
    "geq=r='if(lt(X,32),255,20)':g='if(lt(X,32),0,200)':b='if(lt(X,32),0,60)':a='if(lt(X,32),0,255)'"
)


def ffmpeg(*arguments) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def plain(path, *encoder, size="64x64", to="yuv444p", scale="", seconds=1.0) -> Path:
    r, g, b = SEEN
    change = f"scale={scale}," if scale else ""
    source = f"color=0x{r:02x}{g:02x}{b:02x}:s={size}:r=25:d={seconds},format=gbrp,{change}format={to}"
    # Nothing is tagged that the encoder's arguments do not ask for.
    source += ",setparams=colorspace=unknown:range=unknown" if not encoder or "-colorspace" not in encoder else ""
    ffmpeg("-f", "lavfi", "-i", source, *(encoder or ("-c:v", "ffv1")), f"file:{path}")
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "in").mkdir()


def halves(path: Path, **options) -> list[np.ndarray]:
    """The colours in the middle of the left and the right half."""
    frames = footage.read([path], 64, **options).frames
    width = frames.shape[2]
    return [np.median(frames[:, 28:36, x - 4 : x + 4], axis=(0, 1, 2)) for x in (width // 4, 3 * width // 4)]


def near(found: np.ndarray, wanted: tuple[int, int, int]) -> bool:
    return bool(np.abs(found - wanted).max() <= 3)


WITH_ALPHA = {
    "qtrle.mov": ["-c:v", "qtrle", "-pix_fmt", "argb"],
    "png.mov": ["-c:v", "png", "-pix_fmt", "rgba"],
    "prores.mov": ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", "-alpha_bits", "16"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-lossless", "1"],
    "vp8.webm": ["-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-crf", "4", "-b:v", "4M"],
    "ffv1.mkv": ["-c:v", "ffv1", "-pix_fmt", "yuva444p"],
    "ffv1_rgb.mkv": ["-c:v", "ffv1", "-pix_fmt", "bgra"],
    "animated.png": ["-c:v", "apng", "-f", "apng", "-pix_fmt", "rgba"],
    "animated.webp": ["-c:v", "libwebp_anim", "-lossless", "1"],
    "animated.gif": [],
}


@pytest.mark.parametrize("name", WITH_ALPHA)
@pytest.mark.parametrize("background", [(0, 0, 0), (40, 80, 250)])
def test_what_is_transparent_is_the_background(tmp_path, name, background):
    if name.endswith("webp"):
        pytest.importorskip("PIL")
    path = tmp_path / "in" / name
    palette = ",split[a][b];[a]palettegen[p];[b][p]paletteuse" if name.endswith("gif") else ""
    turned = ALPHA + (",hue=H=0.02*n" if name.endswith("webp") else "")  # an encoder drops pictures that are the same
    ffmpeg("-f", "lavfi", "-i", (turned if name.endswith("webp") else ALPHA) + palette, *WITH_ALPHA[name], path)
    left, right = halves(path, background=background)
    assert near(left, background), left
    if not name.endswith("webp"):
        assert near(right, SEEN), right


TAGS = {  # encoder arguments, scale, pixel format, size
    "untagged 64x64": ((), "out_color_matrix=bt601", "yuv444p", "64x64"),
    "untagged 720x576": ((), "out_color_matrix=bt601", "yuv444p", "720x576"),
    "untagged 1280x544": ((), "out_color_matrix=bt709", "yuv444p", "1280x544"),
    "untagged 544x960": ((), "out_color_matrix=bt709", "yuv444p", "544x960"),
    "untagged 1920x800": ((), "out_color_matrix=bt709", "yuv420p", "1920x800"),
    "bt709 small": (("-colorspace", "bt709"), "out_color_matrix=bt709", "yuv444p", "64x64"),
    "bt601 large": (("-colorspace", "smpte170m"), "out_color_matrix=bt601", "yuv420p", "1280x720"),
    "bt470bg": (("-colorspace", "bt470bg"), "out_color_matrix=bt470", "yuv444p", "64x64"),
    "fcc": (("-colorspace", "fcc"), "out_color_matrix=fcc", "yuv444p", "64x64"),
    "smpte240m": (("-colorspace", "smpte240m"), "out_color_matrix=smpte240m", "yuv444p", "64x64"),
    "bt2020": (("-colorspace", "bt2020nc"), "out_color_matrix=bt2020", "yuv444p10le", "64x64"),
    "reserved matrix": (("-colorspace", "3"), "out_color_matrix=bt601", "yuv444p", "64x64"),
    "full range": (
        ("-colorspace", "bt709", "-color_range", "pc"),
        "out_color_matrix=bt709:out_range=full",
        "yuv444p",
        "64x64",
    ),
    "full range small untagged matrix": (
        ("-colorspace", "unknown", "-color_range", "pc"),
        "out_color_matrix=bt601:out_range=full",
        "yuv444p",
        "64x64",
    ),
    "rgb": ((), "", "gbrp", "64x64"),
    "rgb 10 bits": ((), "", "gbrp10le", "1280x720"),
}


@pytest.mark.parametrize("name", TAGS)
def test_colours_with_tags_missing_or_odd(tmp_path, name):
    tags, scale, pixels, size = TAGS[name]
    path = tmp_path / "in" / f"{name.replace(' ', '_')}.mkv"
    encoder = ("-c:v", "ffv1", *tags) if tags else ()
    left, right = halves(plain(path, *encoder, size=size, to=pixels, scale=scale))
    assert near(left, SEEN), (left, right)
    assert near(right, SEEN)


def test_motion_jpeg_is_full_range(tmp_path):
    path = plain(tmp_path / "in" / "a.avi", "-c:v", "mjpeg", "-q:v", "1", "-colorspace", "bt470bg", to="yuvj444p")
    assert near(halves(path)[0], SEEN)


NAMES = [
    "2024-11-14T22:57:44+02:00.mp4",
    "concat:a.mp4",
    "http:x.mp4",
    "pipe:0.mp4",
    "-x.mp4",
    "100%d %04d.mp4",
    "schön 夜 😀.mp4",
    "two\nlines.mp4",
    "what?*[a].mp4",
    os.fsdecode(b"not-utf8-\xff.mp4"),
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_a_files_name(tmp_path, monkeypatch, name):
    made = plain(tmp_path / "a.mp4", "-c:v", "libx264", "-qp", "0", to="yuv444p")
    monkeypatch.chdir(tmp_path / "in")
    shutil.move(made, name)
    for source in (name, f"./{name}", "."):
        taken = footage.read([source], 64)
        assert len(taken.frames) == 25
        lines = clip_table.text(taken.clips)
        assert len(lines) == 2
        assert all(line.isprintable() for line in lines)


def test_numbered_pictures_are_footage(tmp_path):
    ffmpeg("-f", "lavfi", "-i", ALPHA, tmp_path / "in/shot_%04d.png")
    (tmp_path / "in/shot_0007.png").write_bytes(b"damaged")
    (tmp_path / "in/cover.png").write_bytes(b"")
    taken = footage.read([tmp_path / "in"], 64)
    assert (len(taken.frames), taken.fps) == (25, 25)
    assert taken.clips[0].path.endswith("shot_####.png")
    assert "1 of 25 pictures are damaged" in taken.clips[0].why
    assert near(np.median(taken.frames[:, :, :8], axis=(0, 1, 2)), (0, 0, 0))
    assert "cover.png" in taken.notes[0]
    named = footage.read(sorted(tmp_path.glob("in/shot*")), 64, fps=12)
    assert (len(named.frames), named.fps, len(named.clips)) == (25, 12, 1)


def test_a_bad_clip_is_left_out_and_named(tmp_path):
    place = tmp_path / "in"
    plain(place / "good.mp4", "-c:v", "libx264", "-qp", "0")
    plain(place / "short.mp4", "-c:v", "libx264", seconds=0.2)
    plain(place / "ycgco.mkv", "-c:v", "ffv1", "-colorspace", "ycgco")
    (place / "text.mp4").write_text("not a film")
    (place / "gone.mp4").symlink_to("/nowhere/x.mp4")
    (place / "loop").symlink_to(place)
    (place / "again.mp4").symlink_to(place / "good.mp4")
    taken = footage.read([place], 64)
    table = {Path(row.path).name: (row.use, row.why) for row in taken.clips}
    assert [name for name, (use, _) in table.items() if use != "skipped"] == ["again.mp4"]
    assert "is the same file as" in table["good.mp4"][1]
    assert "at least 0.5 s" in table["short.mp4"][1]
    assert "colour matrix" in table["ycgco.mkv"][1]
    assert "cannot be read" in table["text.mp4"][1]
    assert "is a link to /nowhere/x.mp4, which does not exist" in table["gone.mp4"][1]
    assert len(taken.sources) == 1
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "more").symlink_to(place)
    assert len(footage.read([linked], 64).sources) == 1
    with pytest.raises(UserError, match=r"text\.mp4: cannot be read as video"):
        footage.read([place / "text.mp4"], 64)


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("h264.ts", ("libx264", "-g", "25", "-bf", "0")),
        ("mpeg2.mpg", ("mpeg2video", "-g", "12")),
        ("mpeg4.avi", ("mpeg4", "-g", "12")),
        ("mjpeg.avi", ("mjpeg",)),
        ("hevc.mp4", ("libx265", "-x265-params", "keyint=25:bframes=0:log-level=none")),
        ("ffv1.mkv", ("ffv1", "-level", "3", "-slicecrc", "1")),
    ],
)
def test_damaged_pictures_are_left_out_and_counted(tmp_path, name, encoder):
    """What is learned is as it was before the damage: every frame is like one of the sound file."""
    path = tmp_path / "in" / name
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x96:r=25:d=4", "-c:v", *encoder, path)
    whole = footage.read([path], 96).frames.astype(np.float32)
    data = bytearray(path.read_bytes())
    start = int(len(data) * 0.4)
    rng = np.random.default_rng(1)
    data[start : start + 1500] = rng.integers(0, 256, 1500, np.uint8).tobytes()
    path.write_bytes(data)
    taken = footage.read([path], 96)
    assert 25 <= len(taken.frames) <= 100
    assert "left out" in taken.clips[0].why or "skipped" in taken.clips[0].why
    worst = max(np.abs(whole - frame).mean((1, 2, 3)).min() for frame in taken.frames.astype(np.float32))
    # HEVC's arithmetic code can go wrong without a contradiction: nobody can tell that one picture from a sound one.
    assert worst < (3.0 if name.startswith("hevc") else 1.0)


def test_what_an_edit_list_hides_is_not_called_broken(tmp_path):
    plain(tmp_path / "in" / "long.mp4", "-c:v", "libx264", "-g", "50", seconds=3)
    ffmpeg("-ss", "0.5", "-i", tmp_path / "in/long.mp4", "-c", "copy", tmp_path / "in/cut.mp4")
    taken = footage.read([tmp_path / "in/cut.mp4"], 64)
    assert taken.clips[0].why == ""
    assert len(taken.frames) == pytest.approx(62, abs=2)


@pytest.mark.parametrize("frames", ["0", "2", "3"])
def test_h264_in_avi_has_the_rate_it_was_made_with(tmp_path, frames):
    made = plain(tmp_path / "in" / "a.mp4", "-c:v", "libx264", "-bf", frames, seconds=3)
    ffmpeg("-i", made, "-c", "copy", tmp_path / "in/a.avi")
    assert footage.read([tmp_path / "in/a.avi"], 64).fps == pytest.approx(25, rel=1e-4)


def test_a_picture_that_stands_still_is_no_jump_of_the_clock(tmp_path):
    still = "testsrc2=s=64x64:r=25:d=4,select='not(between(n,30,80))'"
    ffmpeg("-f", "lavfi", "-i", still, "-vsync", "vfr", "-c:v", "libx264", tmp_path / "in/a.mkv")
    taken = footage.read([tmp_path / "in/a.mkv"], 64)
    assert "a picture stands still for more than a second once; it is cut there" in taken.clips[0].why
    assert len(taken.segments) == 2


def test_a_portrait_clip_among_landscape_ones_is_said_to_be_cropped(tmp_path):
    for k in range(2):
        plain(tmp_path / "in" / f"wide{k}.mp4", "-c:v", "libx264", size="192x108", seconds=1 + k)
    plain(tmp_path / "in" / "tall.mp4", "-c:v", "libx264", size="108x192")
    table = {Path(row.path).name: row for row in footage.read([tmp_path / "in"], 256).clips}
    assert table["tall.mp4"].use == "cropped"
    assert 0.6 < table["tall.mp4"].cropped < 0.75
    assert "another shape" in table["tall.mp4"].why
    assert table["wide0.mp4"].cropped < 0.05
