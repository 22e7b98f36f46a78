"""SVT-AV1: what it does to the process that uses it, and how to undo that."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def ordinary_priority() -> Iterator[None]:
    """Undo the real-time priority that an encoder which is opened within the block takes.

    When root runs it, SVT-AV1 gives the calling thread and its own threads priority 99 (SCHED_FIFO), which
    programs that the thread starts inherit: the rest of the show and of the machine would get no time. For Linux only.
    """
    before = _real_time_threads()
    try:
        yield
    finally:
        for thread in _real_time_threads() - before:
            with contextlib.suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _real_time_threads() -> set[int]:
    """The threads of this process that have real-time priority."""
    threads = set()
    with contextlib.suppress(OSError):  # no Linux
        for name in os.listdir("/proc/self/task"):
            with contextlib.suppress(OSError):  # it has ended
                if os.sched_getscheduler(int(name)) in (os.SCHED_FIFO, os.SCHED_RR):
                    threads.add(int(name))
    return threads


def silence() -> None:
    """Keep SVT-AV1 from writing about itself to stderr, by its environment variable."""
    os.environ.setdefault("SVT_LOG", "1")
