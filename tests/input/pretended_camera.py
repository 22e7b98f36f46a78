"""A pretended camera: raw pictures from a local socket, through everything of `camera` but FFmpeg's device.

The address is `camera:FILE`, of the socket; nobody listening there is a camera that is not plugged in.
"""

from collections.abc import Iterator

from livedream.input.picture import camera
from livedream.input.picture.shot import Asked, Report, Shot


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield pictures of `asked.size`, RGB."""
    camera.find = lambda wanted: ("rawvideo", f"unix:{wanted}")
    camera.WISHES = {"rawvideo": ({"pixel_format": "rgb24", "framerate": "30"},)}
    yield from camera.pictures(asked, report)
