"""NDI: frames with alpha over the local network, to OBS, Resolume, vMix, TriCaster and other receivers.

NDI® is a registered trademark of Vizrt NDI AB; https://ndi.video. Its library listens on every address of the machine.
"""

import time

from livedream import UserError
from livedream.output import Output
from livedream.output.programs.extras import name_in, need
from livedream.output.programs.rate import fraction
from livedream.output.programs.tally import Tally
from livedream.output.programs.transparency import Pictures


class Ndi(Output):
    """Output `ndi[:NAME]`. Every frame is sent, repeated ones too; alpha goes along when the picture has any."""

    kind = "ndi"

    def __init__(self, options):
        need("ndi", "cyndilib")
        super().__init__(options)
        self._sender = None

    def open(self, width, height, fps):
        try:
            from livedream.output.programs.libndi import TICKS, Sender

            self._sender = Sender(name_in(self.options.sink), self.options.groups)
        except (ImportError, OSError) as error:
            raise UserError(f"ndi: cyndilib cannot be loaded here: {error}") from None
        self._rate = fraction(min(self.options.fps or fps, fps))
        self._ticks = TICKS / fps  # of the timecode, from one frame number to the next
        self._began: float | None = None
        self._pictures = Pictures(self.options)
        self._tally = Tally(self._sender.heard)

    def write(self, frame):
        pixels, alpha = self._pictures.of(frame)
        if self._began is None:  # so that frame number 0 has the time of day that it had
            self._began = time.time() * 1e7 - frame.number * self._ticks
        timecode = int(self._began + frame.number * self._ticks)
        self._sender.send(pixels, alpha, self._rate.as_integer_ratio(), timecode)
        self.note = self._tally.note()

    def close(self):
        sender, self._sender = self._sender, None
        self.note = None
        if sender:
            sender.close()
