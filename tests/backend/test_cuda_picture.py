"""Pictures in CUDA memory: none is drawn over while it is referenced, and its memory is reused afterwards.

Without a card: what CUDA's runtime is asked for is done with the host's memory.
"""

import ctypes
import gc
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from livedream.backend import cuda_picture

SHAPE = (4, 6, 4)


class Card:
    """CUDA's runtime, as far as pictures need it. memory: allocations by address; copies: to the host so far."""

    def __init__(self):
        self.memory, self.copies, self.allocated = {}, 0, 0
        self.cudaMemcpyKind = SimpleNamespace(cudaMemcpyDeviceToHost=2, cudaMemcpyDeviceToDevice=3)
        self.cudaStreamNonBlocking = self.cudaEventDisableTiming = 1
        self.cudaMalloc = self.cudaMallocHost = self.allocate
        self.cudaFree = self.cudaFreeHost = self.free
        self.cudaStreamCreateWithFlags = self.cudaEventCreateWithFlags = lambda flags: (0, 7)

    def __getattr__(self, name):
        assert name.startswith("cuda")
        return lambda *_: (0,)

    def allocate(self, size):
        room = ctypes.create_string_buffer(size)
        self.memory[ctypes.addressof(room)] = room
        self.allocated += 1
        return 0, ctypes.addressof(room)

    def free(self, address):
        del self.memory[address]
        return (0,)

    def cudaMemcpyAsync(self, target, source, size, kind, stream):
        ctypes.memmove(target, source, size)
        self.copies += kind == self.cudaMemcpyKind.cudaMemcpyDeviceToHost
        return (0,)


@pytest.fixture
def card(monkeypatch):
    made = Card()
    monkeypatch.setitem(sys.modules, "cuda.bindings", SimpleNamespace(runtime=made))
    return made


def drawn(level: int) -> np.ndarray:
    """Return an array that stands for a runner's picture."""
    return np.full(SHAPE, level, np.uint8)


def test_a_picture_that_is_held_is_not_drawn_over(card):
    pictures, place = cuda_picture.Pictures(SHAPE), drawn(0)
    held = []
    for level in range(1, 6):
        place[...] = level
        held.append(pictures.take(place.ctypes.data))
    place[...] = 99
    assert len({each.pointer for each in held}) == 5
    assert [int(each.pixels()[0, 0, 0]) for each in held] == [1, 2, 3, 4, 5]
    assert held[0].pixels() is held[0].pixels()
    assert held[0].shape == SHAPE
    assert card.copies == 5


def test_memory_takes_turns_and_all_of_it_goes_back(card):
    pictures, place = cuda_picture.Pictures(SHAPE), drawn(1)
    shown = None
    for _ in range(50):
        shown = pictures.take(place.ctypes.data)  # the previous one is held until this one is there
        shown.pixels()
    pixels = shown.pixels()[1:, 1:]
    del pictures, shown
    gc.collect()
    assert card.allocated == 4
    assert len(card.memory) == 2  # the pinned, as an output still holds a part of the last picture's pixels
    assert (pixels == 1).all()
    del pixels
    gc.collect()
    assert card.memory == {}


def test_only_pictures_that_are_read_are_copied_to_the_host_then_in_advance(card):
    pictures, place = cuda_picture.Pictures(SHAPE), drawn(1)
    for _ in range(5):
        pictures.take(place.ctypes.data)
    assert card.copies == 0
    pictures.take(place.ctypes.data).pixels()
    assert card.copies == 1
    following = pictures.take(place.ctypes.data)
    assert card.copies == 2  # the copy was started already
    following.pixels()
    assert card.copies == 2


def test_many_threads_that_ask_get_one_copy(card):
    picture = cuda_picture.Pictures(SHAPE).take(drawn(3).ctypes.data)
    got = []
    threads = [threading.Thread(target=lambda: got.append(picture.pixels())) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({id(each) for each in got}) == 1
    assert card.copies == 1


def test_an_error_of_cuda_is_raised(card, monkeypatch):
    pictures = cuda_picture.Pictures(SHAPE)
    card.cudaMalloc = lambda size: (2, 0)
    with pytest.raises(RuntimeError, match="CUDA: 2"):
        pictures.take(drawn(0).ctypes.data)


def test_without_cuda_there_are_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    assert cuda_picture.available() is False
