"""The common part of the isolated NDI and OMT receivers. Called by ndi_isolated.py and omt_isolated.py."""

import itertools
import signal
import subprocess
import sys
import threading
import time

import psutil

from tests.output.counted import Feed, bars, stamp, stamped
from tests.output.isolated import serve
from tests.waiting import until


class Waiting:
    """A base for receivers, which have `next(seconds)`."""

    def wait(self, good, seconds=30.0):
        """Wait for a (picture, frame) for which good(picture)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            got = self.next()
            if got and good(got[0]):
                return got
        raise AssertionError("no such frame came")


def come(feed, receiver, frames):
    """Receive that many frames and return (number, frame) of each, in order."""
    picture, _ = receiver.wait(lambda picture: True)
    feed.come, came = stamp(picture), []
    while len(came) < frames:
        picture, frame = receiver.next(30)
        feed.come = stamp(picture)
        came.append((feed.come, frame))
    return came


def ticks(came, at):
    """The different distances between the times of consecutive numbers, rounded to ten."""
    apart = ((b - a, getattr(later, at) - getattr(frame, at)) for (a, frame), (b, later) in itertools.pairwise(came))
    return sorted({round(time / numbers, -1) for numbers, time in apart})


def tally(sink, receiver_of):
    """The output's note without a receiver, with one, in its preview, on its program, and at the end."""
    feed = Feed(sink, lambda number: bars(320, 180)).up()
    notes = [feed.output.note]
    receiver = receiver_of()
    for program, preview in ((False, False), (False, True), (True, True)):
        receiver.set_tally(program=program, preview=preview)
        receiver.next()
        until(lambda: feed.output.note != notes[-1])
        notes.append(feed.output.note)
    receiver.end()
    feed.end()
    return [*notes, feed.output.note]


def stalls(sink, file, port):
    """Stop the receiver's process: frames have to go on being written, and the output has to end afterwards."""
    feed = Feed(sink, stamped).up()
    watching = subprocess.Popen([sys.executable, file, "watch", str(until(port))])
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


def again(sink, receiver_of, times):
    """Add and remove the output `times` times with a receiver: this process's threads, files and memory after each."""
    picture = bars(640, 360)
    counts = []
    for _ in range(times):
        feed = Feed(sink, lambda number: picture).up()
        receiver = receiver_of()
        receiver.next()
        feed.end()
        receiver.end()
        until(lambda: not any(each.name.startswith("output") for each in threading.enumerate()))
        process = psutil.Process()
        counts.append((process.num_threads(), process.num_fds(), process.memory_info().rss / 1e6))
    return counts


def main(receiver_at, functions) -> None:
    """Answer calls; with the arguments `watch PORT`, receive until killed."""
    if sys.argv[1:2] == ["watch"]:
        watcher = receiver_at(sys.argv[2])
        while True:
            watcher.next()
    serve(functions)
