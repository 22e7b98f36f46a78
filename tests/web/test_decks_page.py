"""Two decks on the page of a real show: their dreams are chosen there, and the desk follows."""

import asyncio
import json

import pytest

from tests import dreams
from tests.show import Show
from tests.web.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreams")
    dreams.tiny(folder / "calm.onnx", title="Calm")
    dreams.tiny(folder / "pushed.onnx", title="Pushed", control=True)
    (folder / "broken.onnx").write_bytes(b"not a dream")
    return folder


@pytest.fixture(scope="module")
def show(folder):
    with Show(folder / "calm.onnx", "--model", str(folder / "calm.onnx"), "--dreams", str(folder)) as show:
        show.frame()
        yield show


SELECT = "document.querySelector('select[data-address=\"%sdream/load\"]')"
TEXT = "document.getElementById('%s').innerText"


def choose(prefix, name):
    return f"(s => {{ s.value = '{name}'; s.onchange(); }})({SELECT % prefix})"


def test_the_desk_follows_decks_and_their_dreams(show, folder, tmp_path):
    async def visit():
        async with Browser(tmp_path, f"http://127.0.0.1:{show.web_port}/", "1280,860") as browser:

            def says(expression, wanted=True):
                async def check():
                    return await browser.js(expression) == wanted

                return browser.eventually(check)

            await says(f"document.querySelectorAll('.deck').length === 2 && {SELECT % ''}.value", "calm")
            options = await browser.js(f"JSON.stringify([...{SELECT % 'b/'}.options].map(o => o.text))")
            assert json.loads(options) == [
                "abyss",
                "broken",
                "calm",
                "city",
                "deepdream",
                "icons",
                "kanji",
                "pushed",
                "rainbow",
            ]
            # A finger on the crossfader is not thrown off by a change of dream.
            await browser.js("window.fader = document.querySelector('[data-address=\"mix/crossfade\"]')")
            await browser.js(choose("b/", "pushed"))
            await says(f"{TEXT % 'dream'}.includes('Pushed')")
            await says("document.body.contains(window.fader)")
            await browser.js("document.querySelectorAll('.tab')[1].click()")
            await says("document.querySelector('[data-address=\"b/dream/push\"]') !== null")
            await says("document.querySelector('[data-address=\"dream/knob/1\"]') === null")
            await browser.js("document.querySelectorAll('.scene')[1].click()")
            await says("document.querySelectorAll('.scene')[1].ariaPressed", "true")
            await says("document.querySelectorAll('.scene')[1].querySelector('img').naturalWidth > 0")
            await browser.screenshot()
            # What is refused is named, and the list goes back to what plays.
            await browser.js(choose("b/", "broken"))
            await says("document.querySelectorAll('.deck .note')[1].innerText.includes('not an ONNX file')")
            await says(f"{SELECT % 'b/'}.value", "pushed")
            await browser.screenshot()
            # A file that was written anew is offered, and taken by a press.
            dreams.tiny(folder / "pushed.onnx", title="Grown", control=True)
            await says("document.querySelectorAll('.reload')[1].checkVisibility()")
            await browser.js("document.querySelectorAll('.reload')[1].click()")
            await says(f"{TEXT % 'dream'}.includes('Grown')")
            await says("document.querySelectorAll('.reload')[1].checkVisibility()", False)

    asyncio.run(visit())
