"""Pictures that stay in CUDA memory, and are copied to the host through pinned memory while the next is drawn.

Every picture has memory of its own while it is referenced, and returns it then: memory that is being read is
never drawn over, and in a running show two or three buffers take turns.
"""

import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from livedream.picture import Pixels


def available() -> bool:
    """Tell whether CUDA can be called at all."""
    try:
        from cuda.bindings import runtime

        return int(runtime.cudaFree(0)[0]) == 0
    except Exception:
        return False


class CudaPicture:
    """A frame.Picture in CUDA memory.

    Attributes:
        shape: (H, W, 4).
        pointer: the address of its RGBA bytes.
        device: the card's number.
    """

    def __init__(self, memory: "_Memory", pictures: "Pictures") -> None:
        self.shape, self.device = pictures.shape, pictures.device
        self.pointer = memory.pointer
        self._pictures = pictures
        self._copy: tuple[Pixels, Any] | None = None  # pinned memory, and the event after which it holds the picture
        self._lock = threading.Lock()

    def ready(self) -> None:
        """Return at once: the bytes at `pointer` are this picture, since the run has ended."""

    def pixels(self) -> Pixels:
        """Return the host's copy; any thread."""
        with self._lock:
            self._pictures.wanted = True
            pixels, event = self._started()
            checked(self._pictures.runtime.cudaEventSynchronize(event))
            return pixels

    def send(self) -> None:
        """Start to copy it to the host."""
        with self._lock:
            self._started()

    def _started(self) -> tuple[Pixels, Any]:
        """Return the copy, started if it was not yet."""
        if self._copy is not None:
            return self._copy
        runtime, pictures = self._pictures.runtime, self._pictures
        checked(runtime.cudaSetDevice(self.device))  # for the calling thread
        memory = pictures.pinned()
        to_host = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        checked(runtime.cudaMemcpyAsync(memory.pointer, self.pointer, memory.size, to_host, pictures.stream))
        pixels = memory.array(self.shape)
        event = checked(runtime.cudaEventCreateWithFlags(runtime.cudaEventDisableTiming))
        weakref.finalize(self, runtime.cudaEventDestroy, event).atexit = False
        checked(runtime.cudaEventRecord(event, pictures.stream))
        self._copy = pixels, event
        return self._copy


class Pictures:
    """Makes a runner's pictures, all of one shape.

    Args:
        shape: (H, W, 4).
        device: the card's number.

    Attributes:
        wanted: the pixels of one of the last pictures were read, so the next is copied to the host at once.
    """

    def __init__(self, shape: tuple[int, int, int], device: int = 0) -> None:
        from cuda.bindings import runtime

        self.runtime, self.shape, self.device, self.wanted = runtime, shape, device, False
        self._size = int(np.prod(shape))
        self._free: list[_Memory] = []
        self._free_pinned: list[_Memory] = []
        checked(runtime.cudaSetDevice(device))
        self.stream = checked(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        weakref.finalize(self, runtime.cudaStreamDestroy, self.stream).atexit = False

    def take(self, pointer: int) -> CudaPicture:
        """Return a picture of the bytes at this address, which may be drawn over as soon as this returns."""
        runtime = self.runtime
        checked(runtime.cudaSetDevice(self.device))
        memory = _pop(self._free) or _Memory(self._size, runtime.cudaMalloc, runtime.cudaFree)
        within = runtime.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        checked(runtime.cudaMemcpyAsync(memory.pointer, pointer, self._size, within, self.stream))
        checked(runtime.cudaStreamSynchronize(self.stream))
        picture = CudaPicture(memory, self)
        weakref.finalize(picture, self._free.append, memory).atexit = False
        if self.wanted:
            self.wanted = False  # a reader that goes on sets it again
            picture.send()
        return picture

    def pinned(self) -> "_Memory":
        """Return memory of the host that the card can write to."""
        free, runtime = self._free_pinned, self.runtime
        memory = _pop(free) or _Memory(self._size, runtime.cudaMallocHost, runtime.cudaFreeHost)
        memory.home = free
        return memory


class _Memory:
    """`size` bytes at `pointer`, returned to CUDA when it is no longer referenced.

    Attributes:
        home: the list to which an array of it returns it.
    """

    def __init__(self, size: int, allocate: Callable[[int], Any], free: Callable[[int], Any]) -> None:
        self.size, self.pointer = size, int(checked(allocate(size)))
        self.home: list[_Memory] = []
        weakref.finalize(self, free, self.pointer).atexit = False

    def array(self, shape: tuple[int, int, int]) -> Pixels:
        """Return it as an array; when the array and its views are gone, the memory returns to `home`."""
        import ctypes

        bytes_ = (ctypes.c_uint8 * self.size).from_address(self.pointer)
        weakref.finalize(bytes_, self.home.append, self).atexit = False
        return np.frombuffer(memoryview(bytes_), np.uint8).reshape(shape)


def _pop(free: list[_Memory]) -> _Memory | None:
    try:
        return free.pop()
    except IndexError:
        return None


def checked(answer: tuple[Any, ...]) -> Any:
    """Return the result of a call of CUDA's runtime, or raise RuntimeError."""
    if int(answer[0]) != 0:
        raise RuntimeError(f"CUDA: {answer[0]}")
    return answer[1] if len(answer) == 2 else None
