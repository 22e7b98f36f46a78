"""Faders under a mouse and under a finger in a real browser; and what the desk does while the show is away."""

import asyncio
import json
import threading

import pytest

from livedream import parameters
from livedream.web.server import Server
from tests.waiting import until
from tests.web.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

POINT = parameters.Parameter("look/lens/centre", "vector", 0, 1, 0.5, length=2, item="lens", label="Centre")
OF_LOOK = (
    POINT,
    parameters.Parameter("look/lens/wet", "float", default=1, item="lens"),
    parameters.Parameter("look/lens/bypass", "bool", item="lens"),
)
BOX = (
    "(r => JSON.stringify([r.x, r.y, r.width, r.height]))"
    "(document.querySelector('[data-address=\"%s\"]').getBoundingClientRect())"
)


class Desk:
    """A page's server with a table that is ticked, as a show does it; it can go away and come back."""

    def __init__(self):
        knobs = [("horizon", "")] * 8
        shared = (*parameters.PLAYER, *parameters.dream(["dawn", "dusk"], knobs), *parameters.ALWAYS, *OF_LOOK)
        self.table, self.port, self.done = parameters.Table(shared), 0, threading.Event()
        self.begin()
        threading.Thread(target=self.run, daemon=True).start()

    def begin(self):
        self.server = Server("127.0.0.1", self.port, self.table, lambda: {"state": "playing", "fps": {"fresh": 30}})
        self.server.start()
        self.port = self.server.port

    def run(self):
        while not self.done.wait(1 / 60):
            self.server.on_frame(self.table.tick(1 / 60))

    def value(self, address):
        return self.table.target(address)


@pytest.fixture
def desk():
    made = Desk()
    yield made
    made.done.set()
    made.server.stop()


def visiting(desk, folder, visit, size="1280,860", phone=False):
    async def run():
        async with Browser(folder, "about:blank", size) as browser:
            if phone:
                width, height = map(int, size.split(","))
                metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
                await browser.call("Emulation.setDeviceMetricsOverride", **metrics)
                await browser.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
            await browser.call("Page.navigate", url=desk.server.url)
            await browser.eventually(lambda: browser.js("!!document.querySelector('[data-address=\"master/fade\"]')"))
            await visit(browser)

    asyncio.run(run())


async def place(browser, address, x=0.5, y=0.5):
    """A point of a control, once it is in the middle of the screen and lies still."""
    before = None
    while before != (box := await browser.js(BOX % address)):
        before = box
        scroll = "scrollIntoView({block: 'center', behavior: 'instant'})"
        await browser.js(f"document.querySelector('[data-address=\"{address}\"]').{scroll}")
        await asyncio.sleep(0.05)
    left, top, width, height = json.loads(box)
    return left + x * width, top + y * height, width


async def mouse(browser, *way, count=1):
    """Press at the first point, go by the others, release at the last."""
    kinds = ["mousePressed", *["mouseMoved"] * (len(way) - 1), "mouseReleased"]
    for kind, (x, y) in zip(kinds, (*way, way[-1]), strict=True):
        more = {"button": "left", "buttons": 0 if kind == "mouseReleased" else 1, "clickCount": count}
        await browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)


async def finger(browser, *way, lift="touchEnd"):
    kinds = ["touchStart", *["touchMove"] * (len(way) - 1)] if way else []
    for kind, (x, y) in zip(kinds, way, strict=True):
        await browser.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
    if lift:
        await browser.call("Input.dispatchTouchEvent", type=lift, touchPoints=[])


async def settled(browser, desk):
    """Wait until all that the page has sent so far is in the table: a value of its own comes last."""
    mark = 61.0 + desk.value("tempo/bpm") % 7
    await browser.js(f"import('/controls.js').then(c => setTimeout(() => c.set('tempo/bpm', {mark}), 40))")
    await asyncio.to_thread(until, lambda: desk.value("tempo/bpm") == mark)


FADERS = ["player/speed", "dream/temperature", "dream/knob/1", "master/fade", "tempo/bpm"]


def test_a_mouse_grabs_a_fader_by_its_hand_and_a_double_click_resets_it(desk, tmp_path):
    async def visit(browser):
        for address in FADERS:
            each = desk.table.parameters[address]
            at = float(await browser.js(f"document.querySelector('[data-address=\"{address}\"]').value"))
            for off in (-1, 0, 1):  # the hand is 2 pixels wide
                x, y, width = await place(browser, address, min(max(at, 0.01), 0.99))
                to = x - 0.2 * width if at > 0.3 else x + 0.2 * width
                await mouse(browser, (x + off, y), ((x + to) / 2, y), (to, y))
                await browser.eventually(moved(lambda a=address, e=each: abs(desk.value(a) - e.default) > 1e-3))
                for count in (1, 2):  # at another place than where the hand is
                    await mouse(browser, (x - 0.1 * width, y), count=count)
                await browser.eventually(moved(lambda a=address, e=each: desk.value(a) == e.default))

    visiting(desk, tmp_path, visit)


def moved(condition):
    async def check():
        return condition()

    return check


