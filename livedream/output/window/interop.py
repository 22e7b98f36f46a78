"""From CUDA memory into an OpenGL texture without the host: a copy within the card (CUDA runtime API, "OpenGL
Interoperability"). Where context and CUDA are not on one card, or anything else is amiss, it says so once and refuses.
"""

import logging

import numpy as np

log = logging.getLogger("livedream.output")

TEXTURE_2D = 0x0DE1  # GL_TEXTURE_2D


class CudaCopies:
    """Copies pictures into one texture. Everything is to be called with the texture's context current."""

    def __init__(self):
        self._refused = False
        self._device: int | None = None  # whose pictures go this way; None: not ready
        self._image = self._stream = None

    def copy(self, picture, texture) -> bool:
        """Copy a picture that has `pointer` and `device` into a texture of its size; False: it is not there.

        Returns when the picture's memory is not needed any more. The first copy proves the way: a pattern goes
        through and is read back.
        """
        if self._refused or not hasattr(picture, "pointer"):
            return False
        try:
            if self._device != picture.device:
                self.close()
                self._open(texture, picture.device)
            if hasattr(picture, "ready"):
                picture.ready()
            self._copy(picture.pointer, texture.size)
            return True
        except Exception as error:
            self._refused = True
            self.close()
            log.info("window: pictures go by way of the host: %s", error or type(error).__name__)
            return False

    def close(self) -> None:
        """Let go of the texture, before it changes its size or goes; the next copy starts anew."""
        if self._image is not None:
            _cuda().cudaGraphicsUnregisterResource(self._image)
        if self._stream is not None:
            _cuda().cudaStreamDestroy(self._stream)
        self._image = self._stream = self._device = None

    def _open(self, texture, device: int) -> None:
        cuda = _cuda()
        count, devices = _done(cuda.cudaGLGetDevices(8, cuda.cudaGLDeviceList.cudaGLDeviceListAll))
        if device not in [int(each) for each in devices[:count]]:
            raise RuntimeError(f"the window's OpenGL is not on CUDA device {device}")
        _done(cuda.cudaSetDevice(device))
        self._stream = _done(cuda.cudaStreamCreateWithFlags(cuda.cudaStreamNonBlocking))
        flags = cuda.cudaGraphicsRegisterFlags.cudaGraphicsRegisterFlagsWriteDiscard
        self._image = _done(cuda.cudaGraphicsGLRegisterImage(texture.name.value, TEXTURE_2D, flags))
        width, height = texture.size
        pattern = np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8)
        memory = _done(cuda.cudaMalloc(pattern.nbytes))
        try:
            to_device = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
            _done(cuda.cudaMemcpy(memory, pattern.ctypes.data, pattern.nbytes, to_device))
            self._copy(memory, texture.size)
        finally:
            cuda.cudaFree(memory)
        if not np.array_equal(texture.read(), pattern):
            raise RuntimeError("a picture copied within the card did not come back as it was")
        self._device = device

    def _copy(self, pointer: int, size: tuple[int, int]) -> None:
        cuda, (width, height) = _cuda(), size
        within = cuda.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        _done(cuda.cudaGraphicsMapResources(1, self._image, self._stream))
        try:  # the array may be another one at every mapping
            array = _done(cuda.cudaGraphicsSubResourceGetMappedArray(self._image, 0, 0))
            row = 4 * width
            _done(cuda.cudaMemcpy2DToArrayAsync(array, 0, 0, pointer, row, row, height, within, self._stream))
        finally:
            unmapped = cuda.cudaGraphicsUnmapResources(1, self._image, self._stream)
        _done(unmapped)
        _done(cuda.cudaStreamSynchronize(self._stream))  # whoever drew the picture may write to it from here on


def _cuda():
    from cuda.bindings import runtime

    return runtime


def _done(answer: tuple):
    """What a CUDA call returned besides its status, which must be success."""
    status, *rest = answer
    if status != 0:
        raise RuntimeError(f"{status.name} ({int(status)})")
    return rest[0] if len(rest) == 1 else rest
