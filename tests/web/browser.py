"""A real browser for tests: headless Chromium with one tab, driven by its DevTools protocol."""

import asyncio
import base64
import io
import itertools
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import aiohttp
import av

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """The page at `url` in a window of `size` ("1280,800"). folder: for the browser's profile."""

    def __init__(self, folder, url, size):
        self.folder, self.url, self.size, self.number = folder, url, size, itertools.count(1)

    async def __aenter__(self):
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
        flags += ["--disable-background-networking", "--disable-component-update"]
        flags += ["--remote-debugging-port=0", f"--user-data-dir={self.folder}", f"--window-size={self.size}"]
        self.process = subprocess.Popen(
            [CHROMIUM, *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.session = aiohttp.ClientSession()
        try:
            port = await self.eventually(self._port)
            tabs = await self.eventually(lambda: self._tabs(port))
            self.ws = await self.session.ws_connect(tabs[0]["webSocketDebuggerUrl"], max_msg_size=0)
            await self.call("Page.navigate", url=self.url)
        except BaseException:  # else it would run for ever
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_):
        await self.session.close()
        self.process.terminate()
        self.process.wait(10)

    async def _port(self):
        path = Path(self.folder, "DevToolsActivePort")
        said = path.read_text().split() if path.exists() else ()
        return said[0] if said else None  # it is there before anything is in it

    async def _tabs(self, port):
        async with self.session.get(f"http://127.0.0.1:{port}/json") as response:
            return [each for each in await response.json() if each["type"] == "page"]

    async def eventually(self, what, seconds=40.0):
        end = time.monotonic() + seconds
        while not (got := await what()):
            assert time.monotonic() < end, "waited in vain"
            await asyncio.sleep(0.03)
        return got

    async def call(self, method, **parameters):
        number = next(self.number)
        await self.ws.send_str(json.dumps({"id": number, "method": method, "params": parameters}))
        async for message in self.ws:
            if (answer := json.loads(message.data)).get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    async def js(self, expression):
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def screenshot(self):
        """uint8 [H, W, 3], RGB."""
        png = base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])
        if folder := os.environ.get("LIVEDREAM_SCREENSHOTS"):
            with open(f"{folder}/page-{self.size.replace(',', 'x')}-{len(os.listdir(folder))}.png", "wb") as file:
                file.write(png)
        with av.open(io.BytesIO(png)) as picture:
            return next(picture.decode(video=0)).to_ndarray(format="rgb24")
