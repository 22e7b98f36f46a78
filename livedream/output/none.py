"""Takes every frame and shows it to nobody: for measuring, and for a show that is only recorded as a show."""

from livedream.output import Output


class Nowhere(Output):
    """Output `none`."""

    kind = "none"

    def open(self, width, height, fps):
        pass

    def write(self, frame):
        pass
