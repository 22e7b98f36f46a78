"""Our NDI input and our NDI output, two processes in a network namespace. Called by test_live_ndi.py."""

import os
import tempfile
import time
from pathlib import Path

import numpy as np

# Without mDNS: the finder asks these addresses.
folder = tempfile.mkdtemp()
config = '{"ndi":{"machinename":"HERE","networks":{"ips":"127.0.0.1,","discovery":""}}}'
Path(folder, "ndi-config.v1.json").write_text(config)
os.environ["NDI_CONFIG_DIR"] = folder

from livedream.input.live_source import open_source  # noqa: E402
from livedream.input.picture import ndi  # noqa: E402
from tests.output.counted import BARS, Feed, bars, middles, stamp, stamped  # noqa: E402
from tests.output.isolated import serve  # noqa: E402
from tests.waiting import until  # noqa: E402


def picture(source, good=lambda picture: True):
    """Wait for a picture that is good."""
    return until(lambda: source.latest if source.latest and good(source.latest.pixels) else None)


def colours(width, height, alpha):
    """The largest difference of each bar's colour, and the alpha that came."""
    feed = Feed("ndi:bars", lambda number: bars(width, height, alpha)).up()
    source = open_source("ndi:bars")
    source.start()
    pixels = picture(source, lambda pixels: pixels.shape == (height, width, 4)).pixels
    name = source.note
    source.stop()
    feed.end()
    return np.abs(middles(pixels)[:, :3] - np.array(BARS)).max(1).tolist(), int(pixels[-9, -9, 3]), name


def changes(shapes):
    """Show pictures (width, height, alpha) one after another, and return the sizes that came."""
    now = [bars(*shapes[0])]
    feed = Feed("ndi:changes", lambda number: now[0]).up()
    source = open_source("ndi:chang")  # a part of the name
    source.start()
    came = []
    for width, height, alpha in shapes:
        now[0] = bars(width, height, alpha)
        found = picture(source, lambda pixels, size=(height, width, 4): pixels.shape == size)
        came.append(found.pixels.shape[1::-1])
    state = source.state
    source.stop()
    feed.end()
    return came, state


def returns():
    """End the sender and start it again: the states, how long the way back took, and the picture in between."""
    feed = Feed("ndi:comes", stamped).up()
    source = open_source("ndi:comes")
    source.start()
    picture(source)
    feed.end()
    until(lambda: source.state == "retrying")
    held, error = source.latest.pixels.shape, source.error
    feed = Feed("ndi:comes", stamped).up()
    began = time.monotonic()
    until(lambda: source.state == "up")
    back = time.monotonic() - began
    numbers = [stamp(picture(source).pixels)]
    until(lambda: stamp(source.latest.pixels) > numbers[0] + 10)
    counted = source.received, source.dropped
    source.stop()
    feed.end()
    return {"held": held, "error": error, "back": back, "counted": counted}


def missing():
    """What is said about a source that is not there, with another that is."""
    feed = Feed("ndi:stage left", stamped).up()
    source = open_source("ndi:stage right")
    source.start()
    until(lambda: "left" in (source.error or ""))
    error = source.error
    source.stop()
    names = ndi.listed()
    feed.end()
    return error, names


if __name__ == "__main__":
    serve(globals())
