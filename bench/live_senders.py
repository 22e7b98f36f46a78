"""What live inputs are measured with: pictures that say when they were drawn, and programs that send them.

`python bench/live_senders.py KIND PLACE` sends until it is killed, 30 pictures a second.
"""

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIZE = (480, 270)
RATE = 30
BLOCK, BITS = 16, 24  # the time in milliseconds, as squares in the top rows; it begins again after 4.6 hours


def drawn(number: int) -> Pixels:
    """uint8 [H, W, 3]: something that moves, and the present time."""
    width, height = SIZE
    picture = np.empty((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    picture[..., 2] = 4 * number % 256
    picture[100:140, 4 * number % (width - 40) :][:, :40] = 255
    now = int(time.perf_counter() * 1000)
    for bit in range(BITS):
        picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (now >> bit & 1)
    return picture


def age(pixels: Pixels, now: float) -> float:
    """Milliseconds from the drawing of a picture until `now`, of time.perf_counter."""
    row = pixels[BLOCK // 2, BLOCK // 2 : BITS * BLOCK : BLOCK, 1]
    then = sum(1 << bit for bit, value in enumerate(row) if value > 127)
    return (now * 1000 - then) % (1 << BITS)


def paced(send: Callable[[Pixels], object]) -> None:
    """Send RATE pictures a second for ever."""
    number, began = 0, time.perf_counter()
    while True:
        time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        send(drawn(number))
        if number == 0:
            print("sending", flush=True)
        number += 1


def camera(place: str) -> None:
    """Raw pictures at a local socket, one reader after another: what the pretended camera reads."""
    Path(place).unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(place)
    server.listen(1)
    while True:
        reader, _ = server.accept()
        try:
            paced(lambda picture, reader=reader: reader.sendall(picture.tobytes()))  # type: ignore[misc]
        except OSError:
            reader.close()


def rtmp(place: str) -> None:
    """H.264 by ffmpeg to an RTMP address, as a streaming program sends it."""
    width, height = SIZE
    command = ["ffmpeg", "-nostdin", "-loglevel", "quiet", "-fflags", "nobuffer", "-probesize", "32"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(RATE), "-i", "pipe:0"]
    command += ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30"]
    while True:
        process = subprocess.Popen([*command, "-f", "flv", place], stdin=subprocess.PIPE)
        assert process.stdin is not None
        stdin = process.stdin
        try:
            paced(lambda picture, stdin=stdin: (stdin.write(picture.tobytes()), stdin.flush()))  # type: ignore[misc]
        except OSError:  # the server is not there yet
            process.wait()
            time.sleep(0.1)


def ndi(place: str) -> None:
    """NDI by cyndilib's own sender."""
    from fractions import Fraction

    from cyndilib.sender import Sender
    from cyndilib.video_frame import VideoSendFrame
    from cyndilib.wrapper.ndi_structs import FourCC

    sender, frame = Sender(place), VideoSendFrame()
    frame.set_resolution(*SIZE)
    frame.set_frame_rate(Fraction(RATE, 1))
    frame.set_fourcc(FourCC.RGBX)
    sender.set_video_frame(frame)
    pixels = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)

    def send(picture: Pixels) -> None:
        pixels[..., :3] = picture
        sender.write_video(pixels.ravel())

    with sender:
        paced(send)


def screen(place: str) -> None:
    """An X server, whose pixels are drawn in the file where it keeps them."""
    width, height = SIZE
    display, folder = place.split("@")
    server = subprocess.Popen(
        ["Xvfb", display, "-screen", "0", f"{width}x{height}x24", "-fbdir", folder, "-nolisten", "tcp"],
        stderr=subprocess.DEVNULL,
    )
    file = Path(folder, "Xvfb_screen0")
    while not (file.exists() and file.stat().st_size >= width * height * 4):
        if server.poll() is not None:
            raise RuntimeError("Xvfb has ended")
        time.sleep(0.02)
    mapped = np.memmap(file, np.uint8, "r+")
    while not (head := struct.unpack(">25I", mapped[:100].tobytes()))[12]:  # an XWD file's header is not there yet
        time.sleep(0.02)
    start, line, colours = head[0], head[12], head[19]
    lines = mapped[start + 12 * colours :][: line * height].reshape(height, line)
    shown = lines[:, : 4 * width].reshape(height, width, 4)

    def send(picture: Pixels) -> None:
        shown[..., :3] = picture[..., ::-1]
        if server.poll() is not None:
            os._exit(1)

    paced(send)


KINDS = {"camera": camera, "rtmp": rtmp, "listen": rtmp, "ndi": ndi, "screen": screen}

if __name__ == "__main__":
    KINDS[sys.argv[1]](sys.argv[2])
