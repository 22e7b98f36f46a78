"""Recordings: correct pictures at the correct times, never overwritten, readable after a kill."""

from fractions import Fraction

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.output.kinds import parse


def record(sink, frames, size=(320, 180), fps=30):
    output = parse(str(sink))
    output.open(*size, fps)
    for each in frames:
        output.write(each)
    output.close()
    return output


def read(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        pictures = list(container.decode(stream))
    return stream, pictures


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_pictures_and_times_come_back(tmp_path, frame, suffix):
    numbers = [100, 101, 102, 105, 106]  # two frames were dropped
    output = record(tmp_path / f"a.{suffix}", map(frame, numbers))
    stream, pictures = read(output.path)
    assert [round(each.time * 30) for each in pictures] == [0, 1, 2, 5, 6]
    assert (stream.width, stream.height, stream.pix_fmt) == (320, 180, "yuv420p")
    context = stream.codec_context
    assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (
        1,
        1,
        1,
        1,
    )
    got = pictures[-1].reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().astype(int)
    assert np.abs(got - frame(106).pixels[..., :3]).mean() < 4


@pytest.mark.parametrize(
    "sink", ["a.mp4#codec=hevc", "a.mp4#codec=av1", "a.mov", "a.mov#codec=h264", "a.mkv#codec=ffv1"]
)
def test_the_first_picture_is_at_0_s_in_every_codec(tmp_path, frame, sink):
    output = record(tmp_path / sink, map(frame, range(40, 80)))
    _, pictures = read(output.path)
    assert [round(each.time * 30, 1) for each in pictures] == list(range(40))


def test_a_size_that_a_codec_cannot_do_is_said_and_leaves_no_file(tmp_path, frame):
    with pytest.raises(
        UserError, match=r"libsvtav1 does not open here: 32x32 is too small for it; try another codec or size"
    ):
        record(f"{tmp_path}/a.mp4#codec=av1&size=32x32", [frame(0)])
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_another_shape_gets_bars(tmp_path, frame):
    output = record(f"{tmp_path}/a.mkv#size=256x256", [frame(10)])
    _, [picture] = read(output.path)
    got = picture.to_ndarray(format="gray")
    assert got.shape == (256, 256)
    assert got[:50].max() <= 1
    assert got[-50:].max() <= 1
    assert got[60:190].mean() > 50


@pytest.mark.parametrize("fit", ["cover", "stretch"])
def test_fit_leaves_no_bars(tmp_path, frame, fit):
    output = record(f"{tmp_path}/a.mkv#size=256x256&fit={fit}", [frame(20)])
    _, [picture] = read(output.path)
    got = picture.to_ndarray(format="rgb24")
    assert got[[0, -1]].max(axis=2).mean() > 100
    left, right = got[128, 2, 0], got[128, -3, 0]  # red goes from 0 to 255; cover cuts both ends away
    assert (left < 20 and right > 230) if fit == "stretch" else (30 < left < 80 and 170 < right < 225)


def test_nothing_is_overwritten(tmp_path, frame):
    paths = [record(tmp_path / "a.mp4", [frame(1)]).path.name for _ in range(3)]
    assert paths == ["a.mp4", "a-2.mp4", "a-3.mp4"]
    with pytest.raises(UserError, match="cannot write there"):
        record(tmp_path / "nowhere" / "a.mp4", [])


def test_no_frame_leaves_no_file(tmp_path):
    record(tmp_path / "a.mp4", [])
    assert list(tmp_path.iterdir()) == []


def test_offline_twice_decodes_to_the_same(tmp_path, frame):
    first, second = (record(tmp_path / "a.mp4", map(frame, range(20))) for _ in range(2))
    _, one = read(first.path)
    _, other = read(second.path)
    assert len(one) == len(other) == 20
    assert all(np.array_equal(a.to_ndarray(), b.to_ndarray()) for a, b in zip(one, other, strict=True))


def test_a_lower_rate_keeps_the_time(tmp_path, frame):
    output = record(f"{tmp_path}/a.mp4#fps=10", map(frame, range(30)))
    stream, pictures = read(output.path)
    assert [each.time for each in pictures] == [pytest.approx(i / 10) for i in range(10)]
    assert stream.average_rate == Fraction(10)