@pytest.mark.parametrize("address", ["dream/temperature", "dream/knob/1", "player/speed", "look/lens/centre"])
def test_a_finger_that_scrolls_moves_nothing(desk, tmp_path, address):
    async def visit(browser):
        before = desk.value(address)
        for start in (0.2, 0.5, 0.9):
            x, y, _ = await place(browser, address, start)
            top = await browser.js("scrollY")
            await finger(browser, (x, y), *((x + step % 3, y - 12 * step) for step in range(1, 12)))
            await browser.eventually(lambda top=top: browser.js(f"scrollY !== {top}"))
            x, y, _ = await place(browser, address, start)
            await finger(browser, (x, y))  # a tap
            await finger(browser, (x, y), (x + 4, y), (x + 7, y))  # less than 8 pixels
        await settled(browser, desk)
        assert desk.value(address) == before

    visiting(desk, tmp_path, visit, "390,844", phone=True)


def test_a_finger_moves_a_fader_by_as_much_as_it_moves_and_what_is_cancelled_is_undone(desk, tmp_path):
    async def visit(browser):
        slider = "document.querySelector('[data-address=\"dream/knob/1\"]').value"
        for start in (0.1, 0.5, 0.8):  # wherever it is laid down
            desk.table.set("dream/knob/1", [0.0])
            await browser.eventually(lambda: browser.js(f"{slider} === '0.5'"))
            x, y, width = await place(browser, "dream/knob/1", start)
            sideways = [(x + step, y) for step in range(0, 70, 5)]
            await finger(browser, *sideways)
            wanted = 6 * (65 - 10) / width  # of a range of 6, after the first 8 pixels
            await browser.eventually(moved(lambda w=wanted: abs(desk.value("dream/knob/1") - w) < 0.35))
            await settled(browser, desk)
        desk.table.set("dream/knob/1", [1.5])
        await browser.eventually(lambda: browser.js(f"{slider} === '0.75'"))
        await finger(browser, *((x - step, y) for step in range(0, 60, 5)), lift=None)
        await browser.eventually(moved(lambda: desk.value("dream/knob/1") < 1.3))
        await finger(browser, lift="touchCancel")
        await browser.eventually(moved(lambda: desk.value("dream/knob/1") == 1.5))
        x, y, width = await place(browser, "look/lens/centre")
        await finger(browser, *((x + step, y - step / 2) for step in range(0, 60, 5)))
        await browser.eventually(moved(lambda: desk.value("look/lens/centre")[0] > 0.55))
        assert desk.value("look/lens/centre")[1] > 0.55

    visiting(desk, tmp_path, visit, "390,844", phone=True)


def test_controls_are_off_while_the_show_is_away(desk, tmp_path):
    async def visit(browser):
        await place(browser, "master/blackout")
        desk.server.stop()
        await browser.eventually(
            lambda: browser.js("document.getElementById('figures').innerText.includes('not conn')")
        )
        assert "Connection lost" in await browser.js("document.getElementById('message').innerText")
        x, y, _ = await place(browser, "master/blackout")
        await mouse(browser, (x, y))
        await browser.call("Input.dispatchKeyEvent", type="keyDown", key="b", text="b")
        pressed = "document.querySelector('[data-address=\"master/blackout\"]').getAttribute('aria-pressed')"
        assert await browser.js(pressed) == "false"
        desk.begin()
        await browser.eventually(lambda: browser.js("!document.querySelector('#desk > [inert]')"))
        await settled(browser, desk)
        assert desk.value("master/blackout") is False
        await mouse(browser, (x, y))
        await browser.eventually(moved(lambda: desk.value("master/blackout") is True))

    visiting(desk, tmp_path, visit)


UNDER = """(() => {
  const picture = document.getElementById('stage').getBoundingClientRect();
  const box = document.activeElement.getBoundingClientRect();
  return document.activeElement !== document.body && box.bottom <= picture.bottom;
})()"""


def test_what_has_the_focus_is_never_under_the_picture(desk, tmp_path):
    async def visit(browser):
        await browser.js("[...document.querySelectorAll('#desk button, #desk input')].at(-1).focus()")
        names = set()
        for _ in range(40):
            for kind in ("rawKeyDown", "keyUp"):
                await browser.call(
                    "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9, modifiers=8
                )
            names.add(await browser.js("document.activeElement.dataset.address ?? document.activeElement.textContent"))
            assert not await browser.js(UNDER)
        assert len(names) > 15

    visiting(desk, tmp_path, visit, "390,844", phone=True)


MISNAMED = """[...document.querySelectorAll('button[aria-label], a[aria-label]')].filter(each => {
  const words = each.innerText.toLowerCase().match(/[a-z0-9]+/g)?.join(' ') ?? '';
  return !each.ariaLabel.toLowerCase().includes(words);
}).map(each => each.outerHTML).join()"""


def test_the_desk_shows_that_it_scrolls_and_buttons_are_called_what_they_say(desk, tmp_path):
    async def visit(browser):
        assert await browser.js("(d => d.scrollHeight > d.clientHeight)(document.getElementById('desk'))")
        assert await browser.js("getComputedStyle(document.getElementById('desk')).scrollbarWidth") == "thin"
        assert await browser.js(MISNAMED) == ""

    visiting(desk, tmp_path, visit)
