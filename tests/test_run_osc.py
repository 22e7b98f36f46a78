"""liblo's oscsend controls a real `livedream run`, and the frames that follow show it."""

import numpy as np
import pytest

from tests import dreams
from tests.show import Show, has_oscsend

FIRST = dreams.first()[0]
FPS = 30.0

pytestmark = pytest.mark.skipif(not has_oscsend, reason="needs oscsend: apt install liblo-tools")


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    path = dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")
    with Show(path, "--fps", str(FPS), "--seed", "3") as show:
        show.frame()
        show.osc("player/glide", "f", "0")
        yield show
    assert show.code == 0
    assert all(line.startswith("OSC: 1 clamped (last: dream/knob/1") for line in show.errors.splitlines())


@pytest.fixture(autouse=True)
def still(show):
    """Each test begins with a dream that stands at its first scene, as the file drew it."""
    show.osc("player/freeze", "i", "1")
    show.osc("player/speed", "f", "1")
    for address in ("dream/temperature", "dream/knob/1"):
        show.osc(address, "f", "0")
    for scene, sign in (("1", -1), ("0", 1)):  # seen to change, so that no older frame is taken for it
        show.osc("dream/scene_jump", "i", scene)
        show.until(dreams.picture(sign * FIRST)[0])


def path_of(speed, frames=600):
    """What the calm dream draws on the frames after it leaves the first scene: int16 [frames, 32, 64, 4]."""
    latents = [FIRST]
    for _ in range(int(frames * speed * 25 / FPS) + 2):
        latents.append(latents[-1] @ dreams.turn(8))
    at = np.arange(frames) * speed * 25 / FPS
    before, part = at.astype(int), (at % 1)[:, None]
    between = (1 - part) * np.array(latents)[before] + part * np.array(latents)[before + 1]
    return np.concatenate([dreams.picture(each) for each in between]).astype(np.int16)


def place(path, pixels):
    """The frame of the path that this picture is, to one grey level, or None."""
    found = np.flatnonzero(np.abs(path - pixels).max((1, 2, 3)) <= 1)
    return int(found[0]) if len(found) else None


def follow(show, path, count=8):
    """The places of the next so many pictures that differ; until they leave the first."""
    places, last = [], dreams.picture(FIRST)[0]
    while len(places) < count:
        pixels = show.frame()[2]
        if not np.array_equal(pixels, last):
            places.append(place(path, pixels))
        last = pixels
    return places


def test_freeze_stops_and_lets_go(show):
    assert all(np.array_equal(pixels, dreams.picture(FIRST)[0]) for _, _, pixels in show.frames(10))
    show.osc("player/freeze", "i", "0")
    show.until(lambda pixels: not np.array_equal(pixels, dreams.picture(FIRST)[0]))
    show.osc("player/freeze", "i", "1")
    show.until(lambda pixels, last=[None]: np.array_equal(pixels, last[0]) or last.__setitem__(0, pixels))


def test_a_knob_moves_the_picture_exactly(show):
    show.osc("dream/knob/1", "f", "1.5")
    show.until(dreams.picture(FIRST + 1.5 * np.eye(8)[0])[0])
    show.osc("dream/knob/1", "f", "99")  # out of range: clamped to 3, and counted
    show.until(dreams.picture(FIRST + 3 * np.eye(8)[0])[0])
    assert show.status()["osc"]["clamped"] == 1


def test_a_scene_by_name_and_by_number(show):
    show.osc("dream/scene", "s", "second")
    show.until(dreams.picture(-FIRST)[0])
    show.osc("dream/scene", "i", "0")
    show.until(dreams.picture(FIRST)[0])


@pytest.mark.parametrize("speed", [1.0, 2.5])
def test_speed_is_how_far_each_frame_goes(show, speed):
    path = path_of(speed)
    show.osc("player/speed", "f", str(speed))
    show.osc("player/freeze", "i", "0")
    places = follow(show, path)
    assert None not in places  # every picture lies on the path of that speed
    assert places == sorted(set(places))
    assert places[0] >= 1


def test_speed_0_stands_still(show):
    show.osc("player/speed", "f", "0")
    show.osc("player/freeze", "i", "0")
    assert all(np.array_equal(pixels, dreams.picture(FIRST)[0]) for _, _, pixels in show.frames(10))


def test_temperature_leaves_the_likeliest_way(show):
    path = path_of(1.0)
    show.osc("dream/temperature", "f", "2")
    show.osc("player/freeze", "i", "0")
    show.until(lambda pixels: place(path, pixels) is None)
