"""A hand on the page of a real show: a browser, and a mouse in it that is put on what the page shows."""

import asyncio
import json
import urllib.request

from tests.web.browser import Browser

BOX = "(r => JSON.stringify([r.x, r.y, r.width, r.height]))(%s.getBoundingClientRect())"
MOVES = (
    "[...document.querySelectorAll('#effects, #looks')].some(each => each.getAnimations({subtree: true}).length > 0)"
)


def value(show, address):
    with urllib.request.urlopen(f"http://127.0.0.1:{show.web_port}/parameters", timeout=10) as answer:
        return next((each["value"] for each in json.load(answer) if each["address"] == address), None)


class Hand:
    """A mouse on the page, by what it is to be put on; (0, 0) is the upper left corner of that."""

    def __init__(self, browser):
        self.browser = browser

    async def on(self, what, x=0.5, y=0.5):
        """Where on the screen, once it lies still."""
        before = None
        while before != (box := await self.browser.js(BOX % what)) or await self.browser.js(MOVES):
            before = box
            await asyncio.sleep(0.03)
            await self.browser.js(f"{what}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        left, top, width, height = json.loads(box)
        return left + x * width, top + y * height

    async def do(self, kind, x, y):
        await self.browser.call(
            "Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button="left", buttons=1, clickCount=1
        )

    async def click(self, what, x=0.5, y=0.5):
        at = await self.on(what, x, y)
        for kind in ("Pressed", "Released"):
            await self.do(kind, *at)


def visiting(show, folder, visit):
    async def run():
        async with Browser(folder / "profile", f"http://127.0.0.1:{show.web_port}/", "1280,860") as browser:

            def says(condition):
                async def check():
                    return condition() if callable(condition) else await browser.js(condition)

                return browser.eventually(check)

            await visit(browser, Hand(browser), says)

    asyncio.run(run())
