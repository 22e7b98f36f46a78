"""A real JACK server with a name of its own, and controllers on it: a controller is a pair of virtual ports."""

import contextlib
import os
import shutil
import subprocess
import time

import mido
import pytest

BACKEND = "mido.backends.rtmidi/UNIX_JACK"
REAL_TIME = bool(shutil.which("chrt")) and subprocess.run(["chrt", "-f", "10", "true"]).returncode == 0


def eventually(condition, seconds: float = 10.0, every: float = 0.01):
    """What `condition` gives once that is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(every)
    return found


@contextlib.contextmanager
def server():
    """The environment has livedream, and mido here, use it. Skips where there is no JACK.

    A server drops what a client is late for, which without real-time priority a busy machine's clients are.
    """
    import rtmidi

    if not shutil.which("jackd") or rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        pytest.skip("needs jackd2 (apt) and a python-rtmidi with JACK")
    own = {
        "JACK_DEFAULT_SERVER": f"livedream-test-{os.getpid()}",
        "JACK_NO_START_SERVER": "1",
        "JACK_NO_AUDIO_RESERVATION": "1",
        "MIDO_BACKEND": BACKEND,
    }
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    command = ["jackd", "-n", own["JACK_DEFAULT_SERVER"], *(["-R", "-P", "10"] if REAL_TIME else ["-r"])]
    command += ["-d", "dummy", "-r", "48000", "-p", "256"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def up():
        assert child.poll() is None, "jackd has ended"
        with contextlib.suppress(rtmidi.RtMidiError):
            rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "probe").delete()
            return True
        return False

    try:
        eventually(up, every=0.3)
        yield
    finally:
        child.terminate()
        child.wait(10)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Controller:
    """Plugged in while it is open. `send` moves its controls; `lit` is what it was sent."""

    def __init__(self, name: str):
        backend = mido.Backend(BACKEND)
        self._out = backend.open_output(name, virtual=True)
        self.lit: list[mido.Message] = []
        self._in = backend.open_input(name, virtual=True, callback=self.lit.append)
        self.send = self._out.send

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._in.close()
        self._out.close()

    def cc(self, control: int, *values: int) -> None:
        for value in values:
            self.send(mido.Message("control_change", control=control, value=value))
