"""Corner pin, flips and turns on a real screen: by mouse, by keys, saved for the next run."""

import json

import numpy as np
import pytest

from tests.output.desktop import Show
from tests.output.test_placement import solved
from tests.waiting import until

AT, SIZE = (200, 100), 400  # a window of 400x400 in the middle of the screen


@pytest.fixture
def seen(screen):
    """seen() -> the window's pixels, uint8 [400, 400, 3]."""
    return lambda: screen()[AT[1] : AT[1] + SIZE, AT[0] : AT[0] + SIZE]


def put(show, **placement):
    changes = ", ".join(f"{key}={value!r}" for key, value in placement.items())
    show.ask(f"setattr(window, 'placement', __import__('dataclasses').replace(window.placement, {changes}))")


def corners(show):
    return show.ask("window.placement.corners")


def shown_picture(show):
    return np.frombuffer(show.ask("look.picture.tobytes()"), np.uint8).reshape(180, 320, 4)


def warped(picture, corners, size=SIZE):
    """`picture` mapped to the quadrilateral by numpy: float [size, size, 3], and a mask of its inside."""
    y, x = np.mgrid[:size, :size] + 0.5
    there = np.linalg.inv(solved(corners)) @ np.stack([x.ravel() / size, y.ravel() / size, np.ones(size * size)])
    u, v = (there[:2] / there[2]).reshape(2, size, size)
    inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
    height, width = picture.shape[:2]
    column, row = np.clip(u * width - 0.5, 0, width - 1), np.clip(v * height - 0.5, 0, height - 1)
    left, top = np.minimum(column.astype(int), width - 2), np.minimum(row.astype(int), height - 2)
    a, b = (column - left)[..., None], (row - top)[..., None]
    p = picture[..., :3].astype(float)
    drawn = (1 - b) * ((1 - a) * p[top, left] + a * p[top, left + 1])
    drawn += b * ((1 - a) * p[top + 1, left] + a * p[top + 1, left + 1])
    near = np.zeros_like(inside)  # an edge: there it is antialiased
    for axis in (0, 1):
        for step in (-2, -1, 1, 2):
            near |= inside != np.roll(inside, step, axis)
    return drawn * inside[..., None], ~near


def test_a_corner_dragged_by_the_mouse_maps_the_picture_in_perspective(window, seen, press, xdotool):
    show = window("window#fit=stretch")
    press("m")
    until(lambda: show.ask("window.mapping"))
    for start, way, after in (((6, 9), (70, 40), (70, 40)), ((390, 395), (-90, -150), (310, 250))):
        x, y = AT[0] + start[0], AT[1] + start[1]
        steps = " ".join(f"mousemove {x + way[0] * n // 5} {y + way[1] * n // 5} sleep 0.02" for n in range(6))
        xdotool(*f"mousemove {x} {y} mousedown 1 {steps} mouseup 1".split())
        number = 0 if after == (70, 40) else 2
        wanted = np.array(after) / SIZE
        until(lambda n=number, to=wanted: np.allclose(corners(show)[2 * n : 2 * n + 2], to, atol=1e-9))
    assert corners(show) == pytest.approx((0.175, 0.1, 1, 0, 0.775, 0.625, 0, 1))
    handles = seen()
    assert handles[5:20, 5:20].max() == 0  # nothing is drawn where the corner was
    press("m")
    drawn, whole = warped(shown_picture(show), corners(show))
    until(lambda: np.abs(seen() - drawn)[whole].max() < 4)
    assert np.abs(seen() - drawn)[whole].mean() < 0.5
    assert np.abs(handles - drawn).mean() > 1  # there were handles and a grid


def test_edges_are_antialiased_and_all_else_is_black(window, seen):
    show = window("window#fit=stretch")
    show.ask("setattr(look, 'picture', np.full((64, 64, 4), 255, 'uint8'))")
    quad = (0.1, 0.2, 0.93, 0.11, 0.8, 0.9, 0.23, 0.7)
    put(show, corners=quad)
    points = np.reshape(quad, (4, 2)) * SIZE
    x, y = points.T
    area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    around = np.hypot(*(np.roll(points, -1, axis=0) - points).T).sum()
    until(lambda: abs(seen()[..., 0].sum() / 255 - area) < area / 2000)
    levels = seen()[..., 0]
    between = ((levels > 8) & (levels < 247)).sum()
    assert 0.6 * around < between < 2.2 * around


