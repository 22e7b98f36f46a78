"""An OpenGL context of our own, with or without a display."""

import sys

import moderngl

from livedream import UserError


def create() -> moderngl.Context:
    """A context of OpenGL 3.3 core or newer, current in the calling thread. UserError: one line, what is missing."""
    wrong = []
    for backend in ("egl", None) if sys.platform.startswith("linux") else (None,):  # EGL needs no display
        try:
            options = {"backend": backend} if backend else {}
            return moderngl.create_context(standalone=True, require=330, **options)
        except Exception as error:  # glcontext raises whatever its libraries do
            wrong.append(f"{backend or 'display'}: {' '.join(str(error).split())[:80]}")
    mend = "install libegl1 and libgl1-mesa-dri" if sys.platform.startswith("linux") else "update the graphics driver"
    raise UserError(f"no OpenGL 3.3 for looks ({'; '.join(wrong)}); {mend}")
