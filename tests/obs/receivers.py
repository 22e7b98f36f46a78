"""Far ends other than OBS: NDI, and the page in a browser."""

import contextlib
import shutil
import time
from pathlib import Path

import numpy as np

from tests.obs import ways


def ndi_source(seconds: float = 20.0):
    """A receiver of the first NDI source on this machine; a call returns the next picture, f64 [H, W, 3], RGB.

    The pictures are taken as OBS's NDI plug-in takes them, unchanged from the wire: 4:2:2, BT.709. libndi's own
    conversion to RGB is up to 15 levels off, whoever sends.
    """
    import NDIlib

    NDIlib.initialize()
    finder = NDIlib.find_create_v2()
    end, sources = time.monotonic() + seconds, []
    while not sources and time.monotonic() < end:
        NDIlib.find_wait_for_sources(finder, 500)
        sources = NDIlib.find_get_current_sources(finder)
    settings = NDIlib.RecvCreateV3()
    settings.color_format = NDIlib.RECV_COLOR_FORMAT_UYVY_BGRA
    receiver = NDIlib.recv_create_v3(settings)
    NDIlib.recv_connect(receiver, sources[0])

    def picture() -> np.ndarray:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            kind, video, _, _ = NDIlib.recv_capture_v2(receiver, 500)
            if kind == NDIlib.FRAME_TYPE_VIDEO:
                data = np.array(video.data)
                NDIlib.recv_free_video_v2(receiver, video)
                return from_uyvy(data) if data.shape[2] == 2 else data[..., 2::-1].astype(np.float64)
        raise TimeoutError("no picture from NDI")

    return picture


def from_uyvy(data: np.ndarray) -> np.ndarray:
    """Convert uint8 [H, W, 2] (ITU-R BT.709, limited range) to f64 [H, W, 3], RGB 0..255."""
    luma = (data[..., 1] - 16.0) / 219
    blue, red = (np.repeat((data[:, start::2, 0] - 128.0) / 224, 2, axis=1) for start in (0, 1))
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.clip(np.stack([r, g, b], 2), 0, 1) * 255


@contextlib.asynccontextmanager
async def page(profile: Path):
    """Open the page like a browser source of 1280x720, over black, and wait for its picture."""
    from tests.web.browser import Browser

    shutil.rmtree(profile, ignore_errors=True)
    async with Browser(profile, f"http://127.0.0.1:{ways.WEB}/?clean", "1280,720") as browser:
        size = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
        await browser.call("Emulation.setDeviceMetricsOverride", **size)
        black = {"r": 0, "g": 0, "b": 0, "a": 255}
        await browser.call("Emulation.setDefaultBackgroundColorOverride", color=black)
        await browser.eventually(lambda: browser.js("document.getElementById('picture').width > 16"))
        yield browser
