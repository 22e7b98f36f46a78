"""The page's vote over a real show: two viewers press, one of them may only play; counts, word and knob are shown."""

import asyncio
import json

import pytest

from tests import dreams
from tests.show import Show
from tests.web.browser import CHROMIUM, Browser
from tests.web.hand import BOX, Hand, value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

BUTTON = "document.querySelector('.votes .%s')"
TALLY = "document.querySelector('.tally output').textContent"
WORD = "document.querySelector('#vote .word')"


async def press(browser, what):
    """Press a mouse on the middle of something."""
    await browser.js(f"{what}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    left, top, width, height = json.loads(await browser.js(BOX % what))
    for kind in ("Pressed", "Released"):
        await Hand(browser).do(kind, left + width / 2, top + height / 2)


def counted(show):
    return tuple(show.status()["vote"]["decks"][0][each] for each in ("up", "down"))


def test_pressed_counted_named_and_shown(tmp_path):
    async def visit(browser, hand, says):
        await says("document.querySelector('.votes .up span')?.textContent === 'scarier'")
        for each in ("up", "up", "down", "up"):
            await press(browser, BUTTON % each)
        await says(lambda: counted(show) == (3, 1))
        await says(f"{TALLY}.includes('3 ▲') && {TALLY}.includes('1 ▼')")
        await browser.js(f"{WORD}.value = 'stranger'; {WORD}.dispatchEvent(new Event('change'))")
        await says("document.querySelector('.votes .down span').textContent === 'not stranger'")
        await says("document.querySelector('#vote .fader span').textContent === 'Stranger'")
        await says("getComputedStyle(document.querySelector('.votes .up')).height.slice(0, -2) > 80")
        amount = "document.querySelector('[data-address=\"vote/amount\"]')"
        await browser.js(f"{amount}.value = 0.9; {amount}.dispatchEvent(new Event('input'))")
        await says(lambda: value(show, "vote/amount") > 1)
        await press(browser, "document.querySelector('[data-address=\"vote/save\"]')")
        await says("document.querySelector('#vote .note').textContent === 'saved tiny-stranger.onnx'")
        await press(browser, "document.querySelector('[data-address=\"vote/reset\"]')")
        await says(f"{TALLY} === 'nobody has voted'")
        phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        await browser.call("Emulation.setDeviceMetricsOverride", **phone)
        assert await browser.js("document.documentElement.scrollWidth <= innerWidth")
        assert await browser.js(f"{BUTTON % 'up'}.getBoundingClientRect().height") > 120

    dreams.tiny(tmp_path / "tiny.onnx")
    with Show(tmp_path / "tiny.onnx", "--fps", "20", "--recordings", tmp_path) as show:
        show.frame()
        visiting(show, tmp_path, visit)
    assert (show.code, show.errors) == (0, "")


def test_two_viewers_who_may_only_play_both_vote(tmp_path):
    async def visit(show):
        address = f"http://127.0.0.1:{show.web_port}/?k=let-me-play-along"
        ready = "document.querySelector('.votes .up span')?.textContent === 'scarier'"
        async with (
            Browser(tmp_path / "one", address, "420,860") as one,
            Browser(tmp_path / "two", address, "420,860") as two,
        ):
            for browser in (one, two):
                await browser.eventually(lambda browser=browser: browser.js(ready))
                await press(browser, BUTTON % "up")
            await one.eventually(lambda: one.js(f"{TALLY}.includes('2 ▲')"))
            for address in ("vote/save", "vote/reset", "vote/word"):
                assert await one.js(f"document.querySelector('#vote [data-address=\"{address}\"]').disabled"), address
            assert not await one.js("document.querySelector('.votes .up').disabled")

    dreams.tiny(tmp_path / "tiny.onnx")
    tokens = "play:let-me-play-along,admin:let-me-rule-alone"
    with Show(tmp_path / "tiny.onnx", "--fps", "20", "--web-token", tokens) as show:
        show.frame()
        asyncio.run(visit(show))
    assert show.code == 0, show.errors
