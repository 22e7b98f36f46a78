"""Spout: frames with alpha to other programs on the same Windows machine, by a shared texture.

Written from SpoutGL's source and the Spout SDK's documentation; not run on Windows yet.
"""

from typing import Any

import numpy as np

from livedream import UserError
from livedream.output import Options, Output
from livedream.output.programs.naming import name_in
from livedream.output.programs.resize import Resizer
from livedream.picture.alpha import opaque
from livedream.picture.frame import Frame
from livedream.system.extras import need

GL_RGBA = 0x1908


class Spout(Output):
    """Output `spout[:NAME]`. One copy, to the graphics card: our pictures are in main memory or in CUDA's."""

    kind = "spout"

    def __init__(self, options: Options):
        need("spout", "SpoutGL", "win32")
        super().__init__(options)
        self._sender: Any = None  # a SpoutGL.SpoutSender

    def open(self, width: int, height: int, fps: float) -> None:
        try:
            import SpoutGL
        except ImportError as error:
            raise UserError(f"spout: SpoutGL cannot be loaded here: {error}") from None
        self._name = name_in(self.options.sink)
        self._sender = SpoutGL.SpoutSender()
        # An OpenGL context in a hidden window of Spout's own, current on this thread and on no other.
        if not self._sender.createOpenGL():
            raise RuntimeError("spout: no OpenGL context could be made on this thread")
        self._sender.setSenderName(self._name)
        self._resizer = Resizer(self.options.size, self.options.fit) if self.options.size else None

    def write(self, frame: Frame) -> None:
        pixels = frame.pixels
        if self._resizer:
            pixels = self._resizer.resized(pixels, not opaque(pixels))
        height, width = pixels.shape[:2]
        # DirectX too has the top row first: nothing to flip. Another size makes a new texture under the same name.
        if not self._sender.sendImage(np.ascontiguousarray(pixels), width, height, GL_RGBA, False, 0):
            raise RuntimeError("spout: the frame was refused; is DirectX 11 installed?")
        self._sender.setFrameSync(self._name)
        self.note = f"{width}x{height}"

    def close(self) -> None:
        sender, self._sender = self._sender, None
        self.note = None
        if sender:
            sender.releaseSender()
            sender.closeOpenGL()
