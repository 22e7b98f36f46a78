"""The C library's memory allocator."""

import ctypes

M_ARENA_MAX = -8  # from glibc's malloc.h


def keep_together() -> None:
    """Let all threads share two arenas of glibc's malloc.

    By default many threads get an arena of their own, up to eight a core, and each arena keeps the most memory that was
    ever used in it: during a night of outputs that start and stop, this adds up.
    """
    try:
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    except (AttributeError, OSError, TypeError):  # another C library, another system
        return
