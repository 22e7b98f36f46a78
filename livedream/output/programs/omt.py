"""OMT, Open Media Transport: frames with alpha over the local network, open source down to the codec.

https://openmediatransport.org. Its library listens on every address of the machine, at ports 6400 and up.
"""

from typing import Any

import numpy as np

from livedream import UserError
from livedream.output import Options, Output
from livedream.output.programs.naming import name_in
from livedream.output.programs.rate import fraction
from livedream.output.programs.tally import Tally
from livedream.output.programs.transparency import SentPictures
from livedream.picture import Pixels
from livedream.picture.frame import Frame
from livedream.system.extras import need

TICKS = 10_000_000  # timestamp units per second
BT709 = 709


class Omt(Output):
    """Output `omt[:NAME]`. Every frame is sent, repeated ones too; straight alpha is included when there is any."""

    kind = "omt"

    def __init__(self, options: Options):
        need("omt", "cyomtlib")
        super().__init__(options)
        self._sender: Any = None  # a cyomtlib.Sender

    def open(self, width: int, height: int, fps: float) -> None:
        try:
            import cyomtlib

            cyomtlib.settings.set_log_file(None)  # the default is a file in the user's home
        except (ImportError, OSError) as error:
            raise UserError(f"omt: cyomtlib cannot be loaded here: {error}") from None
        self._sender = sender = cyomtlib.Sender(name_in(self.options.sink))
        self._flags = cyomtlib.VideoFlags
        self._rate = fraction(min(self.options.fps or fps, fps))
        self._ticks = TICKS / fps
        self._pictures = SentPictures(self.options)
        self._tally = Tally(lambda: _tally(sender), "connection")
        self._bgra = np.empty((0, 0, 4), np.uint8)
        self._converted: Pixels | None = None  # the picture that _bgra was made from

    def write(self, frame: Frame) -> None:
        pixels, alpha = self._pictures.prepare(frame)
        height, width = pixels.shape[:2]
        if pixels is not self._converted:
            self._converted = pixels
            if self._bgra.shape != pixels.shape:
                self._bgra = np.empty(pixels.shape, np.uint8)
            for to, source in ((0, 2), (1, 1), (2, 0), (3, 3)):  # one plane at a time: numpy is quick at it
                self._bgra[..., to] = pixels[..., source]
        # The pixels are read before this returns. The timestamp is ours: to make one, the library would sleep to a
        # clock of its own.
        self._sender.send_video(
            self._bgra,
            width=width & ~1,  # colours are sent for pairs of pixels
            height=height,
            stride=4 * width,
            frame_rate=self._rate,
            color_space=BT709,
            flags=self._flags.ALPHA if alpha else self._flags.NONE,
            timestamp=int(frame.number * self._ticks),
        )
        self.note = self._tally.note()

    def close(self) -> None:
        sender, self._sender = self._sender, None
        self.note = None
        if sender:
            sender.close()


def _tally(sender: Any) -> tuple[bool, bool, int]:
    tally, _ = sender.get_tally()
    return tally.program, tally.preview, sender.connections
