"""What a file says and what it holds are two things; the frames that come out must be right all the same."""

from itertools import pairwise

import av
import numpy as np
import pytest
from livedream_export import cache, decode, footage

from livedream import UserError
from tests.export.footage_clips import display_matrix, grey, noise, remux, sound, write


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def levels(made: footage.Footage) -> list[int]:
    return [round(float(f.mean())) for f in made.frames]


def ramp(count: int, first: int = 20, step: int = 2) -> list[np.ndarray]:
    return [grey(first + step * k) for k in range(count)]


def near(found, expected, within=2) -> bool:
    return len(found) == len(expected) and all(abs(a - b) <= within for a, b in zip(found, expected, strict=True))


def test_every_frame_comes_once_and_in_order(tmp_path):
    clip = write(tmp_path / "a.mp4", ramp(100), options={"bf": "3"})
    made = footage.read([clip], 64)
    assert made.frames.shape == (100, 64, 64, 3)
    assert made.frames.dtype == np.uint8
    assert made.fps == 25
    assert near(levels(made), [20 + 2 * k for k in range(100)])
    assert made.segments == ((0, 100),)


@pytest.mark.parametrize(("own", "trained"), [(60000 / 1001, 30000 / 1001), (50, 25), (30, 30), (24, 24), (36, 30)])
def test_the_rate_is_the_clips_own_up_to_30(own, trained):
    assert footage.frame_rate(own) == pytest.approx(trained)


def test_twice_the_rate_takes_every_second_frame(tmp_path):
    clip = write(tmp_path / "a.mp4", ramp(120, step=1), rate=50)
    made = footage.read([clip], 64)
    assert made.fps == 25
    assert near(levels(made), [20 + 2 * k for k in range(60)])


def test_a_variable_rate_becomes_even_steps(tmp_path):
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.01, 0.11, 80)) - 0.01
    times -= times[0]
    pictures = [grey(round(20 + 40 * t)) for t in times]  # the level tells the time
    clip = write(tmp_path / "a.mkv", pictures, times=times)
    made = footage.read([clip], 64, fps=12)
    for tick, level in enumerate(levels(made)):
        off = abs((level - 20) / 40 - tick / 12)
        assert off <= abs(times - tick / 12).min() + 0.04, "the picture nearest in time"
    assert abs(len(made.frames) / 12 - times[-1]) < 0.1


def test_pictures_that_come_late_are_sorted_by_their_time_stamps(tmp_path):
    order = [k ^ 1 for k in range(80)]  # 1 0 3 2 5 4 ...
    pictures = ramp(80)
    plain = write(tmp_path / "a.mkv", [pictures[k] for k in order], codec="ffv1")

    def stamp(number, packet):
        packet.pts = packet.dts + (order[number] - number + 1) * 40
        return packet

    clip = remux(plain, tmp_path / "b.mkv", stamp)
    with av.open(str(clip)) as container:
        stamps = [frame.pts for frame in container.decode(video=0)]
    assert any(b < a for a, b in pairwise(stamps))
    assert near(levels(footage.read([clip], 64)), [20 + 2 * k for k in range(80)])


def test_where_the_stamps_are_decoding_times_the_codecs_order_holds(tmp_path):
    plain = write(tmp_path / "a.mp4", ramp(80), options={"bf": "3", "x264-params": "b-adapt=0:scenecut=0"})
    step = []

    def stamp(number, packet):
        step.append(packet.duration)
        packet.pts = packet.dts = number * step[0]
        return packet

    clip = remux(plain, tmp_path / "b.mp4", stamp)
    with av.open(str(clip)) as container:
        stamps = [frame.pts for frame in container.decode(video=0)]
    assert any(b < a for a, b in pairwise(stamps)), "the clip must be broken for this test to mean anything"
    assert near(levels(footage.read([clip], 64)), [20 + 2 * k for k in range(80)])


def test_packets_that_cannot_be_decoded_are_left_out_and_named(tmp_path):
    plain = write(tmp_path / "a.avi", ramp(75), codec="mjpeg", pixels="yuvj420p")

    def spoil(number, packet):
        if number not in (20, 21, 40):
            return packet
        bad = av.Packet(b"\x00" * packet.size)
        bad.pts, bad.dts, bad.time_base, bad.is_keyframe = packet.pts, packet.dts, packet.time_base, True
        return bad

    made = footage.read([remux(plain, tmp_path / "b.avi", spoil)], 64)
    assert len(made.frames) == 75, "time goes on where pictures are missing"
    assert "3 of 75 packets" in made.clips[0].why
    assert made.clips[0].path.endswith("b.avi")
    found = levels(made)
    assert near(found[22:40] + found[41:], [20 + 2 * k for k in (*range(22, 40), *range(41, 75))], within=3)


