"""The picture in the browser page. The page's server encodes it, and only while somebody looks."""

from livedream import UserError
from livedream.output import Output


class Page(Output):
    """Output `page`. server: the `web.server.Server` that shows it; to be set before `start`."""

    kind = "page"

    def __init__(self, options):
        super().__init__(options)
        self.server = None

    def open(self, width, height, fps):
        if self.server is None:
            raise UserError("page: there is no web server to show it; leave out --web off")
        self.say("up")

    def write(self, frame):
        sent = self.server.show(frame)
        if sent is False:
            self.dropped += 1
        return bool(sent)
