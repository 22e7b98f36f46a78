"""Spout: frames with alpha to other programs on the same Windows machine, by a texture that both share.

Written from SpoutGL's source and the Spout SDK's documentation; not run on Windows yet.
"""

import numpy as np

from livedream import UserError
from livedream.output import Output
from livedream.output.programs.extras import name_in, need
from livedream.output.programs.resize import Resizer
from livedream.picture.alpha import opaque

GL_RGBA = 0x1908


class Spout(Output):
    """Output `spout[:NAME]`. One copy, to the card: our pictures are in the processor's memory, or in CUDA's."""

    kind = "spout"

    def __init__(self, options):
        need("spout", "SpoutGL", "win32")
        super().__init__(options)
        self._sender = None

    def open(self, width, height, fps):
        try:
            import SpoutGL
        except ImportError as error:
            raise UserError(f"spout: SpoutGL cannot be loaded here: {error}") from None
        name = name_in(self.options.sink)
        self._sender = SpoutGL.SpoutSender()
        # An OpenGL context of its own, in a hidden window of Spout's, current on this thread and on no other.
        if not self._sender.createOpenGL():
            raise RuntimeError("spout: no OpenGL context could be made on this thread")
        self._sender.setSenderName(name)
        self._name = name
        self._resizer = Resizer(self.options.size, self.options.fit) if self.options.size else None

    def write(self, frame):
        pixels = frame.pixels
        if self._resizer:
            pixels = self._resizer.resized(pixels, not opaque(pixels))
        height, width = pixels.shape[:2]
        # The top row first, as DirectX has it: nothing to invert. Another size makes a new texture under the old name.
        if not self._sender.sendImage(np.ascontiguousarray(pixels), width, height, GL_RGBA, False, 0):
            raise RuntimeError("spout: the frame was not taken; is DirectX 11 there?")
        self._sender.setFrameSync(self._name)
        self.note = f"{width}x{height}"

    def close(self):
        sender, self._sender = self._sender, None
        self.note = None
        if sender:
            sender.releaseSender()
            sender.closeOpenGL()
