"""The page's outputs over a real show: added and removed, recorded, kept as a picture, and what is wrong with one."""

import os
import shutil
import subprocess

import av
import pytest

from tests import dreams
from tests.show import Show, free_port
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

ROW = "document.querySelector('[data-output=\"%s\"]')"
AT = "document.querySelector('[data-address=\"%s\"]')"
FIELD = "document.querySelector('#places form input')"
ADD = "document.querySelector('#places form button')"
WORD = "document.querySelector('#places .word').innerText"
HEIGHTS = "[...new Set([...document.querySelectorAll('.place .head')].map(each => each.offsetHeight))].length"


def named(show):
    return {each["name"]: each for each in show.status()["outputs"]}


def test_outputs_come_and_go_and_say_how_they_are(tmp_path):
    dead = f"rtmp://127.0.0.1:{free_port()}/live/secret"

    async def visit(browser, hand, says):
        async def write(text):
            await hand.click(FIELD)
            for key in text:  # as they are typed: no letter of them is a key of the instrument
                await browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
                await browser.call("Input.dispatchKeyEvent", type="keyUp", key=key)

        # Added by the keyboard, removed by the mouse.
        await says(f"{ROW % 'page'}?.innerText.includes('fps')")
        await write("none#name=fbhr")
        await says(f"{WORD}.includes('for measuring')")  # what it is to be, while it is written
        await browser.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
        await says(lambda: "fbhr" in named(show))
        await says(f"{ROW % 'fbhr'}?.className.includes('up') && {FIELD}.value === ''")
        assert not any(value(show, each) for each in ("master/blackout", "master/hold"))
        assert not await browser.js("document.body.classList.contains('wall')")
        await hand.click(f"{ROW % 'fbhr'}.querySelector('.head')")
        await hand.click(f"{ROW % 'fbhr'}.querySelector('.feet button')")
        await says(lambda: "fbhr" not in named(show))
        await says(f"{ROW % 'fbhr'} === null")
        # Not one of the kinds: said in words, and what was written is still there to be mended.
        await write("ndj:stage")
        await hand.click(ADD)
        await says(f"{WORD}.startsWith('ndj:stage: no such output')")
        await browser.screenshot()
        assert await browser.js(f"{FIELD}.value") == "ndj:stage"
        # Nobody listens at the far end: seen, without its key, and no row is higher for it.
        masked = dead.replace("secret", "***")
        await browser.js(f"{FIELD}.value = '{dead}'")
        await hand.click(ADD)
        await says(f"{ROW % masked}?.className.includes('retrying')")
        await says(f"{ROW % masked}.innerText.includes('retrying · ')")
        assert await browser.js(f"{WORD} === '' && {HEIGHTS} === 1")
        assert "secret" not in await browser.js("document.body.innerText")
        # The page's own picture has no button that would end it.
        assert await browser.js(f"{ROW % 'page'}.querySelector('.feet button')") is None
        phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        await browser.call("Emulation.setDeviceMetricsOverride", **phone)
        assert await browser.js("document.documentElement.scrollWidth <= innerWidth")
        assert await browser.js(f"{HEIGHTS} === 1")
        await browser.screenshot()

    dreams.tiny(tmp_path / "tiny.onnx")
    with Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "10") as show:
        show.frame()
        visiting(show, tmp_path, visit)


def test_recordings_and_screenshots(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()

    async def visit(browser, hand, says):
        await says(f"{AT % 'output/record'} !== null")
        await hand.click(AT % "output/record")
        await says("/^\\d+:\\d\\d$/.test(document.querySelector('.record').innerText)")  # how long it is by now
        await browser.screenshot()
        (name,) = (each["name"] for each in show.status()["outputs"] if each["kind"] == "file")
        assert "(" in await browser.js(f"{ROW % name}.innerText")
        await hand.click(AT % "output/screenshot")
        await says(f"{WORD}.startsWith('saved ')")
        assert (kept / (await browser.js(WORD)).removeprefix("saved ")).is_file()
        await hand.click(AT % "output/record")
        await says(f"{ROW % name} === null && document.querySelector('.record').innerText === 'Record'")
        # Ended elsewhere, the button goes out.
        await hand.click(AT % "output/record")
        await says(lambda: any(each["kind"] == "file" for each in show.status()["outputs"]))
        show.osc("output/remove", "i", str(len(show.status()["outputs"]) - 1))
        await says(f"{AT % 'output/record'}.ariaPressed === 'false'")

    dreams.tiny(tmp_path / "tiny.onnx")
    with Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "10", "--recordings", str(kept)) as show:
        show.frame()
        visiting(show, tmp_path, visit)
    with av.open(str(min(kept.glob("livedream-*.mp4")))) as recording:
        assert sum(1 for _ in recording.decode(video=0)) > 3


@pytest.fixture
def screen(monkeypatch):
    if not shutil.which("Xvfb"):
        pytest.skip("needs xvfb (apt)")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        monkeypatch.setenv("DISPLAY", f":{pipe.readline().strip()}")
    monkeypatch.setenv("LIBGL_ALWAYS_SOFTWARE", "1")
    yield
    server.kill()
    server.wait()


def test_a_window_is_mapped_from_the_page(tmp_path, screen):
    async def visit(browser, hand, says):
        await says(f"{ROW % 'window'}?.className.includes('up')")
        assert not await browser.js(f"{AT % 'window/0/card'}.checkVisibility()")  # folded until it is wanted
        await hand.click(f"{ROW % 'window'}.querySelector('.head')")
        await hand.click(AT % "window/0/card")
        await says(lambda: value(show, "window/0/card") is True)
        await says(f"{AT % 'window/0/card'}.ariaChecked === 'true'")
        await browser.js(f"(s => {{ s.value = 'hv'; s.onchange(); }})({AT % 'window/0/flip'})")
        await says(lambda: value(show, "window/0/flip") == 3)
        straight = value(show, "window/0/corners")
        show.osc("window/0/corners", "ffffffff", *map(str, (0.1, 0.1, 0.9, 0, 1, 1, 0, 1)))
        await says(lambda: value(show, "window/0/corners") != straight)
        await browser.screenshot()
        await hand.click(f"{ROW % 'window'}.querySelector('.feet button')")
        await says(lambda: value(show, "window/0/corners") == straight)

    dreams.tiny(tmp_path / "tiny.onnx")
    with Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "10", outs=("window",)) as show:
        show.frame()
        visiting(show, tmp_path, visit)
