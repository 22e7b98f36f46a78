"""A recording that was ended by kill -9 plays up to its last second."""

import contextlib
import random
import subprocess
import sys

import av
import pytest

RECORD = """
import sys, itertools, time
from tests.output.conftest import moving_gradient
from livedream.picture.frame import Frame
from livedream.output.kinds import parse
output = parse(sys.argv[1])
output.start(320, 180, 30)
for number in itertools.count():
    output.show(Frame(moving_gradient(number), number))
    while output.sent + output.dropped <= number and output.state != "failed":
        time.sleep(0.001)
    print(output.sent, output.error or "", flush=True)
"""


def readable(path):
    """The times of the pictures that can be decoded."""
    times = []
    container = av.open(str(path))
    with container, contextlib.suppress(av.error.FFmpegError):  # the last bytes may be half a picture
        times.extend(picture.time for picture in container.decode(video=0))
    return times


def counted(path):
    """The number of pictures that ffprobe, which is not our build, can decode."""
    command = ["ffprobe", "-v", "quiet", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"]
    return int(subprocess.run([*command, str(path)], capture_output=True, check=True, text=True).stdout.strip(" ,\n"))


@pytest.mark.parametrize("sink", ["a.mp4", "b.mp4", "a.mkv", "a.mov", "a.mkv#codec=ffv1"])
def test_a_killed_recording_is_readable(tmp_path, sink):
    command = [sys.executable, "-c", RECORD, f"{tmp_path}/{sink}"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    least = random.randint(31, 75)
    sent = 0
    while sent < least:
        sent = int(child.stdout.readline().split()[0])
    child.kill()
    child.wait()
    sent = int(([b"%d" % sent] + [line.split()[0] for line in child.stdout if line.endswith(b"\n")])[-1])
    child.stdout.close()
    times = readable(tmp_path / sink.split("#")[0])
    assert len(times) >= sent - 30
    assert times == pytest.approx([i / 30 for i in range(len(times))], abs=1e-3)
    assert counted(tmp_path / sink.split("#")[0]) >= sent - 30


def test_a_killed_sequence_is_whole(tmp_path):
    command = [sys.executable, "-c", RECORD, f"{tmp_path}/%04d.png"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    while int(child.stdout.readline().split()[0]) < 20:
        pass
    child.kill()
    child.wait()
    child.stdout.close()
    names = sorted(path.name for path in tmp_path.glob("*.png"))
    assert len(names) >= 20
    assert names == [f"{i:04}.png" for i in range(len(names))]
    assert len(readable(tmp_path / names[-1])) == 1
