"""Ways from one place of the footage to another: no dream comes to an end."""

import torch
from livedream_export.motion_model import bridges


def spiral(count, turns):
    """Latents of a smooth way that passes similar places again and again, f32 [count, 3]."""
    t = torch.linspace(0, 1, count)
    angle = 2 * torch.pi * turns * t
    return torch.stack([angle.cos(), angle.sin(), 0.2 * t], 1)


def test_no_run_stops_where_the_footage_does_except_by_a_bridge():
    white = spiral(900, 5)
    found, runs = bridges.build(white, [(0, 900)])
    (shot, *others) = runs
    assert shot == (0, 900 - bridges.STEPS)
    leaves_the_end = [found[a:b] for a, b in others if (found[a:b] == white[900 - bridges.STEPS - 1]).all(1).any()]
    assert len(leaves_the_end) == 1
    assert (leaves_the_end[0][-1] == white).all(1).any()  # and arrives at a place of the footage
    assert not (leaves_the_end[0][-1] == white[-1]).all()


def test_a_bridge_is_as_smooth_as_the_footage():
    white = spiral(900, 5)
    found, runs = bridges.build(white, [(0, 900)])
    pace = (white[1:] - white[:-1]).norm(dim=1).max()
    for a, b in runs:
        assert (found[a + 1 : b] - found[a : b - 1]).norm(dim=1).max() < 2 * pace


def test_every_ten_seconds_there_is_a_fork():
    _, runs = bridges.build(spiral(1800, 9), [(0, 1800)])
    assert len(runs) - 1 >= 1800 // bridges.FORK_EVERY


def test_shots_are_joined_by_bridges_only():
    white = torch.cat([spiral(300, 3), spiral(300, 3) + 5.0])
    found, runs = bridges.build(white, [(0, 300), (300, 600)])
    assert runs[:2] == [(0, 300 - bridges.STEPS), (300, 600 - bridges.STEPS)]
    assert all(a >= 600 for a, _ in runs[2:])
    assert torch.equal(found[:600], white)


def test_shots_too_short_to_bend_stay_whole():
    white = spiral(60, 1)
    shots = [(k, k + 10) for k in range(0, 60, 10)]
    found, runs = bridges.build(white, shots)
    assert runs == shots
    assert torch.equal(found, white)


def test_short_shots_are_joined_by_short_bridges():
    """So a dream of clips of a second does not end with each of them."""
    white = torch.cat([spiral(32, 1) + 0.01 * k for k in range(5)])
    shots = [(k, k + 32) for k in range(0, 160, 32)]
    found, runs = bridges.build(white, shots)
    assert runs[:5] == [(a, b - 5) for a, b in shots]
    assert len(runs) == 10
    for a, b in runs[5:]:
        assert b - a >= 9
        end = found[b - 1]
        assert (end == white).all(1).any()  # arrives at a place of another shot, with some of it ahead
