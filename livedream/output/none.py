"""An output that discards every frame: for measuring, and for a show of which only the `.show` file is kept."""

from livedream.output import Output
from livedream.picture.frame import Frame


class Nowhere(Output):
    """Output `none`."""

    kind = "none"

    def open(self, width: int, height: int, fps: float) -> None:
        pass

    def write(self, frame: Frame) -> None:
        pass
