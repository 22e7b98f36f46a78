"""The standard error of C libraries: ALSA, JACK and PortAudio print a page of complaints where all is well."""

import contextlib
import os
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_users = 0  # those that want silence at this moment
_kept = -1  # what file descriptor 2 was before


@contextlib.contextmanager
def silenced(silent: bool = True) -> Iterator[None]:
    """Silence file descriptor 2 of the whole process meanwhile; several threads may at once.

    What `session/terminal.py` prints goes on, for it writes to a descriptor of its own.

    Args:
        silent: False to do nothing: the user has asked for more (`-v`).
    """
    if not silent:
        yield
        return
    begun = _begin()
    try:
        yield
    finally:
        if begun:
            _end()


def _begin() -> bool:
    global _users, _kept
    with _lock:
        if _users == 0:
            try:
                _kept = os.dup(2)
                nothing = os.open(os.devnull, os.O_WRONLY)
            except OSError:  # there is no standard error
                return False
            os.dup2(nothing, 2)
            os.close(nothing)
        _users += 1
        return True


def _end() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            os.dup2(_kept, 2)
            os.close(_kept)
