"""The pictures of docs/obs.md."""

import asyncio
import time
from pathlib import Path

import numpy as np

from tests.obs import ways
from tests.obs.receivers import ndi_source, page
from tests.obs.studio import Studio
from tests.obs.watched import played, sending


def portrait(way: str, folder: Path, options) -> dict:
    """Take the pictures of docs/obs.md: OBS, the Media Source's properties, the page as a browser source, NDI."""
    options.outs = ["ndi:livedream"]
    with (
        Studio(folder, (1280, 720), preview=True, screen="1360x1080") as studio,
        ways.server(way, folder),
        sending(way, "livedream", folder, options, program=ways.PLAIN),
    ):
        played(studio, way)
        studio.place("OBS 29", 0, 0, 1360, 900)
        time.sleep(3.0)
        studio.screen.save(folder / "obs-listener.jpg", "1360:872:0:0")  # without the line of OBS's own figures
        studio.remote.call("OpenInputPropertiesDialog", inputName="livedream")
        studio.place("Properties for", 320, 0, 760, 1080)
        time.sleep(3.0)
        studio.screen.save(folder / "obs-properties.jpg", "760:572:320:508")
        save(ndi_source()(), folder / "obs-ndi.jpg")
        save(asyncio.run(page_picture(folder / "profile")), folder / "obs-page.jpg")
    return {"pictures": sorted(map(str, folder.glob("obs-*.jpg")))}


async def page_picture(profile: Path) -> np.ndarray:
    async with page(profile) as browser:
        return await browser.screenshot()


def save(pixels: np.ndarray, path: Path) -> None:
    import simplejpeg

    pixels = np.ascontiguousarray(np.rint(pixels).astype(np.uint8))
    path.write_bytes(simplejpeg.encode_jpeg(pixels, quality=88))
