"""`python windowed.py SINK WIDTHxHEIGHT`: a show with a window and one more output, in a process of its own.

It prints "up" when the window has drawn, then the value of each line of standard input, a Python expression that may
use `window`, `other`, `numbers` (the frames that `other` got) and `look`. At its end it prints the reason.
"""

import logging
import sys
import threading
import types

import numpy as np

from livedream.output.kinds import parse
from livedream.output.none import Nowhere
from livedream.output.window import run
from livedream.picture.frame import Frame
from tests.output.conftest import moving_gradient

# Tests may set: the picture and its fade; the figures for the HUD, and the number of times that it asked; whether the
# show goes on when the window is closed.
look = types.SimpleNamespace(
    picture=moving_gradient(31, 320, 180), fade=1.0, figures=["title", "fps\t30.0"], asked=0, stays=False
)
numbers: list[int] = []
written, up, done = threading.Condition(), threading.Event(), threading.Event()


class Recorder(Nowhere):
    def write(self, frame):
        with written:
            numbers.append(frame.number)
            written.notify()


class OnCard:
    """A picture that claims to be on a graphics card."""

    def __init__(self, level, device=0):
        self.shape, self.pointer, self.device, self.asked = (180, 320, 4), 4096, device, 0
        self._level = level

    def pixels(self):
        self.asked += 1
        return np.full(self.shape, (*[self._level] * 3, 255), np.uint8)


def figures():
    look.asked += 1
    if isinstance(look.figures, Exception):
        raise look.figures
    return look.figures


def show():
    number = 0
    while not done.wait(0.015):
        frame = Frame(look.picture, number, fade=look.fade)
        window.show(frame)
        other.show(frame)
        if not arrived(number):
            print("the other output got nothing", flush=True)
            done.set()
        number += 1
        if window.sent >= 3 and not up.is_set():
            up.set()
            print("up", flush=True)


def arrived(number):
    """Wait until the other output has this frame."""
    with written:
        return written.wait_for(lambda: numbers and numbers[-1] == number, 30)


def answer():
    for line in sys.stdin:
        try:
            said = eval(line)
        except Exception as error:
            said = error
        print(repr(said), flush=True)
    done.set()


def closed():
    if not look.stays:
        done.set()


logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
window, other = parse(sys.argv[1]), Recorder(parse("none").options)
size = tuple(map(int, sys.argv[2].split("x")))
window.on_close, window.hud = closed, figures
for each in (window, other):
    each.start(*size, 30)
for act in (show, answer):
    threading.Thread(target=act, daemon=True).start()
run(lambda: [window], done.is_set)
done.set()
other.stop()
print("over" if window.error is None else window.error, flush=True)
