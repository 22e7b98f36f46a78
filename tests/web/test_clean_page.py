"""The page as OBS's browser source has it: the picture alone, and nothing around it."""

import asyncio

import numpy as np
import pytest

from livedream import parameters
from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from livedream.web.server import Server
from tests.web.browser import CHROMIUM, Browser

GREEN, BELOW = (20, 200, 60), (250, 0, 250)


@pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")
def test_a_browser_source_shows_the_picture_alone_over_what_is_below(tmp_path):
    page = parse("page")
    page.server = server = Server("127.0.0.1", 0, parameters.Table(parameters.PLAYER), dict)
    server.start()
    page.start(96, 96, 30)
    picture = np.full((96, 96, 4), (*GREEN, 255), np.uint8)

    async def look():
        async with Browser(tmp_path, f"{server.url}?clean", "640,360") as browser:
            size = {"width": 640, "height": 360, "deviceScaleFactor": 1, "mobile": False}
            await browser.call("Emulation.setDeviceMetricsOverride", **size)
            below = dict(zip("rgba", (*BELOW, 1), strict=True))
            await browser.call("Emulation.setDefaultBackgroundColorOverride", color=below)

            async def painted():
                page.show(Frame(picture, 1))
                return await browser.js("document.getElementById('picture')?.width === 96")

            await browser.eventually(painted)
            return (await browser.screenshot()).astype(int)

    try:
        shot = asyncio.run(look())
    finally:
        page.stop()
        server.stop()
    assert shot.shape == (360, 640, 3)
    assert np.abs(shot[4:-4, 145:495] - GREEN).max() < 12  # 360 pixels wide, in the middle, to the very edges
    assert np.abs(shot[:, :136] - BELOW).max() == 0
    assert np.abs(shot[:, -136:] - BELOW).max() == 0
