"""How a decoded picture stands: display matrix and sample aspect, as cameras and phones write them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av

Matrix = NDArray[np.float64]
Picture = NDArray[np.uint8]


def display_matrix(frame: "av.VideoFrame") -> Matrix:
    """Return the display matrix [2, 2], which takes (1, 0) and (0, 1) of the stored picture to (right, down) on screen.

    It is the identity, or a quarter turn or mirroring as phones write it.
    """
    try:
        data = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV 18 does not know what else is there, such as EXIF; this it tells without looking
        return _of_turns(frame.rotation)
    if data is None:
        return np.eye(2)
    numbers = np.frombuffer(bytes(data), "<i4")  # type: ignore[call-overload]  # side data is a buffer
    matrix: Matrix = numbers[[0, 1, 3, 4]].reshape(2, 2) / 65536.0
    return matrix if np.abs(np.linalg.det(matrix)) > 0.01 else np.eye(2)


def _of_turns(degrees: int) -> Matrix:
    """Return the matrix of a turn to the left, in steps of 90 degrees."""
    steps = -round(degrees / 90) % 4
    cosine, sine = (1, 0, -1, 0)[steps], (0, 1, 0, -1)[steps]
    return np.array([[cosine, sine], [-sine, cosine]], np.float64)


def lies_on_its_side(matrix: Matrix) -> bool:
    """Whether a display matrix exchanges width and height."""
    return bool(abs(matrix[0, 1]) > abs(matrix[0, 0]))


def upright(picture: Picture, matrix: Matrix) -> Picture:
    """Return a picture [H, W, C] turned and mirrored by its display matrix, contiguous."""
    if lies_on_its_side(matrix):
        picture = picture.transpose(1, 0, 2)
    down, right = matrix.sum(axis=0)[::-1]  # each axis of the screen has one entry that is not 0
    return np.ascontiguousarray(picture[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])


def sample_aspect(stream: "av.VideoStream") -> float:
    """Return a pixel's width over its height; 1 where a stream's is not credible."""
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    return aspect if 0.2 <= aspect <= 5 else 1.0
