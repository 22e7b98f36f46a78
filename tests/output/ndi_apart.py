"""NDI sources of ours and a receiver of ndi-python's, in a network of their own. Called by test_ndi.py."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from apart import serve
from counted import BARS, Feed, bars, middles, stamp, stamped, until

# Found without mDNS: the finder asks these addresses.
folder = tempfile.mkdtemp()
config = '{"ndi":{"machinename":"HERE","networks":{"ips":"127.0.0.1,","discovery":""}}}'
Path(folder, "ndi-config.v1.json").write_text(config)
os.environ["NDI_CONFIG_DIR"] = folder

import NDIlib as ndi  # noqa: E402

ndi.initialize()


def finder(groups: str = ""):
    how = ndi.FindCreate()
    how.show_local_sources = True
    if groups:
        how.groups = groups
    return ndi.find_create_v2(how)


finders = {groups: finder(groups) for groups in ("", "ours")}  # kept: a new one takes seconds to look around


def found(name: str, groups: str = "", seconds: float = 15.0) -> bool:
    """Whether a receiver's finder shows the source within that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if any(each.ndi_name.endswith(f"({name})") for each in ndi.find_get_current_sources(finders[groups])):
            return True
        ndi.find_wait_for_sources(finders[groups], 100)
    return False


def port():
    """Where our source listens: above libndi's 5960, at the first port that is free."""
    listening = (each.laddr.port for each in psutil.Process().net_connections("tcp") if each.status == "LISTEN")
    return next((each for each in listening if each > 5960), None)


class Receiver:
    """Of the one source there is. Pictures are UYVY where there is no alpha, else BGRA."""

    def __init__(self, name=None, address=None):
        """name: it is looked for, and again when it has gone, as receivers do.  address: a port; else it is found."""
        how = ndi.RecvCreateV3()
        how.color_format, how.bandwidth = ndi.RECV_COLOR_FORMAT_UYVY_BGRA, ndi.RECV_BANDWIDTH_HIGHEST
        self.handle = ndi.recv_create_v3(how)
        source = ndi.Source()
        source.ndi_name = f"HERE ({name})"
        if name is None:
            source.url_address = f"127.0.0.1:{address or until(port)}"
        ndi.recv_connect(self.handle, source)

    def next(self, seconds=5.0):
        """(picture, frame) of the next one, None if there is none in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            kind, frame, _, _ = ndi.recv_capture_v2(self.handle, 100)
            if kind == ndi.FRAME_TYPE_VIDEO:
                picture = np.array(frame.data)
                ndi.recv_free_video_v2(self.handle, frame)
                return picture, frame
        return None

    def wait(self, good, seconds=30.0):
        """The next one for which good(picture)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            got = self.next()
            if got and good(got[0]):
                return got
        raise AssertionError("no such frame came")

    def end(self):
        ndi.recv_destroy(self.handle)


def rgb(uyvy: np.ndarray) -> np.ndarray:
    """BT.709 limited to RGB, without rounding on the way (libndi's own is up to 12 levels off)."""
    y = (uyvy[..., 1] - 16) / 219
    u, v = ((uyvy[:, start::2, 0].repeat(2, 1) - 128.0) / 224 for start in (0, 1))
    return np.clip(np.stack([y + 1.5748 * v, y - 0.18732 * u - 0.46812 * v, y + 1.8556 * u], -1) * 255, 0, 255)


def colours(width, height):
    """Largest difference of each bar's colour."""
    feed = Feed("ndi:bars", lambda number: bars(width, height)).up()
    receiver = Receiver()
    picture, _ = receiver.wait(lambda picture: picture.shape == (height, width, 2))
    receiver.end()
    feed.end()
    return np.abs(middles(rgb(picture)) - np.array(BARS)).max(1).tolist()


