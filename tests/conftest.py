"""What tests of every folder share."""

import os
import time

import pytest

# Two OpenMP threads on a busy core wait for each other longer than one takes alone; child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Dreams proven in tests are remembered in a folder of their own, not in the user's cache."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def until():
    """until(condition, seconds): wait for it, or fail; returns what it gave."""

    def wait(condition, seconds: float = 60.0, pause: float = 0.01):
        end = time.monotonic() + seconds
        while not (got := condition()):
            assert time.monotonic() < end, "waited in vain"
            time.sleep(pause)
        return got

    return wait
