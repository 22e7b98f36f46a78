"""The C library's memory."""

import ctypes

M_ARENA_MAX = -8  # malloc.h of glibc


def keep_together() -> None:
    """Have all threads take memory from two places. glibc gives many threads places of their own, up to eight a core,
    and each keeps the most that any thread ever needed there: a night of outputs that come and go would add up.
    """
    try:
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    except (AttributeError, OSError, TypeError):  # another C library, another system
        return