def order(frames):
    """What was written while a receiver got so many frames, and what came to it."""
    feed = Feed("ndi:order#groups=ours", stamped).up()
    receiver = Receiver()
    picture, _ = receiver.wait(lambda picture: True)
    feed.come, came = stamp(picture), []
    while len(came) < frames:
        picture, frame = receiver.next(30)
        feed.come = stamp(picture)
        came.append((feed.come, frame.timecode))
    groups = [found("order", "ours"), found("order", seconds=0.1)]
    receiver.end()
    feed.end()
    first, last = came[0][0], came[-1][0]
    return {
        "written": [number for number in feed.written if first <= number <= last],
        "came": [number for number, _ in came],
        "ticks": sorted({round((b[1] - a[1]) / (b[0] - a[0]), -1) for a, b in itertools.pairwise(came)}),
        "rate": [frame.frame_rate_N, frame.frame_rate_D],
        "groups": groups,
    }


def changes(shapes):
    """Shown one after the other, pictures (width, height, alpha) on one source: (width, height, alpha) that came."""
    now = [bars(*shapes[0])]
    feed = Feed("ndi:changes", lambda number: now[0]).up()
    receiver, came = Receiver(), []
    for width, height, alpha in shapes:
        now[0] = bars(width, height, alpha)
        channels = 2 if alpha == 255 and not any(each[2] < 255 for each in came) else 4
        shape = (height & ~1, width & ~1, channels)
        picture, _ = receiver.wait(
            lambda picture, shape=shape, alpha=alpha: (
                picture.shape == shape and (picture.shape[2] == 2 or abs(int(picture[-9, -9, 3]) - alpha) < 3)
            )
        )
        came.append((picture.shape[1], picture.shape[0], int(picture[-9, -9, 3]) if picture.shape[2] == 4 else 255))
    receiver.end()
    feed.end()
    return {"came": came, "state": feed.output.state, "errors": feed.output.error}


def tally():
    """The note before a receiver comes, with one, in its preview and on its program."""
    feed = Feed("ndi:tally", lambda number: bars(320, 180)).up()
    notes = [feed.output.note]
    receiver = Receiver()
    for program, preview in ((False, False), (False, True), (True, True)):
        ndi.recv_set_tally(receiver.handle, ndi.Tally(program, preview))
        receiver.next()
        until(lambda: feed.output.note != notes[-1])
        notes.append(feed.output.note)
    receiver.end()
    feed.end()
    return [*notes, feed.output.note]


def breaks():
    """The library fails in the middle: what the output says, and whether the receiver goes on to get pictures."""
    from livedream.output.programs.libndi import Sender

    feed = Feed("ndi:breaks", lambda number: stamped(number, 320, 180)).up()
    feed.output.waits = (0.1, 0.2)
    receiver = Receiver("breaks")
    before, _ = receiver.wait(lambda picture: True)
    send, said = Sender.send, []

    def failing(self, *arguments):
        Sender.send = send
        raise OSError("the cable is out")

    say = feed.output.say
    feed.output.say = lambda *what: (said.append(list(what)), say(*what))
    Sender.send = failing
    until(lambda: said and feed.output.state == "up")
    after, _ = receiver.wait(lambda picture: stamp(picture) > stamp(before) + 10)
    receiver.end()
    feed.end()
    return {"said": said, "before": stamp(before), "after": stamp(after)}


def stalls():
    """A receiver stops in the middle: whether frames go on being written, and the output then ends."""
    feed = Feed("ndi:stalls", stamped).up()
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
    pictures = bars(640, 360)
    counts = []
    for _ in range(times):
        feed = Feed("ndi:again", lambda number: pictures).up()
        receiver = Receiver()
        receiver.next()
        feed.end()
        receiver.end()
        until(lambda: not any(each.name.startswith("output") for each in threading.enumerate()))
        process = psutil.Process()
        counts.append((process.num_threads(), process.num_fds(), process.memory_info().rss / 1e6))
    return counts


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        watcher = Receiver(address=sys.argv[2])
        while True:
            watcher.next()
    serve(globals())
