"""OMT sources of ours and a receiver of cyomtlib's, in a network of their own. Called by test_omt.py."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import psutil
from apart import serve
from counted import BARS, Feed, bars, middles, stamp, stamped, until

os.environ["OMT_STORAGE_PATH"] = tempfile.mkdtemp()

import cyomtlib
from cyomtlib import FrameType, PreferredVideoFormat, VideoFlags


def port():
    """Where our source listens: at 6400, or the first port above that is free."""
    listening = (each.laddr.port for each in psutil.Process().net_connections("tcp") if each.status == "LISTEN")
    return next((each for each in listening if 6400 <= each <= 6600), None)


class Receiver:
    def __init__(self, address=None):
        """address: a port."""
        url = f"omt://127.0.0.1:{address or until(port)}"
        self._receiver = cyomtlib.Receiver(url, FrameType.VIDEO, PreferredVideoFormat.BGRA)
        self.set_tally = self._receiver.set_tally
        self.end = self._receiver.close

    def next(self, seconds=5.0):
        """(RGBA picture, frame) of the next one, None if there is none in time."""
        frame = self._receiver.receive(timeout_ms=round(seconds * 1000))
        return frame and (frame.packed()[..., [2, 1, 0, 3]], frame)

    def wait(self, good, seconds=30.0):
        """The next one for which good(picture)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            got = self.next()
            if got and good(got[0]):
                return got
        raise AssertionError("no such frame came")


def colours(width, height):
    """Largest difference of each bar's colour."""
    feed = Feed("omt:bars", lambda number: bars(width, height)).up()
    receiver = Receiver()
    picture, _ = receiver.wait(lambda picture: picture.shape == (height, width, 4))
    receiver.end()
    feed.end()
    return np.abs(middles(picture)[:, :3] - np.array(BARS)).max(1).tolist()


def order(frames):
    """What was written while a receiver got so many frames, and what came to it."""
    feed = Feed("omt:order", stamped).up()
    receiver = Receiver()
    picture, _ = receiver.wait(lambda picture: True)
    feed.come, came = stamp(picture), []
    while len(came) < frames:
        picture, frame = receiver.next(30)
        feed.come = stamp(picture)
        came.append((feed.come, frame.timestamp))
    receiver.end()
    feed.end()
    first, last = came[0][0], came[-1][0]
    return {
        "written": [number for number in feed.written if first <= number <= last],
        "came": [number for number, _ in came],
        "ticks": sorted({round((b[1] - a[1]) / (b[0] - a[0]), -1) for a, b in itertools.pairwise(came)}),
        "rate": [frame.frame_rate.numerator, frame.frame_rate.denominator],
    }


def changes(shapes):
    """Shown one after the other, pictures (width, height, alpha) on one source: (width, height, alpha) that came."""
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
    """The note before a receiver comes, with one, in its preview and on its program."""
    feed = Feed("omt:tally", lambda number: bars(320, 180)).up()
    notes = [feed.output.note]
    receiver = Receiver()
    for program, preview in ((False, False), (False, True), (True, True)):
        receiver.set_tally(preview=preview, program=program)
        receiver.next()
        until(lambda: feed.output.note != notes[-1])
        notes.append(feed.output.note)
    receiver.end()
    feed.end()
    return [*notes, feed.output.note]


def stalls():
    """A receiver stops in the middle: whether frames go on being written, and the output then ends."""
    feed = Feed("omt:stalls", stamped).up()
    watching = subprocess.Popen([sys.executable, __file__, "watch", str(until(port))])
    until(lambda: "1 " in (feed.output.note or ""))
    watching.send_signal(signal.SIGSTOP)
    before = feed.output.sent
    until(lambda: feed.output.sent > before + 30)
    state = feed.output.state
    feed.end()
    until(lambda: feed.output.ended)
    watching.kill()
    watching.wait()
    return state


def again(times):
    """Added and removed so many times, with a receiver connected; what this process has then, and before."""
    picture = bars(640, 360)
    counts = []
    for _ in range(times):
        feed = Feed("omt:again", lambda number: picture).up()
        receiver = Receiver()
        receiver.next()
        feed.end()
        receiver.end()
        until(lambda: not any(each.name.startswith("output") for each in threading.enumerate()))
        process = psutil.Process()
        counts.append((process.num_threads(), process.num_fds(), process.memory_info().rss / 1e6))
    return {"counts": counts, "files": os.listdir(os.environ["OMT_STORAGE_PATH"])}


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        watcher = Receiver(address=sys.argv[2])
        while True:
            watcher.next()
    serve(globals())
