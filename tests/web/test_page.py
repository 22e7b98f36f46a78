"""The page in a real browser: the picture arrives, a slider moves the table, the table moves the slider."""

import asyncio
import json
import threading

import numpy as np
import pytest

from livedream import parameters
from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from livedream.web.server import Server
from tests.web.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")


@pytest.fixture
def show():
    """A server and a page output that is shown one picture, 30 times a second: green above, red below."""
    knobs = [("horizon", "where the road ends")] * 8
    scenes = parameters.dream(["dawn", "dusk"], knobs)
    table = parameters.Table((*parameters.PLAYER, *scenes, *parameters.MASTER))
    page = parse("page")

    def status():
        outputs = [{"name": "page", "kind": "page", "state": page.state, "dropped": 0, "error": None}]
        outputs += [{"name": "wall", "kind": "rtmp", "state": "retrying", "dropped": 7, "error": "wall: refused"}]
        return {"state": "playing", "fps": {"fresh": 29.6}, "ms": {"latency_p50": 21}, "outputs": outputs}

    page.server = server = Server("127.0.0.1", 0, table, status)
    server.start()
    page.start(168, 96, 30)
    pixels = np.zeros((96, 168, 4), np.uint8)
    pixels[:48] = 20, 200, 60, 255
    pixels[48:] = 220, 30, 40, 255
    done = threading.Event()

    def run():
        number = 0
        while not done.wait(1 / 30):
            page.show(Frame(pixels, number := number + 1))
            server.on_frame(table.tick(1 / 30))

    thread = threading.Thread(target=run)
    thread.start()
    yield server
    done.set()
    thread.join()
    page.stop()
    server.stop()


FILLS = "(r => r.width > innerWidth - 2 || r.height > innerHeight - 2)(picture.getBoundingClientRect())"
HIDDEN = "getComputedStyle(document.getElementById('desk')).display === 'none'"
BOX = (
    "(({x, y, width, height}) => JSON.stringify([x, y, width, height]))"
    "(document.querySelector('%s').getBoundingClientRect())"
)


def near(colour, wanted):
    return np.abs(colour.astype(int) - wanted).max() < 12


async def seen_picture(browser):
    """Wait for the picture and check it on a screenshot; returns its place."""
    await browser.eventually(lambda: browser.js("document.getElementById('picture')?.width === 168"))
    x, y, w, h = map(round, json.loads(await browser.js(BOX % "#picture")))
    assert abs(w / h - 168 / 96) < 0.02
    shot = await browser.screenshot()
    assert near(shot[y + h // 4, x + w // 2], (20, 200, 60))  # upright, in its colours
    assert near(shot[y + 3 * h // 4, x + w // 2], (220, 30, 40))
    return x, y, w, h


def test_desk(show, tmp_path):
    async def visit():
        async with Browser(tmp_path, show.url, "1280,760") as browser:
            _, _, width, _ = await seen_picture(browser)
            assert width > 800  # the picture is the largest thing
            # A hand on a fader.
            x, y, w, h = json.loads(await browser.js(BOX % '[data-address="dream/knob/1"]'))
            await click(browser, x + 0.75 * w, y + h / 2)
            await browser.eventually(moved(lambda: show.table.target("dream/knob/1") == pytest.approx(1.5, abs=0.05)))
            assert "1 horizon" in await browser.js("document.getElementById('knobs').innerText")
            # A controller elsewhere moves it, and the fader follows.
            show.table.set("dream/knob/1", [-3.0], sender="controller")
            fader = "document.querySelector('[data-address=\"dream/knob/1\"]').value === '0'"
            await browser.eventually(lambda: browser.js(fader))
            # Buttons, scenes, keys.
            for name, address, value in (("Freeze", "player/freeze", True), ("dusk", "dream/scene", 1)):
                await browser.js(
                    f"[...document.querySelectorAll('button')].find(b => b.innerText === '{name}').click()"
                )
                await browser.eventually(moved(lambda a=address, v=value: show.table.target(a) == v))
            await key(browser, "b")
            await browser.eventually(moved(lambda: show.table.target("master/blackout") is True))
            status = await browser.js("document.getElementById('status').innerText")
            assert "30 fps" in status
            assert "21 ms" in status
            assert "7 dropped" in status
            assert "wall: refused" in status  # what is broken is named on the page
            # A double click leaves the picture alone on the screen, and another brings the desk back.
            for wall in (True, False):
                x, y, w, h = json.loads(await browser.js(BOX % "#picture"))
                await click(browser, x + w / 2, y + h / 2, times=2)
                await browser.eventually(lambda wall=wall: browser.js(f"({HIDDEN}) === {str(wall).lower()}"))
                if wall:
                    await browser.eventually(lambda: browser.js(FILLS))

    asyncio.run(visit())


def test_phone(show, tmp_path):
    async def visit():
        async with Browser(tmp_path, show.url, "390,844") as browser:
            size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
            await browser.call("Emulation.setDeviceMetricsOverride", **size)
            x, _, width, _ = await seen_picture(browser)
            assert width > 340
            assert await browser.js("document.documentElement.scrollWidth <= innerWidth")  # nothing sticks out
            await browser.js("document.getElementById('master').scrollIntoView()")
            x, y, w, h = json.loads(await browser.js(BOX % '[data-address="master/fade"]'))
            assert h >= 40  # large enough for a thumb
            await click(browser, x + w / 2, y + h / 2)
            await browser.eventually(moved(lambda: show.table.target("master/fade") == pytest.approx(0.5, abs=0.05)))
            await seen_picture(browser)  # it stays in sight while the desk scrolls

    asyncio.run(visit())


def moved(condition):
    async def check():
        return condition()

    return check


async def click(browser, x, y, times=1):
    for count in range(1, times + 1):
        for kind in ("mousePressed", "mouseReleased"):
            await browser.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=count
            )


async def key(browser, text):
    await browser.call("Input.dispatchKeyEvent", type="keyDown", key=text, text=text)
    await browser.call("Input.dispatchKeyEvent", type="keyUp", key=text)
