"""Buffers on the graphics card that a shader draws into."""

from collections.abc import Callable, Iterable

import moderngl

BYTES = {"f1": 4, "f2": 8, "f4": 16}  # bytes of an RGBA pixel, by moderngl's type


class RenderTarget:
    """A texture to draw into, or two where what was drawn last must be read while the next is drawn.

    Args:
        context: the OpenGL context, current in the calling thread.
        dtype: "f1", "f2" or "f4": 8 bits, half floats or floats.
        count: 1 or 2 textures.
        persistent: whether the content stays, scaled, when the size changes.

    Attributes:
        size: (width, height) in pixels; (0, 0) before the first `resize`.
        pixel_bytes: bytes of one pixel in all its textures.
    """

    def __init__(self, context: moderngl.Context, dtype: str, count: int, persistent: bool = False) -> None:
        self.context, self.dtype, self.count, self.persistent = context, dtype, count, persistent
        self.pixel_bytes = BYTES[dtype] * count
        self.size = (0, 0)
        self._pairs: list[tuple[moderngl.Texture, moderngl.Framebuffer]] = []  # the readable one first

    @property
    def front(self) -> moderngl.Texture:
        """The texture that was drawn last."""
        return self._pairs[0][0]

    @property
    def back(self) -> moderngl.Framebuffer:
        """The framebuffer of the next drawing."""
        return self._pairs[-1][1]

    def swap(self) -> None:
        """Make what was drawn now the front."""
        self._pairs.reverse()

    def resize(
        self, size: tuple[int, int], copy: Callable[[moderngl.Texture, "RenderTarget"], None] | None = None
    ) -> None:
        """Change the size, if it is another. `copy(texture, self)` scales the content of a persistent buffer."""
        if size == self.size:
            return
        old, self._pairs, self.size = self._pairs, [], size
        for _ in range(self.count):
            texture = self.context.texture(size, 4, dtype=self.dtype)
            self._pairs.append((texture, self.context.framebuffer([texture])))
        self.clear()
        if old and self.persistent and copy:
            copy(old[0][0], self)
        _release(old)

    def clear(self) -> None:
        """Make it transparent black."""
        for _, framebuffer in self._pairs:
            framebuffer.clear()

    def release(self) -> None:
        """Free the textures."""
        _release(self._pairs)
        self._pairs = []


def _release(pairs: Iterable[tuple[moderngl.Texture, moderngl.Framebuffer]]) -> None:
    for texture, framebuffer in pairs:
        framebuffer.release()
        texture.release()