def test_a_jump_of_the_clock_is_a_cut_and_no_standstill(tmp_path):
    times = [k / 25 + (100 if k >= 50 else 0) for k in range(100)]
    made = footage.read([write(tmp_path / "a.mkv", ramp(100), times=times)], 64)
    assert near(levels(made), [20 + 2 * k for k in range(100)])
    assert made.segments == ((0, 50), (50, 100))
    assert "clock jumps" in made.clips[0].why


@pytest.mark.parametrize(
    ("matrix", "red_at"),
    [((0, 1, -1, 0), "top"), ((0, -1, 1, 0), "bottom"), ((-1, 0, 0, -1), "right"), ((-1, 0, 0, 1), "right")],
)
def test_a_turned_phone_gives_an_upright_picture(tmp_path, matrix, red_at):
    picture = grey(20, 128, 64)
    picture[:, :64] = (220, 0, 0)
    made = footage.read([display_matrix(write(tmp_path / "a.mp4", [picture] * 60), *matrix)], 64)
    height, width = made.frames.shape[1:3]
    assert (width < height) == (red_at in ("top", "bottom"))
    frame = made.frames[30].astype(int)
    half = {
        "top": np.s_[: height // 3],
        "bottom": np.s_[-(height // 3) :],
        "right": np.s_[:, -(width // 3) :],
    }[red_at]
    assert frame[half][..., 0].mean() > 200
    assert abs(frame[..., 0].mean() - 120) < 12, "half of the picture is red"


def test_odd_sides(tmp_path):
    picture = grey(90, 101, 67)
    picture[:, 50:] = 200
    made = footage.read([write(tmp_path / "a.mkv", [picture] * 60, codec="ffv1")], 64)
    assert made.frames.shape[1:] == (64, 64, 3)
    assert abs(made.frames[:, :, 4:28].astype(int) - 90).max() <= 1
    assert abs(made.frames[:, :, -28:-4].astype(int) - 200).max() <= 1


def test_pixels_that_are_not_square_are_stretched(tmp_path):
    picture = grey(60, 64, 64)
    clip = write(tmp_path / "a.mkv", [picture] * 60, tags={"sample_aspect_ratio": 2})
    made = footage.read([clip], 64)
    assert made.frames.shape[1:3] == footage.training_size(64, 2.0)[::-1] == (32, 96)


def test_what_is_wider_is_cropped_in_the_middle(tmp_path):
    picture = grey(0, 192, 64)
    picture[:, 64:128] = 200
    made = footage.read([write(tmp_path / "a.mp4", [picture] * 60)], (64, 64))
    assert made.frames[30, :, 4:-4].min() > 190


def test_interlaced_footage_is_deinterlaced(tmp_path):
    def field(x: int) -> np.ndarray:
        picture = grey(16, 128, 128)
        picture[:, x : x + 24] = 235
        return picture

    pictures = []
    for k in range(60):  # a bar that moves 8 pixels from field to field
        picture, later = field((16 * k) % 80), field((16 * k) % 80 + 8)
        picture[1::2] = later[1::2]
        pictures.append(picture)
    clip = write(tmp_path / "a.mkv", pictures, options={"x264-params": "tff=1", "crf": "5"})
    made = footage.read([clip], (128, 128))
    assert "interlaced" in made.clips[0].why
    assert len(made.frames) == 60

    def combing(frame) -> float:
        rows = frame[..., 1].astype(float)
        return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())

    assert np.mean([combing(f) for f in made.frames[5:55]]) < 0.25 * np.mean([combing(p) for p in pictures[5:55]])


def test_a_stream_without_length_frame_count_or_index(tmp_path):
    made = footage.read([write(tmp_path / "a.ts", ramp(75), options={"bf": "2"})], 64)
    assert near(levels(made), [20 + 2 * k for k in range(75)])
    raw = footage.read([write(tmp_path / "a.h264", ramp(75))], 64, fps=25)
    assert near(levels(raw), [20 + 2 * k for k in range(75)]), "a raw stream has no time stamps at all"


def test_a_file_that_was_cut_off_gives_what_it_has(tmp_path):
    whole = write(tmp_path / "a.mkv", [noise(k // 8) for k in range(200)])
    data = whole.read_bytes()
    cut = tmp_path / "b.mkv"
    cut.write_bytes(data[: len(data) * 2 // 3])
    made = footage.read([cut], 64)
    assert 80 < len(made.frames) < 180


def refused(paths, *words, size=64):
    with pytest.raises(UserError) as caught:
        footage.read(paths, size)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text, text
    left = cache.folder()
    assert not left.exists() or not list(left.iterdir()), "nothing half-written"


def test_what_cannot_be_trained_on_is_refused_in_one_line(tmp_path):
    (tmp_path / "empty.mp4").touch()
    refused([tmp_path / "empty.mp4"], "empty.mp4", "empty")
    (tmp_path / "text.mp4").write_text("not a film\n" * 100)
    refused([tmp_path / "text.mp4"], "text.mp4", "cannot be read as video")
    (tmp_path / "story.txt").write_text("not a film\n" * 100)
    refused([tmp_path / "story.txt"], "story.txt")
    refused([tmp_path / "nowhere.mp4"], "nowhere.mp4", "no such file")
    refused([sound(tmp_path / "song.mp4")], "song.mp4", "no video")
    refused([write(tmp_path / "short.mp4", ramp(10))], "short.mp4", "0.4 s", "at least 0.5 s")
    refused([write(tmp_path / "photo.png", [grey(9)], codec="png", pixels="rgb24")], "photo.png")
    index_at_the_end = write(tmp_path / "whole.mp4", ramp(75)).read_bytes()
    (tmp_path / "half.mp4").write_bytes(index_at_the_end[: len(index_at_the_end) // 2])
    refused([tmp_path / "half.mp4"], "half.mp4", "is it complete?")
    refused([], "no footage was given")


def test_a_picture_that_changes_size_is_used_in_its_parts(tmp_path):
    small = write(tmp_path / "a.ts", ramp(60)).read_bytes()
    large = write(tmp_path / "b.ts", [grey(50, 96, 48)] * 60).read_bytes()
    (tmp_path / "c.ts").write_bytes(small + large)
    made = footage.read([tmp_path / "c.ts"], 64)
    assert near(levels(made), [20 + 2 * k for k in range(60)] + [50] * 60)
    assert made.segments == ((0, 60), (60, 120))
    assert "changes size (64x64, 96x48)" in made.clips[0].why


def test_a_video_track_without_one_good_packet_is_refused(tmp_path):
    plain = write(tmp_path / "a.avi", ramp(75), codec="mjpeg", pixels="yuvj420p")

    def spoil(number, packet):
        bad = av.Packet(b"\x00" * packet.size)
        bad.pts, bad.dts, bad.time_base, bad.is_keyframe = packet.pts, packet.dts, packet.time_base, True
        return bad

    refused([remux(plain, tmp_path / "b.avi", spoil)], "b.avi", "no picture in it can be decoded")


def test_a_folder_is_read_in_order_and_says_what_it_left_out(tmp_path):
    place = tmp_path / "clips"
    (place / "more").mkdir(parents=True)
    write(place / "b.mp4", [grey(150)] * 50)
    write(place / "a.mp4", [grey(50)] * 50)
    write(place / "more" / "c.mkv", [grey(220)] * 50)
    write(place / "short.mp4", [grey(9)] * 10)
    (place / "notes.txt").write_text("buy milk")
    made = footage.read([place], 64)
    assert near(levels(made), [50] * 50 + [150] * 50 + [220] * 50)
    assert made.segments == ((0, 50), (50, 100), (100, 150)), "no run goes from one file into the next"
    assert [s.path.rsplit("/", 1)[1] for s in made.sources] == ["a.mp4", "b.mp4", "c.mkv"]
    assert any("notes.txt" in n for n in made.notes)
    assert any("short.mp4" in c.path and "at least 0.5 s" in c.why for c in made.clips)
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="holds no video"):
        footage.read([tmp_path / "none"], 64)


def test_mixed_clips_get_one_rate_and_the_aspect_of_most_of_them(tmp_path):
    wide = write(tmp_path / "a.mp4", [grey(60, 128, 64)] * 60, rate=20)
    square = write(tmp_path / "b.mp4", [grey(120)] * 150, rate=30)
    made = footage.read([wide, square], 64)
    assert made.frames.shape[1:3] == (64, 64)
    assert made.fps == pytest.approx(30, rel=1e-3)
    assert made.segments == ((0, 60), (60, 210)), "every picture of the slower clip comes once"
    assert [clip.use for clip in made.clips] == ["cropped, sped up", "used"]
    assert "20 frames a second become 30: 1.5 times as fast" in made.clips[0].why


@pytest.mark.parametrize(
    ("size", "aspect", "expected"),
    [
        (256, 16 / 9, (352, 192)),
        (512, 16 / 9, (672, 384)),
        (128, 1.0, (128, 128)),
        (64, 2.35, (96, 32)),
        (32, 10.0, (96, 32)),
        (256, 9 / 16, (192, 352)),
        ((672, 384), 1.0, (672, 384)),
    ],
)
def test_training_size(size, aspect, expected):
    assert footage.training_size(size, aspect) == expected


def test_sizes_that_cannot_be(tmp_path):
    for size in ((100, 64), (0, 64), 16, 0, 100000):
        with pytest.raises(UserError, match="--size"):
            footage.training_size(size, 1.0)
    assert footage.parse_size("256") == 256
    assert footage.parse_size("672x384") == (672, 384)
    for text in ("", "big", "640x", "1x2x3", "-5"):
        with pytest.raises(UserError, match="--size"):
            footage.parse_size(text)


def test_the_shortest_is_half_a_second(tmp_path):
    assert decode.SHORTEST == 0.5
    assert len(footage.read([write(tmp_path / "a.mp4", ramp(13))], 64).frames) == 13
