"""Our NDI sources and ndi-python's receiver, in a network namespace. Called by test_ndi.py."""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from tests.output import receiving
from tests.output.counted import BARS, Feed, bars, middles, stamp, stamped
from tests.waiting import until

# Without mDNS: the finder asks these addresses.
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


finders = {groups: finder(groups) for groups in ("", "ours")}  # kept: a new one takes seconds to find sources


def found(name: str, groups: str = "", seconds: float = 15.0) -> bool:
    """Whether a finder shows the source within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if any(each.ndi_name.endswith(f"({name})") for each in ndi.find_get_current_sources(finders[groups])):
            return True
        ndi.find_wait_for_sources(finders[groups], 100)
    return False


def port():
    """The port of our source: the first free one above libndi's 5960."""
    listening = (each.laddr.port for each in psutil.Process().net_connections("tcp") if each.status == "LISTEN")
    return next((each for each in listening if each > 5960), None)


class Receiver(receiving.Waiting):
    """A receiver of the only source. Pictures are UYVY without alpha, else BGRA."""

    def __init__(self, name=None, address=None):
        """name: a source to look for, again when it has gone.  address: a port to connect to instead."""
        how = ndi.RecvCreateV3()
        how.color_format, how.bandwidth = ndi.RECV_COLOR_FORMAT_UYVY_BGRA, ndi.RECV_BANDWIDTH_HIGHEST
        self.handle = ndi.recv_create_v3(how)
        source = ndi.Source()
        source.ndi_name = f"HERE ({name})"
        if name is None:
            source.url_address = f"127.0.0.1:{address or until(port)}"
        ndi.recv_connect(self.handle, source)

    def next(self, seconds=5.0):
        """The next (picture, frame), None if there is none in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            kind, frame, _, _ = ndi.recv_capture_v2(self.handle, 100)
            if kind == ndi.FRAME_TYPE_VIDEO:
                picture = np.array(frame.data)
                ndi.recv_free_video_v2(self.handle, frame)
                return picture, frame
        return None

    def set_tally(self, program, preview):
        ndi.recv_set_tally(self.handle, ndi.Tally(program, preview))

    def end(self):
        ndi.recv_destroy(self.handle)


def rgb(uyvy: np.ndarray) -> np.ndarray:
    """Convert BT.709, limited range, to RGB without intermediate rounding (libndi's own is up to 12 levels off)."""
    y = (uyvy[..., 1] - 16) / 219
    u, v = ((uyvy[:, start::2, 0].repeat(2, 1) - 128.0) / 224 for start in (0, 1))
    return np.clip(np.stack([y + 1.5748 * v, y - 0.18732 * u - 0.46812 * v, y + 1.8556 * u], -1) * 255, 0, 255)


def colours(width, height):
    """The largest difference of each bar's colour."""
    feed = Feed("ndi:bars", lambda number: bars(width, height)).up()
    receiver = Receiver()
    picture, _ = receiver.wait(lambda picture: picture.shape == (height, width, 2))
    receiver.end()
    feed.end()
    return np.abs(middles(rgb(picture)) - np.array(BARS)).max(1).tolist()


def order(frames):
    """Compare the frames written with the frames received, until `frames` have come."""
    feed = Feed("ndi:order#groups=ours", stamped).up()
    receiver = Receiver()
    came = receiving.come(feed, receiver, frames)
    groups = [found("order", "ours"), found("order", seconds=0.1)]
    receiver.end()
    feed.end()
    first, (last, frame) = came[0][0], came[-1]
    return {
        "written": [number for number in feed.written if first <= number <= last],
        "came": [number for number, _ in came],
        "ticks": receiving.ticks(came, "timecode"),
        "rate": [frame.frame_rate_N, frame.frame_rate_D],
        "groups": groups,
    }


def changes(shapes):
    """Show pictures (width, height, alpha) one after another on one source, and return those that came."""
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
    return receiving.tally("ndi:tally", Receiver)


def breaks():
    """Let the library fail once: the output's states, and the numbers received before and after."""
    from livedream.output.programs.libndi import Sender

    feed = Feed("ndi:breaks", lambda number: stamped(number, 320, 180)).up()
    feed.output.retry_waits = (0.1, 0.2)
    receiver = Receiver("breaks")
    before, _ = receiver.wait(lambda picture: True)
    send, said = Sender.send, []

    def failing(self, *arguments):
        Sender.send = send
        raise OSError("the cable is out")

    say = feed.output.set_state
    feed.output.set_state = lambda *what: (said.append(list(what)), say(*what))
    Sender.send = failing
    until(lambda: said and feed.output.state == "up")
    after, _ = receiver.wait(lambda picture: stamp(picture) > stamp(before) + 10)
    receiver.end()
    feed.end()
    return {"said": said, "before": stamp(before), "after": stamp(after)}


def stalls():
    return receiving.stalls("ndi:stalls", __file__, port)


def again(times):
    return receiving.again("ndi:again", Receiver, times)


if __name__ == "__main__":
    receiving.main(lambda at: Receiver(address=at), globals())
