"""A camera that other programs can choose: Zoom, browsers, OBS.

By pyvirtualcam, which is under the GPL: it is installed on request only, and nothing else imports it.
"""

import sys

import numpy as np

from livedream import UserError
from livedream.output import Output
from livedream.output.programs.extras import need
from livedream.output.programs.resize import Resizer

FIX = {
    "linux": "install v4l2loopback; sudo modprobe v4l2loopback devices=1 exclusive_caps=1 card_label=livedream",
    "win32": "install OBS Studio, start its virtual camera once and stop it again",
    "darwin": "install OBS Studio, start its virtual camera once and stop it again",
}


class Camera(Output):
    """Output `camera[:DEVICE]`. A camera keeps the size it began with, so pictures of another are placed in it."""

    kind = "camera"

    def __init__(self, options):
        need("camera", "pyvirtualcam")
        super().__init__(options)
        self._camera = None

    def open(self, width, height, fps):
        try:
            import pyvirtualcam
        except ImportError as error:
            raise UserError(f"camera: pyvirtualcam cannot be loaded here: {error}") from None
        width, height = (max(side & ~1, 2) for side in self.options.size or (width, height))
        rate = min(self.options.fps or fps, fps)
        device = self.options.sink.partition(":")[2] or None
        try:
            self._camera = pyvirtualcam.Camera(width, height, rate, device=device)
        except RuntimeError as error:  # not for the user alone: it is tried again, so a device that comes is taken
            said = " ".join(str(error).split()).split(". ")[0]  # the rest is about pyvirtualcam's documentation
            raise RuntimeError(f"camera: {said}; {FIX.get(sys.platform, FIX['linux'])}") from None
        self._resizer = Resizer((width, height), self.options.fit)
        self._colours = np.empty((height, width, 3), np.uint8)
        self._seen = None

    def write(self, frame):
        pixels = self._resizer.resized(frame.opaque)
        if pixels is not self._seen:
            self._seen = pixels
            for colour in range(3):  # a plane at a time: copying [..., :3] in one takes ten times as long
                self._colours[..., colour] = pixels[..., colour]
        self._camera.send(self._colours)
        self.note = f"{self._camera.device}, {self._camera.width}x{self._camera.height}"

    def close(self):
        camera, self._camera = self._camera, None
        self.note = None
        if camera:
            camera.close()
