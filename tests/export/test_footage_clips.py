"""Every clip of the project's test footage trains, cut where its shots change, or is refused in one line."""

from pathlib import Path

import numpy as np
import pytest
from livedream_export import footage

from tests.export.footage_clips import remux

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "footage"

# Frames, frames a second, and where shots begin, as seen on contact sheets. Long clips without a cut are read
# for some seconds only; then frames are not counted, for a copy ends where a group of pictures does.
CLIPS = {
    "big_buck_bunny_60s.mp4": (1440, 24, [52, 89, 344, 405, 411, 474, 1265, 1329, 1400], None),
    "bikes_montage.mp4": (250, 25, [30, 76, 137, 187, 242], None),
    "ocean_waves.mp4": (240, 24, [144], None),
    "ocean_waves.webm": (240, 24, [144], None),
    "ocean_waves.ogv": (250, 25, [150], None),
    "city_night_mpeg2.mpg": (190, 25, [116], None),
    "carphone_qcif.mp4": (120, 30000 / 1001, [], None),
    "handheld_box.mp4": (455, 456000 / 15217, [], None),
    "kart_night_city.mp4": (None, 30, [], 27),
    "kart_underwater.mp4": (None, 30, [], 20),
    "highway_60fps.mp4": (None, 30000 / 1001, [], 4),
    "earth_rotating.mp4": (None, 30, [], 6),
    "rainbow_road.mp4": (None, 30, [], 6),
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no footage at {FOLDER}")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_every_clip_is_listed():
    there = {p.name for p in FOLDER.iterdir() if p.suffix in footage.SUFFIXES}
    assert there == set(CLIPS)


@pytest.mark.parametrize("name", CLIPS)
def test_clip(name, tmp_path):
    count, fps, cuts, seconds = CLIPS[name]
    path = FOLDER / name
    if seconds is not None:
        path = remux(path, tmp_path / name, seconds=seconds)
    made = footage.read([path], 64)
    assert made.fps == pytest.approx(fps, rel=1e-4)
    if count is not None:
        assert len(made.frames) == count
    else:
        assert len(made.frames) == pytest.approx(seconds * fps, abs=12)
    assert [start for start, _ in made.segments] == [0, *cuts]
    assert made.frames.std(axis=(1, 2)).mean() > 0.5, "pictures, not grey"


def test_handheld_box_moves_smoothly():
    """Its time stamps are decoding times. Sorted by them the hand jumps to and fro: the second difference of
    the pictures is 1.65 times the first. In the codec's own order it is 1.02 times the first. Its last packet gives
    no picture because the file's edit list hides it: that is no loss."""
    made = footage.read([FOLDER / "handheld_box.mp4"], 64)
    pictures = made.frames.astype(np.int16)
    first = np.diff(pictures, axis=0)
    second = np.diff(first, axis=0)
    assert np.abs(second).mean() < 1.3 * np.abs(first).mean()
    assert [clip.note for clip in made.clips] == [""]
