"""NDI: frames with alpha over the local network, to OBS, Resolume, vMix, TriCaster and other receivers.

NDI® is a registered trademark of Vizrt NDI AB; https://ndi.video. Its library listens on every address of the machine.
"""

import time
from typing import TYPE_CHECKING

from livedream import UserError
from livedream.output import Options, Output
from livedream.output.programs.naming import name_in
from livedream.output.programs.rate import fraction
from livedream.output.programs.tally import Tally
from livedream.output.programs.transparency import SentPictures
from livedream.picture.frame import Frame
from livedream.system.extras import need

if TYPE_CHECKING:
    from livedream.output.programs.libndi import Sender


class Ndi(Output):
    """Output `ndi[:NAME]`. Every frame is sent, repeated ones too; alpha is included when the picture has any."""

    kind = "ndi"

    def __init__(self, options: Options):
        need("ndi", "cyndilib")
        super().__init__(options)
        self._sender: Sender | None = None

    def open(self, width: int, height: int, fps: float) -> None:
        try:
            from livedream.output.programs.libndi import TICKS, Sender

            self._sender = Sender(name_in(self.options.sink), self.options.groups)
        except (ImportError, OSError) as error:
            raise UserError(f"ndi: cyndilib cannot be loaded here: {error}") from None
        self._rate = fraction(min(self.options.fps or fps, fps))
        self._ticks = TICKS / fps  # timecode units between two frames
        self._began: float | None = None
        self._pictures = SentPictures(self.options)
        self._tally = Tally(self._sender.tally)

    def write(self, frame: Frame) -> None:
        if self._sender is None:
            raise RuntimeError("ndi: not open")
        pixels, alpha = self._pictures.prepare(frame)
        if self._began is None:  # frame number 0 gets the time of day that it had
            self._began = time.time() * 1e7 - frame.number * self._ticks
        timecode = int(self._began + frame.number * self._ticks)
        self._sender.send(pixels, alpha, self._rate.as_integer_ratio(), timecode)
        self.note = self._tally.note()

    def close(self) -> None:
        sender, self._sender = self._sender, None
        self.note = None
        if sender:
            sender.close()
