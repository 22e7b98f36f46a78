"""NDI's library, libndi, as it comes with cyndilib's wheel: for sending and for receiving."""

import ctypes
import os
import sys
from ctypes import Structure, c_bool, c_char_p, c_float, c_int, c_int64, c_uint32, c_void_p
from typing import Any

from livedream import UserError

PROGRESSIVE = 1


class Video(Structure):
    """A picture, NDIlib_video_frame_v2_t (Processing.NDI.structs.h)."""

    _fields_ = (
        ("width", c_int),
        ("height", c_int),
        ("fourcc", c_uint32),
        ("rate", c_int),
        ("rate_divisor", c_int),
        ("aspect", c_float),
        ("format", c_int),
        ("timecode", c_int64),
        ("data", c_void_p),
        ("stride", c_int),
        ("metadata", c_char_p),
        ("timestamp", c_int64),
    )


def loaded(*functions: tuple[Any, ...]) -> ctypes.CDLL:
    """Return the library, initialized.

    Args:
        functions: For each that is used: its name without "NDIlib_", the type of its result, those of its arguments.

    Raises:
        UserError: The processor is too old for it.
    """
    import cyndilib.sender  # loads libndi and what it needs

    # On other systems libndi's symbols are found through the module that has loaded it, wherever the wheel has put it.
    path = cyndilib.sender.__file__
    if sys.platform == "win32":
        path = os.path.join(os.path.dirname(path), "wrapper", "bin", "Processing.NDI.Lib.x64.dll")
    library = ctypes.CDLL(path)
    for name, result, *arguments in (("initialize", c_bool), *functions):
        function = getattr(library, f"NDIlib_{name}")
        function.restype, function.argtypes = result, arguments
    if not library.NDIlib_initialize():
        raise UserError("ndi: this processor is too old for the NDI library; omt:NAME may work")
    return library
