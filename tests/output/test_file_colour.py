"""Colours of recordings, read by the ffmpeg program, which is not the build that wrote them."""

import json
import subprocess

import numpy as np
import pytest

from livedream.output.kinds import parse
from livedream.picture.frame import Frame

BARS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)]
BARS += [(255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 40, 90)]
LEVELS = 3
VIDEO = {"color_range": "tv", "color_space": "bt709", "color_transfer": "bt709", "color_primaries": "bt709"}
RGB = {"color_range": "pc", "color_space": "gbr", "color_transfer": "iec61966-2-1", "color_primaries": "bt709"}
KINDS = {
    "a.mp4": VIDEO | {"codec_tag_string": "avc1", "chroma_location": "left", "pix_fmt": "yuv420p"},
    "a.mp4#codec=hevc": VIDEO | {"codec_tag_string": "hvc1", "chroma_location": "left", "pix_fmt": "yuv420p"},
    "a.mp4#codec=av1": VIDEO | {"codec_tag_string": "av01", "chroma_location": "left", "pix_fmt": "yuv420p"},
    "a.mkv": VIDEO | {"codec_name": "h264", "chroma_location": "left", "pix_fmt": "yuv420p"},
    "a.mkv#codec=ffv1": RGB | {"codec_name": "ffv1", "pix_fmt": "bgra"},
    "a.mov": VIDEO | {"codec_tag_string": "ap4h", "profile": "4444"},
    "a.mov#codec=h264": VIDEO | {"codec_tag_string": "avc1", "chroma_location": "left"},
}


def bars(width, height, colours=BARS):
    picture = np.full((height, width, 4), 255, np.uint8)
    for i, colour in enumerate(colours):
        picture[:, i * width // len(colours) : (i + 1) * width // len(colours), :3] = colour
    return picture


def write(sink, pictures, live=True):
    output = parse(str(sink))
    output.live = live
    output.open(*pictures[0].shape[1::-1], 30)
    for number, each in enumerate(pictures):
        output.write(Frame(each, number))
    output.close()
    return output.path


def told(path):
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"][0]


def decoded(path, shape, pixels="rgb24"):
    """The first picture, uint8 [H, W, channels], converted to RGB by the tags in the file."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", pixels]
    done = subprocess.run(
        [*command, "-sws_flags", "accurate_rnd+full_chroma_int", "-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(*shape[:2], -1)


@pytest.mark.parametrize("size", [(512, 512), (1280, 720)], ids=str)
@pytest.mark.parametrize("sink", KINDS)
def test_colour_bars_come_back(tmp_path, sink, size):
    picture = bars(*size)
    path = write(tmp_path / sink, [picture] * 2)
    stream = told(path)
    assert {key: stream.get(key) for key in KINDS[sink]} == KINDS[sink]
    got = decoded(path, picture.shape).astype(int)
    for i, colour in enumerate(BARS):
        edges = (i * size[0] // len(BARS) + 8, (i + 1) * size[0] // len(BARS) - 8)
        bar = got[8:-8, slice(*edges)]
        assert np.abs(bar - colour).max(axis=2).mean() <= LEVELS, colour


@pytest.mark.parametrize("sink", ["a.mp4", "a.mp4#codec=hevc", "a.mov"])
def test_odd_sizes_are_made_even_and_nothing_moves(tmp_path, sink):
    picture = bars(321, 181, [(255, 0, 0), (0, 0, 255)])
    path = write(tmp_path / sink, [picture], live=False)
    stream = told(path)
    assert (stream["width"], stream["height"]) == (320, 180)
    got = decoded(path, (180, 320)).astype(int)
    assert np.abs(got[:, :150] - (255, 0, 0)).max() <= 8  # no bar at any edge
    assert np.abs(got[:, 170:] - (0, 0, 255)).max() <= 8


@pytest.mark.parametrize(("sink", "levels"), [("a.mov", 2), ("a.mkv#codec=ffv1", 0)])
@pytest.mark.parametrize("live", [True, False])
def test_alpha_is_kept(tmp_path, sink, levels, live):
    picture = bars(320, 180)
    picture[..., 3] = np.linspace(0, 255, 320)
    got = decoded(write(tmp_path / sink, [picture], live), picture.shape, "rgba").astype(int)
    assert np.abs(got[..., 3] - picture[..., 3]).max() <= levels
    middle = got[8:-8, 16:32]  # nearly transparent, and yet its colour is there: straight alpha
    assert np.abs(middle[..., :3] - (255, 0, 0)).max() <= 8


def test_without_alpha_a_picture_lies_on_black(tmp_path):
    picture = bars(320, 180, [(255, 255, 255)])
    picture[..., 3] = 128
    got = decoded(write(tmp_path / "a.mp4", [picture]), picture.shape).astype(int)
    assert np.abs(got - 128).max() <= LEVELS


def test_bars_around_a_picture_with_alpha_are_transparent(tmp_path):
    path = write(f"{tmp_path}/a.mkv#codec=ffv1&size=64x64", [bars(64, 32)])
    got = decoded(path, (64, 64), "rgba")
    assert not got[:15, :, 3].any()
    assert (got[20:44, :, 3] == 255).all()
