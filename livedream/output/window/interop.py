"""Copies from CUDA memory into OpenGL textures, within the graphics card (CUDA runtime API, "OpenGL Interoperability").

Where the OpenGL context and CUDA are not on the same card, or anything else fails, it is logged once and no copy is
made any more.
"""

import logging
from typing import Any, Protocol

import numpy as np

from livedream.picture import Pixels
from livedream.picture.frame import Picture

log = logging.getLogger("livedream.output")

TEXTURE_2D = 0x0DE1  # GL_TEXTURE_2D


class Texture(Protocol):
    """The side of `painter.Texture` that a copy needs."""

    name: Any
    size: tuple[int, int] | None

    def read(self) -> Pixels:
        """The texture's content, uint8 [H, W, 4]."""


class CudaCopies:
    """Copies pictures into one texture. The texture's context must be current in every call."""

    def __init__(self) -> None:
        self._refused = False
        self._device: int | None = None  # the CUDA device whose pictures can be copied; None: not ready
        self._image: Any = None
        self._stream: Any = None

    def copy(self, picture: Pixels | Picture, texture: Texture) -> bool:
        """Copy a picture that has `pointer` and `device` into a texture of its size, and return whether that worked.

        Returns when the picture's memory is not needed any more. Before the first copy a pattern is copied and read
        back as a proof.
        """
        if self._refused or texture.size is None or not hasattr(picture, "pointer"):
            return False
        card: Any = picture
        try:
            if self._device != card.device:
                self.close()
                self._open(texture, texture.size, card.device)
            if hasattr(card, "ready"):
                card.ready()
            self._copy(card.pointer, texture.size)
            return True
        except Exception as error:
            self._refused = True
            self.close()
            log.info("window: pictures go by way of the host: %s", str(error) or type(error).__name__)
            return False

    def close(self) -> None:
        """Release the texture, before it changes its size or is deleted. The next copy starts anew."""
        if self._image is not None:
            _cuda().cudaGraphicsUnregisterResource(self._image)
        if self._stream is not None:
            _cuda().cudaStreamDestroy(self._stream)
        self._image = self._stream = self._device = None

    def _open(self, texture: Texture, size: tuple[int, int], device: int) -> None:
        cuda = _cuda()
        count, devices = _done(cuda.cudaGLGetDevices(8, cuda.cudaGLDeviceList.cudaGLDeviceListAll))
        if device not in [int(each) for each in devices[:count]]:
            raise RuntimeError(f"the window's OpenGL is not on CUDA device {device}")
        _done(cuda.cudaSetDevice(device))
        self._stream = _done(cuda.cudaStreamCreateWithFlags(cuda.cudaStreamNonBlocking))
        flags = cuda.cudaGraphicsRegisterFlags.cudaGraphicsRegisterFlagsWriteDiscard
        self._image = _done(cuda.cudaGraphicsGLRegisterImage(texture.name.value, TEXTURE_2D, flags))
        width, height = size
        pattern = np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8)
        memory = _done(cuda.cudaMalloc(pattern.nbytes))
        try:
            to_device = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
            _done(cuda.cudaMemcpy(memory, pattern.ctypes.data, pattern.nbytes, to_device))
            self._copy(memory, size)
        finally:
            cuda.cudaFree(memory)
        if not np.array_equal(texture.read(), pattern):
            raise RuntimeError("a picture copied within the card came back changed")
        self._device = device

    def _copy(self, pointer: int, size: tuple[int, int]) -> None:
        cuda, (width, height) = _cuda(), size
        within = cuda.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        _done(cuda.cudaGraphicsMapResources(1, self._image, self._stream))
        try:  # the array may be a different one at every mapping
            array = _done(cuda.cudaGraphicsSubResourceGetMappedArray(self._image, 0, 0))
            row = 4 * width
            _done(cuda.cudaMemcpy2DToArrayAsync(array, 0, 0, pointer, row, row, height, within, self._stream))
        finally:
            unmapped = cuda.cudaGraphicsUnmapResources(1, self._image, self._stream)
        _done(unmapped)
        _done(cuda.cudaStreamSynchronize(self._stream))  # now the picture's memory may be written to


def _cuda() -> Any:
    from cuda.bindings import runtime

    return runtime


def _done(result: tuple[Any, ...]) -> Any:
    """The values that a CUDA call returned besides its status. Raises RuntimeError unless that is success."""
    status, *rest = result
    if status != 0:
        raise RuntimeError(f"{status.name} ({int(status)})")
    return rest[0] if len(rest) == 1 else rest
