"""The page's tempo over a real show: tapped, seen in its lights, nudged, and what waits chosen."""

import asyncio

import pytest

from tests import dreams
from tests.show import Show
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

AT = "document.querySelector('[data-address=\"tempo/%s\"]')"
LIT = "[...document.querySelectorAll('.tap i')].map(each => +each.classList.contains('on')).join('')"
WATCH = f"""window.lit = new Set();
new MutationObserver(() => lit.add({LIT})).observe(document.querySelector('.tap'), {{attributes: true}})"""  # data-beat


def test_tapped_lit_and_set(tmp_path):
    async def visit(browser, hand, says):
        await says(f"{LIT}.includes('1')")
        await browser.js(WATCH)
        await says("window.lit.size === 4")
        assert await browser.js("[...window.lit].sort().join(' ')") == "0001 0010 0100 1000"
        # Beaten with the finger, not when it goes; a key does it too.
        at = await hand.on(AT % "tap")
        for _ in range(4):
            await hand.do("Pressed", *at)
            await hand.do("Released", *at)
            await asyncio.sleep(0.2)
            await browser.call("Input.dispatchKeyEvent", type="keyDown", key="t", text="t")
            await browser.call("Input.dispatchKeyEvent", type="keyUp", key="t")
            await asyncio.sleep(0.2)
        await says(lambda: value(show, "tempo/bpm") != 120)
        await says(f"Math.abs(document.querySelector('.pace output').innerText - {value(show, 'tempo/bpm')}) < 0.06")
        # The one, and a little on.
        await hand.click(AT % "resync")
        await says(lambda: show.status()["tempo"]["beat"] < 15)
        await hand.click("document.querySelector('.step[data-step=\"0.02\"]')")
        for address, chosen in (("quantize", "bar"), ("source", "midi")):
            await browser.js(f"{AT % address}.value = '{chosen}'; {AT % address}.onchange()")
        await hand.click(AT % "sync")
        await says(lambda: (value(show, "tempo/quantize"), value(show, "tempo/source")) == (2, 1))
        await says(lambda: value(show, "tempo/sync") is True)
        await says("document.querySelector('#tempo .note').innerText === 'waiting for a MIDI clock'")
        phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        await browser.call("Emulation.setDeviceMetricsOverride", **phone)
        assert await browser.js("document.documentElement.scrollWidth <= innerWidth")

    dreams.tiny(tmp_path / "tiny.onnx")
    with Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "20") as show:
        show.frame()
        visiting(show, tmp_path, visit)
    assert (show.code, show.errors) == (0, "")
