"""Placements: compared with a homography computed in another way; refused quadrilaterals."""

import numpy as np
import pytest

from livedream.output import kinds
from livedream.output.window import placement, saved
from livedream.output.window.placement import Placement
from livedream.picture.placing import WHOLE
from livedream.system import paths

SKEW = (0.1, 0.05, 0.95, 0.2, 0.8, 0.9, -0.1, 1.2)


def solved(corners):
    """The homography from the unit square by eight linear equations (DLT) rather than the closed form."""
    rows, right = [], []
    for (u, v), (x, y) in zip(((0, 0), (1, 0), (1, 1), (0, 1)), np.reshape(corners, (4, 2)), strict=True):
        rows += [[u, v, 1, 0, 0, 0, -u * x, -v * x], [0, 0, 0, u, v, 1, -u * y, -v * y]]
        right += [x, y]
    return np.append(np.linalg.solve(rows, right), 1).reshape(3, 3)


@pytest.mark.parametrize("corners", [WHOLE, SKEW, (0.5, 0, 1, 0.5, 0.5, 1, 0, 0.5), (0, 0, 1, 0, 0.7, 0.4, 0.3, 0.4)])
def test_the_homography_takes_corners_to_corners_and_lines_to_lines(corners):
    np.testing.assert_allclose(placement.homography(corners), solved(corners), atol=1e-9)


@pytest.mark.parametrize(
    "corners",
    [
        (0, 0, 1, 0, 1, 1, 1, 1),  # two corners in the same place
        (0, 0, 1, 0, 0, 1, 1, 1),  # crossed
        (1, 0, 0, 0, 0, 1, 1, 1),  # mirrored, which is what `flip` is for
        (0, 0, 1, 0, 0.3, 0.3, 0, 1),  # a corner pushed in
        (0, 0, 0.5, 0, 1, 0, 0, 1),  # three on a line
        (0, 0, 0.005, 0, 0.005, 0.005, 0, 0.005),  # tiny
        (0, 0, 1.6, 0, 1, 1, 0, 1),  # too far out
        (0, 0, float("nan"), 0, 1, 1, 0, 1),
        (0, 0, 1, 0, 1, 1),
    ],
)
def test_what_is_no_quadrilateral_is_refused(corners):
    with pytest.raises(ValueError, match="quadrilateral"):
        Placement(corners=corners)


def test_a_corner_that_cannot_go_there_stays():
    there = Placement(corners=SKEW)
    assert there.moved(0, 0.2, 0.1).corners == (0.2, 0.1, *SKEW[2:])
    assert there.moved(0, -7, 0.1).corners == (-0.5, 0.1, *SKEW[2:])
    assert there.moved(0, 1.0, 1.0) is there
    assert there.moved(2, 0.1, 0.1) is there


def test_a_placement_is_kept_by_window_and_monitor(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(paths, "config_folder", lambda: tmp_path / "livedream")
    one, other = Placement("cover", "h", 90, SKEW), Placement("stretch")
    assert saved.load("window", "HDMI-1") is None
    saved.save("window", "HDMI-1", one)
    saved.save("window", "DP-2", other)
    saved.save("window:1", "HDMI-1", other)
    assert saved.load("window", "HDMI-1") == one
    assert saved.load("window", "DP-2") == saved.load("window:1", "HDMI-1") == other
    assert not caplog.messages
    [file] = (tmp_path / "livedream").iterdir()
    for broken in ('{"window": {"HDMI-1": {"corners": [0, 0, 1]}}}', "{", "[]", '{"window": 3}'):
        file.write_text(broken)
        assert saved.load("window", "HDMI-1") is None
    assert len(caplog.messages) == 2
    saved.save("window", "HDMI-1", one)
    assert saved.load("window", "HDMI-1") == one


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("window#flip=x", "none, h, v, hv"),
        ("window#rotate=45", "0, 90, 180, 270"),
        ("window#at=12", "X,Y"),
        ("window#border=no", "0 or 1"),
        ("none#rotate=90", "no key"),
    ],
)
def test_keys_of_out(text, said):
    with pytest.raises(kinds.UserError, match=said):
        kinds.parse(text)
