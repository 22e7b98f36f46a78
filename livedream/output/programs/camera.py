"""A virtual camera that other programs can choose: Zoom, browsers, OBS.

It uses pyvirtualcam, which is under the GPL: installed on request only, and imported nowhere else.
"""

import sys
from typing import Any

import numpy as np

from livedream import UserError
from livedream.output import Options, Output
from livedream.output.programs.resize import Resizer
from livedream.picture import Pixels
from livedream.picture.frame import Frame
from livedream.system.extras import need

FIX = {
    "linux": "install v4l2loopback; sudo modprobe v4l2loopback devices=1 exclusive_caps=1 card_label=livedream",
    "win32": "install OBS Studio, start its virtual camera once and stop it again",
    "darwin": "install OBS Studio, start its virtual camera once and stop it again",
}


class Camera(Output):
    """Output `camera[:DEVICE]`. A camera keeps its first size, so pictures of another size are placed in it."""

    kind = "camera"

    def __init__(self, options: Options):
        need("camera", "pyvirtualcam")
        super().__init__(options)
        self._camera: Any = None  # a pyvirtualcam.Camera

    def open(self, width: int, height: int, fps: float) -> None:
        try:
            import pyvirtualcam
        except ImportError as error:
            raise UserError(f"camera: pyvirtualcam cannot be loaded here: {error}") from None
        width, height = (max(side & ~1, 2) for side in self.options.size or (width, height))
        rate = min(self.options.fps or fps, fps)
        device = self.options.sink.partition(":")[2] or None
        try:
            self._camera = pyvirtualcam.Camera(width, height, rate, device=device)
        except RuntimeError as error:  # not a UserError: it is retried, so that a device that appears is taken
            reason = " ".join(str(error).split()).split(". ")[0]  # the rest is about pyvirtualcam's documentation
            raise RuntimeError(f"camera: {reason}; {FIX.get(sys.platform, FIX['linux'])}") from None
        self._resizer = Resizer((width, height), self.options.fit)
        self._rgb = np.empty((height, width, 3), np.uint8)
        self._converted: Pixels | None = None  # the picture that _rgb was made from

    def write(self, frame: Frame) -> None:
        pixels = self._resizer.resized(frame.opaque)
        if pixels is not self._converted:
            self._converted = pixels
            for colour in range(3):  # one plane at a time: copying [..., :3] at once takes ten times as long
                self._rgb[..., colour] = pixels[..., colour]
        self._camera.send(self._rgb)
        self.note = f"{self._camera.device}, {self._camera.width}x{self._camera.height}"

    def close(self) -> None:
        camera, self._camera = self._camera, None
        self.note = None
        if camera:
            camera.close()
