"""A PulseAudio of a test's own: what is played is heard, and nobody hears it."""

import importlib.util
import shutil
import signal
import subprocess
import sys
import time

import pytest

needs_pulse = pytest.mark.skipif(
    not (shutil.which("pulseaudio") and shutil.which("pactl") and importlib.util.find_spec("sounddevice")),
    reason="needs pulseaudio, pulseaudio-utils, libasound2-plugins, libportaudio2 (apt) and sounddevice (pip)",
)
CLICKS = """
import sys, threading, numpy, sounddevice
click = (numpy.sin(numpy.arange(1440) * 2 * numpy.pi * 1000 / 48000)[:, None] * 0.6).repeat(2, 1).reshape(3, 480, 2)
left = []
def give(block, frames, times, status):
    block[:] = left.pop(0) if left else 0
with sounddevice.OutputStream(48000, 480, None, 2, "float32", "low", callback=give):
    sys.stdout.write("."), sys.stdout.flush()
    while sys.stdin.buffer.read(1):
        left.extend(click)
"""


class Pulse:
    """A PulseAudio of our own with a sink that is heard by nobody, whose monitor is the default source."""

    def __init__(self, folder, monkeypatch):
        (folder / "pulse").mkdir()
        (folder / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        self.socket = folder / "pulse" / "native"
        for name, value in {
            "HOME": folder,
            "XDG_RUNTIME_DIR": folder,
            "PULSE_RUNTIME_PATH": folder / "pulse",
            "PULSE_SERVER": f"unix:{self.socket}",
        }.items():
            monkeypatch.setenv(name, str(value))

    def start(self):
        self.socket.unlink(missing_ok=True)
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=true"]
        command += ["--use-pid-file=no", "--system=false"]
        command += ["-L", f"module-native-protocol-unix socket={self.socket} auth-anonymous=1"]
        command += ["-L", "module-null-sink sink_name=vj rate=48000"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while subprocess.run(["pactl", "set-default-source", "vj.monitor"], capture_output=True).returncode:
            assert self.process.poll() is None, "pulseaudio does not start here"
            time.sleep(0.05)

    def player(self):
        """A process that clicks for every byte it is given."""
        command = [sys.executable, "-c", CLICKS]
        player = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        player.stdout.read(1)  # it plays
        return player

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def pulse(tmp_path, monkeypatch):
    server = Pulse(tmp_path, monkeypatch)
    server.start()
    yield server
    server.kill()
