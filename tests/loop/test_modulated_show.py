"""Modulation in a show: it moves the picture, and a recording of it is drawn again without modulation."""

import numpy as np
import pytest

from livedream.control.modulation import Modulation
from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import FPS, TINT, Performance, numbered
from tests.show import Show, has_oscsend


class Beat:
    bpm, beat = 120.0, 0.0


def test_a_modulated_show_is_drawn_again_to_the_bit_without_modulation(tmp_path):
    dreams.tiny(tmp_path / "calm.onnx", title="Calm")
    (tmp_path / "tint.fs").write_text(TINT)
    played = Performance(tmp_path / "calm.onnx", looks=[tmp_path / "tint.fs"])
    modulation = Modulation(played.table, FPS, Beat())
    played.transform = modulation.transform
    path = tmp_path / "set.show"
    played.shows.keep(path)
    slots = [
        ("sine", "dream/knob/1", 0.8),
        ("random", "dream/latent/1", 0.5),
        ("saw", "look/tint/amount", 1),
        ("square", "dream/scene", 1),
        ("triangle", "player/speed", 0.3),
    ]
    for n, (source, target, depth) in enumerate(slots, 1):
        played.set(**{f"mod__{n}__source": source, f"mod__{n}__target": target, f"mod__{n}__depth": depth})
        played.set(**{f"mod__{n}__rate": 1 + n / 3})
    live = played.play(60).play(20, at_once=2).end()
    assert len({each.tobytes() for each in live.values()}) > 60
    show = show_file.read(path)
    again = numbered(replay.frames(show, replay.dreams(show)))
    assert set(live) <= set(again)
    assert all(np.array_equal(live[number], again[number]) for number in live)


@pytest.mark.skipif(not has_oscsend, reason="needs oscsend: apt install liblo-tools")
def test_an_lfo_on_a_knob_is_seen_and_the_target_stays(tmp_path):
    dreams.tiny(tmp_path / "calm.onnx")
    with Show(tmp_path / "calm.onnx", "--size", "64x32") as show:
        show.frame()
        show.osc("player/glide", "f", "0")
        show.osc("player/freeze", "i", "1")
        show.osc("dream/scene_jump", "i", "0")
        still = dreams.picture(dreams.first())[0]
        show.until(still)
        show.osc("mod/1/source", "s", "square")
        show.osc("mod/1/rate", "f", "3")
        show.osc("mod/1/target", "s", "dream/knob/1")
        show.until(lambda pixels: not np.array_equal(pixels, still))
        seen = {pixels.tobytes() for _, _, pixels in show.frames(40)}
        assert len(seen) == 2
        assert show.value("dream/knob/1") == 0
        assert show.value("mod/1/target") > 0
        show.osc("mod/1/source", "s", "off")
        show.until(still)
    assert show.code == 0, show.errors
