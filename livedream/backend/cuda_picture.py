"""Pictures that stay in CUDA memory, and come to the host through pinned memory while the next is drawn.

Every picture has memory of its own for as long as somebody holds it, and gives it back then: what is being read is
never drawn over, and in a running show two or three pieces of memory take turns.
"""

import threading
import weakref

import numpy as np


def available() -> bool:
    """Whether CUDA can be called at all."""
    try:
        from cuda.bindings import runtime

        return int(runtime.cudaFree(0)[0]) == 0
    except Exception:
        return False


class CudaPicture:
    """A frame.Picture. pointer: address of its RGBA bytes; device: the card's number."""

    def __init__(self, memory: "_Memory", pictures: "Pictures"):
        self.shape, self.device = pictures.shape, pictures.device
        self.pointer = memory.pointer
        self._pictures = pictures
        self._pixels: np.ndarray | None = None
        self._copied = None  # the event after which the pinned memory holds it
        self._lock = threading.Lock()

    def ready(self) -> None:
        """Wait until the bytes at `pointer` are this picture. They are: the run has ended and they were copied."""

    def pixels(self) -> np.ndarray:
        with self._lock:
            self._pictures.wanted = True
            if self._copied is None:
                self._send()
            _made(self._pictures.runtime.cudaEventSynchronize(self._copied))
            return self._pixels

    def send(self) -> None:
        """Begin to copy it to the host."""
        with self._lock:
            if self._copied is None:
                self._send()

    def _send(self) -> None:
        runtime, pictures = self._pictures.runtime, self._pictures
        _made(runtime.cudaSetDevice(self.device))  # of the thread that asks
        memory = pictures.pinned()
        to_host = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        _made(runtime.cudaMemcpyAsync(memory.pointer, self.pointer, memory.size, to_host, pictures.stream))
        self._pixels = memory.array(self.shape)
        event = _made(runtime.cudaEventCreateWithFlags(runtime.cudaEventDisableTiming))
        weakref.finalize(self, runtime.cudaEventDestroy, event).atexit = False
        _made(runtime.cudaEventRecord(event, pictures.stream))
        self._copied = event


class Pictures:
    """Makes pictures of one shape, (H, W, 4), of what a runner draws.

    wanted: somebody read the pixels of one of the last pictures, so the next is sent to the host at once.
    """

    def __init__(self, shape: tuple[int, int, int], device: int = 0):
        from cuda.bindings import runtime

        self.runtime, self.shape, self.device, self.wanted = runtime, tuple(shape), device, False
        self._size = int(np.prod(shape))
        self._free: list[_Memory] = []
        self._free_pinned: list[_Memory] = []
        _made(runtime.cudaSetDevice(device))
        self.stream = _made(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        weakref.finalize(self, runtime.cudaStreamDestroy, self.stream).atexit = False

    def take(self, pointer: int) -> CudaPicture:
        """A picture of the bytes that lie at this address, which may be drawn over as soon as this returns."""
        runtime = self.runtime
        _made(runtime.cudaSetDevice(self.device))
        memory = _pop(self._free) or _Memory(self._size, runtime.cudaMalloc, runtime.cudaFree)
        within = runtime.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        _made(runtime.cudaMemcpyAsync(memory.pointer, pointer, self._size, within, self.stream))
        _made(runtime.cudaStreamSynchronize(self.stream))
        picture = CudaPicture(memory, self)
        weakref.finalize(picture, self._free.append, memory).atexit = False
        if self.wanted:
            self.wanted = False  # the one who reads on says so again
            picture.send()
        return picture

    def pinned(self) -> "_Memory":
        """Memory of the host that the card writes to by itself."""
        free, runtime = self._free_pinned, self.runtime
        memory = _pop(free) or _Memory(self._size, runtime.cudaMallocHost, runtime.cudaFreeHost)
        memory.home = free
        return memory


class _Memory:
    """`size` bytes at `pointer`, given back to CUDA when nobody holds it."""

    def __init__(self, size: int, allocate, free):
        self.size, self.pointer, self.home = size, int(_made(allocate(size))), []
        weakref.finalize(self, free, self.pointer).atexit = False

    def array(self, shape: tuple[int, ...]) -> np.ndarray:
        """It as an array; when nobody holds that or a part of it, the memory goes home to be used again."""
        import ctypes

        bytes_ = (ctypes.c_uint8 * self.size).from_address(self.pointer)
        weakref.finalize(bytes_, self.home.append, self).atexit = False
        return np.frombuffer(bytes_, np.uint8).reshape(shape)


def _pop(free: list):
    try:
        return free.pop()
    except IndexError:
        return None


def _made(answer: tuple):
    """What a call of CUDA's runtime returned, or RuntimeError."""
    if int(answer[0]) != 0:
        raise RuntimeError(f"CUDA: {answer[0]}")
    return answer[1] if len(answer) == 2 else None
