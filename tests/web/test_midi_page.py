"""The page's MIDI over a real show and a real JACK controller: a fader clicked, a knob moved, and forgotten again."""

import pytest

from tests import dreams
from tests.jack import Controller, server
from tests.show import Show
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

BUTTON = "document.getElementById('midi')"
FADE = "document.querySelector('[data-address=\"master/fade\"]')"
WORD = f"{FADE}.closest('label').querySelector('.cc')"


def test_learned_shown_and_forgotten(tmp_path, monkeypatch):
    async def visit(browser, hand, says):
        await says(f"{BUTTON}?.hidden === false && !{BUTTON}.classList.contains('away')")
        await hand.click(BUTTON)
        await says("document.body.classList.contains('learn')")
        await hand.click(FADE)
        await says(lambda: show.status()["midi"]["learning"] == "master/fade")
        assert value(show, "master/fade") == 1  # a click moves nothing now
        box.cc(7, 120, 127, 64)
        await says(f"{WORD}?.textContent === 'CC 7'")
        await says(lambda: abs(value(show, "master/fade") - 0.5) < 1e-6)
        for _ in range(2):
            await hand.click(FADE)
            await says("document.getElementById('learning').textContent.includes('again')")
        await says(f"{WORD} === null")
        await hand.click(BUTTON)
        await says("!document.body.classList.contains('learn')")

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    dreams.tiny(tmp_path / "tiny.onnx")
    with (
        server(),
        Controller("fader box") as box,
        Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "20", "--midi", "fader") as show,
    ):
        show.frame()
        visiting(show, tmp_path, visit)
    assert (show.code, show.errors) == (0, "")
