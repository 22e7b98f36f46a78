"""OMT, Open Media Transport: frames with alpha over the local network, by open code down to the codec.

https://openmediatransport.org. Its library listens on every address of the machine, at ports 6400 and up.
"""

import numpy as np

from livedream import UserError
from livedream.output import Output
from livedream.output.programs.extras import name_in, need
from livedream.output.programs.rate import fraction
from livedream.output.programs.tally import Tally
from livedream.output.programs.transparency import Pictures

TICKS = 10_000_000  # of a timestamp, a second
BT709 = 709


class Omt(Output):
    """Output `omt[:NAME]`. Every frame is sent, repeated ones too; straight alpha goes along when there is any."""

    kind = "omt"

    def __init__(self, options):
        need("omt", "cyomtlib")
        super().__init__(options)
        self._sender = None

    def open(self, width, height, fps):
        try:
            import cyomtlib

            cyomtlib.settings.set_log_file(None)  # else it writes into the user's home
        except (ImportError, OSError) as error:
            raise UserError(f"omt: cyomtlib cannot be loaded here: {error}") from None
        self._sender = sender = cyomtlib.Sender(name_in(self.options.sink))
        self._flags = cyomtlib.VideoFlags
        self._rate = fraction(min(self.options.fps or fps, fps))
        self._ticks = TICKS / fps
        self._pictures = Pictures(self.options)
        self._tally = Tally(lambda: _heard(sender), "connection")
        self._turned = np.empty((0, 0, 4), np.uint8)
        self._seen = None

    def write(self, frame):
        pixels, alpha = self._pictures.of(frame)
        height, width = pixels.shape[:2]
        if pixels is not self._seen:
            self._seen = pixels
            if self._turned.shape != pixels.shape:
                self._turned = np.empty(pixels.shape, np.uint8)
            for to, of in ((0, 2), (1, 1), (2, 0), (3, 3)):  # BGRA; a plane at a time is what numpy is quick at
                self._turned[..., to] = pixels[..., of]
        # It is read before this returns. The time is ours: asked to make one, the library sleeps to its own clock.
        self._sender.send_video(
            self._turned,
            width=width & ~1,  # colours are sent for pairs of pixels
            height=height,
            stride=4 * width,
            frame_rate=self._rate,
            color_space=BT709,
            flags=self._flags.ALPHA if alpha else self._flags.NONE,
            timestamp=int(frame.number * self._ticks),
        )
        self.note = self._tally.note()

    def close(self):
        sender, self._sender = self._sender, None
        self.note = None
        if sender:
            sender.close()


def _heard(sender) -> tuple[bool, bool, int]:
    tally, _ = sender.get_tally()
    return tally.program, tally.preview, sender.connections
