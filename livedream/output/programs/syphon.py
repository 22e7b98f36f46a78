"""Syphon: frames with alpha to other programs on the same Mac, by a shared surface.

Written from syphon-python's source and Syphon's headers; not run on macOS yet.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from livedream import UserError
from livedream.output import Options, Output
from livedream.output.programs.naming import name_in
from livedream.output.programs.resize import Resizer
from livedream.picture.alpha import opaque
from livedream.picture.frame import Frame
from livedream.system.extras import need

TEXTURES = 3  # the graphics card may still draw from the last one, and has one more in its queue


class Syphon(Output):
    """Output `syphon[:NAME]`. One copy, into a Metal texture, which Syphon draws into the surface it shares."""

    kind = "syphon"

    def __init__(self, options: Options):
        need("syphon", "syphon", "darwin")
        super().__init__(options)
        self._server: Any = None  # a syphon.SyphonMetalServer

    def open(self, width: int, height: int, fps: float) -> None:
        try:
            import objc
            import syphon
            from syphon.utils import numpy as copying
            from syphon.utils import raw
        except ImportError as error:
            raise UserError(f"syphon: syphon-python cannot be loaded here: {error}") from None
        self._pool = objc.autorelease_pool  # without one this thread, which is not Cocoa's, keeps every frame's objects
        self._make_texture, self._copy = raw.create_mtl_texture, copying.copy_image_to_mtl_texture
        self._resizer = Resizer(self.options.size, self.options.fit) if self.options.size else None
        self._size = (0, 0)
        self._textures: Iterator[Any] = iter(())
        with self._pool():
            self._server = syphon.SyphonMetalServer(name_in(self.options.sink))

    def write(self, frame: Frame) -> None:
        pixels = frame.pixels
        if self._resizer:
            pixels = self._resizer.resized(pixels, not opaque(pixels))
        height, width = pixels.shape[:2]
        with self._pool():
            if self._size != (width, height):
                made = [self._make_texture(self._server.device, width, height) for _ in range(TEXTURES)]
                self._size, self._textures = (width, height), itertools.cycle(made)
            texture = next(self._textures)
            self._copy(np.ascontiguousarray(pixels), texture)
            # Syphon's surfaces have the bottom row first, as in OpenGL; our pictures have the top row first.
            self._server.publish_frame_texture(texture, is_flipped=True)
            self.note = "received" if self._server.has_clients else "no receiver yet"

    def close(self) -> None:
        server, self._server = self._server, None
        self._textures = iter(())
        self.note = None
        if server:
            with self._pool():
                server.stop()