def test_flips_and_turns_to_the_last_bit(window, seen):
    show = window()
    make = "np.random.default_rng(1).integers(0, 256, (400, 400, 4), 'uint8') | np.array([0, 0, 0, 255], 'uint8')"
    show.ask(f"setattr(look, 'picture', {make})")
    picture = eval(make)
    flips = {"none": picture, "h": picture[:, ::-1], "v": picture[::-1], "hv": picture[::-1, ::-1]}
    for flip, turn in (("none", 90), ("h", 0), ("v", 90), ("h", 270), ("hv", 180), ("none", 180), ("none", 0)):
        put(show, flip=flip, rotate=turn)
        wanted = np.rot90(flips[flip], -turn // 90)[..., :3]
        until(lambda wanted=wanted: np.array_equal(seen(), wanted), 20)
    put(show, flip="v", rotate=90, corners=(0.2, 0.1, 1, 0, 0.9, 1, 0, 0.8))
    drawn, whole = warped(np.rot90(flips["v"], -1), (0.2, 0.1, 1, 0, 0.9, 1, 0, 0.8))
    until(lambda: np.abs(seen() - drawn)[whole].mean() < 1)


def test_a_turned_picture_is_fitted_as_it_then_is(window, seen):
    show = window("window#rotate=90")
    until(lambda: seen()[:, 200].max(axis=1).min() > 8)
    assert seen()[:, :80].max() == 0  # 180 of 320 across
    assert np.abs(seen()[20, 300].astype(int) - 255).max() < 6  # the white corner is at the top right
    put(show, corners=(0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5))
    until(lambda: np.abs(seen()[10, 150].astype(int) - 255).max() < 6 and seen()[201:].max() == 0)
    put(show, fit="cover")
    until(lambda: seen()[5, 5].max() > 8 and seen()[201:].max() == 0 and seen()[:, 201:].max() == 0)


def test_keys_choose_and_push_a_corner_and_nothing_makes_it_degenerate(window, press, xdotool):
    show = window()
    press("Right")
    press("t")
    until(lambda: show.ask("window.card"))
    assert corners(show) == (0, 0, 1, 0, 1, 1, 0, 1)  # only while they can be moved
    press("m")
    press("Right")
    press("shift+Down")
    until(lambda: corners(show)[:2] == pytest.approx((1 / SIZE, 10 / SIZE)))
    press("Tab")
    press("shift+Left")
    press("3")
    press("Up")
    wanted = (1 / SIZE, 10 / SIZE, 1 - 10 / SIZE, 0, 1, 1 - 1 / SIZE, 0, 1)
    until(lambda: corners(show) == pytest.approx(wanted))
    way = "mousemove 400 300 sleep 0.03 mousemove 260 160 sleep 0.03 mousemove 210 110 sleep 0.03"
    xdotool(*f"mousemove 590 490 mousedown 1 {way} mouseup 1".split())
    until(lambda: corners(show) != pytest.approx(wanted))
    until(lambda: show.ask("not window.keys.dragging"))
    assert show.ask(
        "__import__('livedream.output.window.placement', fromlist=['x']).is_convex(window.placement.corners)"
    )
    press("r")
    until(lambda: corners(show) == (0, 0, 1, 0, 1, 1, 0, 1))
    press("Escape")
    until(lambda: not show.ask("window.mapping"))
    assert show.ask("window.state") == "up"


def test_corners_survive_the_program(display, tmp_path):
    env = display | {"XDG_CONFIG_HOME": str(tmp_path)}
    quad = (0.125, 0, 1, 0.25, 0.875, 1, 0, 0.75)
    for number in range(2):
        show = Show(env, "window#fit=cover")
        try:
            if number == 0:
                put(show, corners=quad, flip="h")
                until(lambda: (tmp_path / "livedream" / "windows.json").exists())
                put(show, rotate=180)  # just before the end
            assert corners(show) == quad
            assert show.ask("(window.placement.fit, window.placement.flip)") == ("cover", "h")
            assert show.ask("window.placement.rotate") == 180
            show.ask("done.set()")
            show.end()
        finally:
            show.kill()
    kept = json.loads((tmp_path / "livedream" / "windows.json").read_text())
    assert kept["window"]["screen"]["corners"] == list(quad)
