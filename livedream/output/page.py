"""The picture in the browser page. The page's server encodes it, and only while a browser shows it."""

from typing import Protocol

from livedream import UserError
from livedream.output import Options, Output
from livedream.picture.frame import Frame


class PictureServer(Protocol):
    """The side of `web.server.Server` that takes pictures."""

    def show(self, frame: Frame) -> bool | None:
        """Send a frame to every browser. True: at least one got it; False: all were busy; None: there is none."""


class Page(Output):
    """Output `page`.

    Attributes:
        server: The server that shows the picture; to be set before `start`.
    """

    kind = "page"

    def __init__(self, options: Options):
        super().__init__(options)
        self.server: PictureServer | None = None

    def open(self, width: int, height: int, fps: float) -> None:
        if self.server is None:
            raise UserError("page: there is no web server to show it; leave out --web off")
        self.set_state("up")

    def write(self, frame: Frame) -> bool:
        sent = self.server.show(frame) if self.server else None
        if sent is False:
            self.dropped += 1
        return bool(sent)
