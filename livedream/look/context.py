"""An OpenGL context without a window, with or without a display."""

import sys
from typing import Any

import moderngl

from livedream import UserError


def create() -> moderngl.Context:
    """Return a context of OpenGL 3.3 core or newer, current in the calling thread. UserError says what is missing."""
    problems = []
    for backend in ("egl", None) if sys.platform.startswith("linux") else (None,):  # EGL needs no display
        try:
            options: dict[str, Any] = {"backend": backend} if backend else {}
            return moderngl.create_context(standalone=True, require=330, **options)
        except Exception as error:  # glcontext raises whatever its libraries do
            problems.append(f"{backend or 'display'}: {' '.join(str(error).split())[:80]}")
    remedy = "install libegl1 and libgl1-mesa-dri" if sys.platform.startswith("linux") else "update the graphics driver"
    raise UserError(f"no OpenGL 3.3 for looks ({'; '.join(problems)}); {remedy}")
