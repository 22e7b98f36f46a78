"""Pictures in the window's texture: from the host, from a graphics card, faded."""

import subprocess
import sys

import pytest

from tests.waiting import until

# CUDA upon the host's memory, as far as interop.py needs it. Every call is first made to the real bindings, which
# answer without a driver that there is none, but refuse what they would refuse anywhere: a wrong type, a wrong count.
CARD = """
import ctypes, sys, types
import numpy as np
from cuda.bindings import runtime as real

assert real.cudaGetDeviceCount()[0] != 0, "this is not for a machine with a graphics card"
calls, memory, mapped, wrong, devices = [], {}, [], False, [0]

def upload(array, x, y, pointer, pitch, row, rows, kind, stream):
    assert mapped and kind == real.cudaMemcpyKind.cudaMemcpyDeviceToDevice and pitch == row
    pixels = np.ctypeslib.as_array((ctypes.c_uint8 * (row * rows)).from_address(int(pointer))).copy()
    pixels[-1] ^= wrong
    gl.glBindTexture(gl.GL_TEXTURE_2D, mapped[0])
    gl.glTexSubImage2D(gl.GL_TEXTURE_2D, 0, 0, 0, row // 4, rows, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data)

def malloc(size):
    buffer = np.zeros(size, np.uint8)
    memory[buffer.ctypes.data] = buffer
    return buffer.ctypes.data

def register(name, target, flags):
    images.append(name)
    return real.cudaGraphicsResource_t(1)

def copy(to, start, size, kind):
    ctypes.memmove(to, start, size)

def free(pointer):
    del memory[pointer]

def unregister(image):
    images.pop()

images = []
acts = {
    "cudaGLGetDevices": lambda count, which: (len(devices), devices), "cudaSetDevice": lambda device: None,
    "cudaStreamCreateWithFlags": lambda flags: real.cudaStream_t(0), "cudaGraphicsGLRegisterImage": register,
    "cudaMalloc": malloc, "cudaMemcpy": copy, "cudaFree": free,
    "cudaGraphicsMapResources": lambda count, image, stream: mapped.append(images[-1]),
    "cudaGraphicsSubResourceGetMappedArray": lambda image, index, level: real.cudaArray_t(1),
    "cudaMemcpy2DToArrayAsync": upload,
    "cudaGraphicsUnmapResources": lambda count, image, stream: mapped.clear(),
    "cudaStreamSynchronize": lambda stream: None, "cudaStreamDestroy": lambda stream: None,
    "cudaGraphicsUnregisterResource": unregister,
}

def faked(name, act):
    def call(*arguments):
        calls.append(name)
        assert getattr(real, name)(*arguments)[0] != 0
        told = act(*arguments)
        told = told if isinstance(told, tuple) else () if told is None else (told,)
        return real.cudaError_t.cudaSuccess, *told
    return call

card = types.SimpleNamespace(**{n: getattr(real, n) for n in dir(real)} | {n: faked(n, a) for n, a in acts.items()})

class OnCard:
    def __init__(self, seed, shape=(18, 33, 4)):
        self.shape, self.device, self.host = shape, 0, 0
        self.data = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        self.pointer = self.data.ctypes.data
    def pixels(self):
        self.host += 1
        return self.data

from livedream.output.window.monitors import open_window
window, _ = open_window("test", 64, 64)
from pyglet import gl
from livedream.output.window import interop, painter
interop._cuda = lambda: card
texture = painter.Texture()

def put(picture):
    texture.put(picture)
    assert (texture.read() == picture.data).all(), "another picture than was given"
    return picture.host
"""


@pytest.fixture
def on_card(display):
    """on_card(program) -> the output of CARD followed by the program."""
    pytest.importorskip("cuda.bindings")

    def run(program):
        command = [sys.executable, "-c", CARD + program]
        done = subprocess.run(command, env=display, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


def test_pictures_on_the_card_never_see_the_host(on_card):
    said = on_card("""
print(put(OnCard(1)), put(OnCard(2)), len(images), calls.count("cudaGraphicsGLRegisterImage"))
print(put(OnCard(3, (40, 20, 4))), len(images), calls.count("cudaGraphicsGLRegisterImage"))  # of another size
texture.put(np.zeros((40, 20, 4), np.uint8))  # the model fell back to the processor, and came again
print(texture.read().any(), put(OnCard(4, (40, 20, 4))), len(memory))
texture.close()
print(len(images), mapped)
""")
    assert said == ["0", "0", "1", "1", "0", "1", "2", "False", "0", "0", "0", "[]"]


def test_a_card_that_copies_wrongly_is_not_trusted(on_card):
    said = on_card("""
wrong = 1
print(put(OnCard(1)), put(OnCard(2)), calls.count("cudaMemcpy2DToArrayAsync"), len(images), len(memory))
""")
    assert said == ["1", "1", "1", "0", "0"]


def test_a_card_that_is_not_the_screens_is_not_asked_to_copy(on_card):
    said = on_card("devices[:] = [1]; print(put(OnCard(1)), put(OnCard(2)), 'cudaMemcpy2DToArrayAsync' in calls)")
    assert said == ["1", "1", "False"]


def test_a_card_that_fails_in_the_middle_gives_way_to_the_host(on_card):
    said = on_card("""
print(put(OnCard(1)))
card.cudaGraphicsMapResources = lambda *_: (real.cudaError_t.cudaErrorUnknown,)
print(put(OnCard(2)), put(OnCard(3)), len(images))
""")
    assert said == ["0", "1", "1", "0"]


def test_without_a_card_pictures_come_by_way_of_the_host(window, screen):
    show = window(size="320x180")
    for level in (60, 120):
        show.ask(f"setattr(look, 'picture', OnCard({level}))")
        until(lambda level=level: (screen()[250:350, 300:500] == level).all())
        assert show.ask("look.picture.asked") == 1  # for all frames that repeat it
    show.ask("done.set()")
    assert show.end()[1].count("by way of the host") == 1


@pytest.mark.parametrize("alpha", [255, 153])
def test_fade_and_what_shines_through_is_black(window, screen, alpha):
    show = window(size="320x180")
    show.ask(f"setattr(look, 'picture', np.full((180, 320, 4), (200, 200, 200, {alpha}), 'uint8'))")
    for fade, level in ((0.5, 100), (0.25, 50), (0.0, 0), (1.0, 200)):
        level = level * alpha // 255
        show.ask(f"setattr(look, 'fade', {fade})")
        until(lambda level=level: (abs(screen()[250:350, 300:500].astype(int) - level) <= 1).all())
