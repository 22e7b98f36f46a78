"""Footage that is short, still, cut to pieces, or of odd shapes: a dream that plays, or one line."""

import numpy as np
import pytest
from livedream_export.vae_rnn.train import Run

from livedream import UserError
from livedream.dream import read
from livedream.loop import offline
from tests.export import footage_clips, footage_frames, training

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work
KINDS = pytest.mark.parametrize("hp", training.KINDS.values(), ids=training.KINDS)


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def run_on(clip, size="32", minutes=0.4, hp=training.SMALL):
    """A run that has read its footage."""
    return training.run_on(clip, clip.with_suffix(".onnx"), hp, size=size, minutes=minutes)


def write(path, frames, **options):
    return footage_clips.write(path, list(frames), **options)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([footage_clips.grey(0)] * 60, "nothing moves in it, .*; choose footage that moves$"),
        ([footage_clips.noise(1)] * 60, "nothing moves in it"),
        (footage_frames.round_trip(2, side=64), "is 0.08 s long; footage must be at least 0.5 s long$"),
        (
            [footage_clips.noise(k // 6) for k in range(60)],
            "shot without a cut is 6 frames; .*: add footage",
        ),
    ],
    ids=["black", "still", "two frames", "all cuts"],
)
def test_what_teaches_no_motion_is_refused_in_one_line_and_leaves_nothing(tmp_path, frames, words):
    clip = write(tmp_path / "clip.mp4", frames)
    with pytest.raises(UserError, match=words) as error:
        training.train(clip, tmp_path / "dream.onnx")
    assert "\n" not in str(error.value)
    assert [each.name for each in tmp_path.iterdir()] == ["clip.mp4"]


def test_pictures_are_no_footage_but_it_says_what_to_do(tmp_path):
    (tmp_path / "stills").mkdir()
    for k in range(12):
        footage_clips.write(tmp_path / f"stills/{k}.png", [footage_clips.grey(9 * k)], codec="png", pixels="rgb24")
    with pytest.raises(UserError, match=r"holds no video .*; pictures are footage where at least 13 are numbered"):
        training.train(tmp_path / "stills", tmp_path / "dream.onnx", size="256")


@KINDS
@pytest.mark.parametrize("shape", [(32, 32), (512, 32)], ids=["hardly moves", "very wide"])
def test_footage_of_odd_shapes_learns(tmp_path, monkeypatch, hp, shape):
    """Every number stays finite."""
    monkeypatch.setattr(Run, "write_dream", lambda self, early: None)
    width, height = shape
    frames = np.repeat(footage_clips.noise(1, width, height)[None], 60, 0)
    frames[30:, :6, :6] += 40  # one spot, once
    run = run_on(write(tmp_path / "odd.mp4", frames), f"{width}x{height}", hp=hp)
    run.train()
    assert run.size == shape
    assert run.learner.steps > 3
    assert run.stages.latents.isfinite().all()
    assert (run.learner.recurrent.step_scale > 0).all()
    assert all(value.isfinite().all() for value in run.learner.recurrent.state_dict().values())
    assert all(value.isfinite().all() for value in run.learner.average.state_dict().values())


@KINDS
def test_footage_of_many_cuts_learns(tmp_path, monkeypatch, hp):
    monkeypatch.setattr(Run, "write_dream", lambda self, early: None)
    brisk = write(tmp_path / "brisk.mp4", [footage_clips.noise(k // 12) for k in range(120)])
    run = run_on(brisk, hp=hp)
    assert len(run.footage.segments) == 10
    run.train()
    assert run.learner.steps > 3


def test_a_line_of_pixels_learns(tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "write_dream", lambda self, early: None)
    line = write(tmp_path / "line.mkv", footage_frames.round_trip(60)[:, :1], codec="ffv1", pixels="bgr0")
    run = run_on(line)
    run.train()
    assert run.learner.steps > 3


def played(path, seconds):
    return np.stack([frame.pixels for frame in offline.frames(read.load(path), seconds * 25, 25.0, seed=1)])


@pytest.mark.parametrize(
    "frames",
    [
        footage_frames.round_trip(20, period=20),
        np.concatenate([footage_frames.round_trip(24, seed=k) for k in range(3)]),
    ],
    ids=["a loop of twenty frames", "a montage"],
)
def test_short_clips_play_for_ever(tmp_path, monkeypatch, frames):
    monkeypatch.setattr(Run, "judge", lambda self: "")
    run = run_on(write(tmp_path / "clip.mp4", frames, options={"crf": "10"}))
    run.train()
    shown = played(run.out, 12)[..., :3].astype(int)
    moved = np.abs(np.diff(shown, axis=0)).mean((1, 2, 3))
    assert (np.convolve(moved > 0.3, np.ones(25), "valid") >= 8).all()  # of the frames of any second
    nearest = [min(np.abs(each - frame).mean() for frame in frames) for each in shown[::10]]
    assert np.median(nearest) < 15  # it looks like the footage


def test_a_disk_that_fills_leaves_the_last_whole_dream(tmp_path, capsys):
    resource = pytest.importorskip("resource")
    run = run_on(training.square(tmp_path / "square.mp4"))
    run.stages.encode()
    run.out.write_bytes(b"the last whole dream")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        run.write_early_dream()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "no early dream: " in capsys.readouterr().err
    assert run.out.read_bytes() == b"the last whole dream"
    assert not list(tmp_path.glob("**/*.tmp"))
