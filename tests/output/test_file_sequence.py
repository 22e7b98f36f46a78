"""PNG sequences: one complete picture for each frame, alpha kept, no gaps, nothing overwritten."""

import os

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.output.kinds import parse
from livedream.picture import png
from livedream.picture.frame import Frame


def read(path):
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgba")


def record(sink, frames):
    output = parse(str(sink))
    output.open(320, 180, 30)
    for each in frames:
        output.write(each)
    output.close()
    return output


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_every_frame_is_a_picture(tmp_path, frame):
    record(tmp_path / "set" / "%04d.png", map(frame, [7, 8, 9]))
    assert names(tmp_path / "set") == ["0000.png", "0001.png", "0002.png"]
    for i in range(3):
        assert np.array_equal(read(tmp_path / "set" / f"000{i}.png"), frame(7 + i).pixels)


def test_straight_alpha_is_kept(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (31, 33, 4), np.uint8)
    record(tmp_path / "a-%06d.png", [Frame(pixels, 0)])
    assert np.array_equal(read(tmp_path / "a-000000.png"), pixels)


@pytest.mark.parametrize("links", [True, False])
def test_a_frame_that_never_came_is_the_one_before(tmp_path, frame, monkeypatch, links):
    if not links:  # as on a FAT stick

        def refused(*_):
            raise PermissionError

        monkeypatch.setattr(os, "link", refused)
    record(tmp_path / "%02d.png", map(frame, [4, 5, 8]))
    assert names(tmp_path) == ["00.png", "01.png", "02.png", "03.png", "04.png"]
    assert [read(tmp_path / f"0{i}.png")[-1, 0, 2] for i in range(5)] == [n * 8 for n in (4, 5, 5, 5, 8)]


def test_nothing_is_overwritten(tmp_path, frame):
    paths = [record(tmp_path / "a-%03d.png", [frame(n)]).path.name for n in range(3)]
    assert paths == ["a-%03d.png", "a-2-%03d.png", "a-3-%03d.png"]
    assert names(tmp_path) == ["a-000.png", "a-2-000.png", "a-3-000.png"]
    assert [read(tmp_path / name)[-1, 0, 2] for name in names(tmp_path)] == [0, 8, 16]


def test_no_frame_leaves_no_picture(tmp_path):
    record(tmp_path / "a-%03d.png", [])
    assert names(tmp_path) == []


def test_a_size_is_kept(tmp_path, frame):
    record(f"{tmp_path}/%d.png#size=64x64", [frame(3)])
    picture = read(tmp_path / "0.png")
    assert picture.shape == (64, 64, 4)
    assert not picture[:10, :, :3].any()  # the bar above


@pytest.mark.parametrize("sink", ["a.png", "a-%s.png", "a-%d-%d.png", "%06d.png#codec=h264"])
def test_what_is_no_sequence_is_refused(tmp_path, sink):
    with pytest.raises(UserError, match=r"number in their name|no codec"):
        parse(f"{tmp_path}/{sink}")


def test_a_folder_in_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot write there"):
        record(tmp_path / "no" / "where" / "%d.png", [])


def test_png_without_alpha():
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    data = png.encode(pixels)
    context = av.CodecContext.create("png", "r")
    [picture] = context.decode(av.Packet(data))
    assert np.array_equal(picture.to_ndarray(format="rgb24"), pixels)
    assert picture.format.name == "rgb24"
