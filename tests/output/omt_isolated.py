"""Our OMT sources and cyomtlib's receiver, in a network namespace. Called by test_omt.py."""

import os
import tempfile

import numpy as np
import psutil

from tests.output import receiving
from tests.output.counted import BARS, Feed, bars, middles, stamped

os.environ["OMT_STORAGE_PATH"] = tempfile.mkdtemp()

import cyomtlib
from cyomtlib import FrameType, PreferredVideoFormat, VideoFlags

from tests.waiting import until


def port():
    """The port of our source: 6400, or the first free one above."""
    listening = (each.laddr.port for each in psutil.Process().net_connections("tcp") if each.status == "LISTEN")
    return next((each for each in listening if 6400 <= each <= 6600), None)


class Receiver(receiving.Waiting):
    def __init__(self, address=None):
        """address: the source's port."""
        url = f"omt://127.0.0.1:{address or until(port)}"
        self._receiver = cyomtlib.Receiver(url, FrameType.VIDEO, PreferredVideoFormat.BGRA)
        self.set_tally = self._receiver.set_tally
        self.end = self._receiver.close

    def next(self, seconds=5.0):
        """The next (RGBA picture, frame), None if there is none in time."""
        frame = self._receiver.receive(timeout_ms=round(seconds * 1000))
        return frame and (frame.packed()[..., [2, 1, 0, 3]], frame)


def colours(width, height):
    """The largest difference of each bar's colour."""
    feed = Feed("omt:bars", lambda number: bars(width, height)).up()
    receiver = Receiver()
    picture, _ = receiver.wait(lambda picture: picture.shape == (height, width, 4))
    receiver.end()
    feed.end()
    return np.abs(middles(picture)[:, :3] - np.array(BARS)).max(1).tolist()


def order(frames):
    """Compare the frames written with the frames received, until `frames` have come."""
    feed = Feed("omt:order", stamped).up()
    receiver = Receiver()
    came = receiving.come(feed, receiver, frames)
    receiver.end()
    feed.end()
    first, (last, frame) = came[0][0], came[-1]
    return {
        "written": [number for number in feed.written if first <= number <= last],
        "came": [number for number, _ in came],
        "ticks": receiving.ticks(came, "timestamp"),
        "rate": [frame.frame_rate.numerator, frame.frame_rate.denominator],
    }


def changes(shapes):
    """Show pictures (width, height, alpha) one after another on one source, and return those that came."""
    now = [bars(*shapes[0])]
    feed = Feed("omt:changes", lambda number: now[0]).up()
    receiver, came = Receiver(), []
    for width, height, alpha in shapes:
        now[0] = bars(width, height, alpha)
        picture, frame = receiver.wait(
            lambda picture, shape=(height, width & ~1), alpha=alpha: (
                picture.shape[:2] == shape and abs(int(picture[-9, -9, 3]) - alpha) < 3
            )
        )
        assert not frame.flags & VideoFlags.PREMULTIPLIED
        came.append((picture.shape[1], picture.shape[0], int(picture[-9, -9, 3])))
    receiver.end()
    feed.end()
    return {"came": came, "state": feed.output.state, "errors": feed.output.error}


def tally():
    return receiving.tally("omt:tally", Receiver)


def stalls():
    return receiving.stalls("omt:stalls", __file__, port)


def again(times):
    counts = receiving.again("omt:again", Receiver, times)
    return {"counts": counts, "files": os.listdir(os.environ["OMT_STORAGE_PATH"])}


if __name__ == "__main__":
    receiving.main(Receiver, globals())
