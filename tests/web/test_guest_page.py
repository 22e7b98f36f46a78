"""The page opened by the printed address with the token for playing, in a real browser."""

import asyncio
import threading

import pytest

from livedream import parameters
from livedream.parameters.deck import LOADING
from livedream.web.server import Server
from tests.web.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")


@pytest.fixture
def server():
    table = parameters.Table((*parameters.PLAYER, *LOADING, *parameters.dream(["dawn", "dusk"]), *parameters.ALWAYS))
    tokens = {"play": "let-me-play", "admin": "let-me-rule"}
    made = Server("127.0.0.1", 0, table, lambda: {"state": "playing", "outputs": []}, tokens=tokens)
    made.start()
    done = threading.Event()

    def run():
        while not done.wait(1 / 60):
            made.on_frame(table.tick(1 / 60))

    thread = threading.Thread(target=run)
    thread.start()
    yield made
    done.set()
    thread.join()
    made.stop()


def test_the_address_opens_the_page_and_what_it_does_not_allow_is_off(server, tmp_path):
    off = "[...document.querySelectorAll('[data-address]:disabled')].map(each => each.dataset.address).join()"

    async def visit():
        async with Browser(tmp_path, server.addresses["play"], "1280,860") as browser:
            await browser.eventually(lambda: browser.js("!!document.querySelector('[data-address=\"master/fade\"]')"))
            assert await browser.js("location.href") == server.url  # the token is not in sight
            assert await browser.js("document.cookie") == ""  # and out of reach of scripts
            assert set((await browser.js(off)).split(",")) == {"dream/load", "output/record", "output/screenshot"}
            assert await browser.js("getComputedStyle(document.querySelector('#places form')).display") == "none"
            fader = "document.querySelector('[data-address=\"master/fade\"]')"
            await browser.js(f"{fader}.value = 0.5; {fader}.dispatchEvent(new Event('input'))")

            async def moved():
                return server.table.target("master/fade") == 0.5

            await browser.eventually(moved)
            await browser.call("Page.navigate", url=server.addresses["admin"])
            await browser.eventually(lambda: browser.js("!!document.querySelector('[data-address=\"output/record\"]')"))
            assert await browser.js(off) == ""

    asyncio.run(visit())
