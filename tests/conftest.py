"""What tests of every folder share."""

import os
import time
from pathlib import Path

import pytest

# Two OpenMP threads on a busy core wait for each other longer than one takes alone; child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Programs that tests start are parts of this package, too.
ROOT = str(Path(__file__).parents[1])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory):
    """What tests prove and set up is remembered in folders of their own, not in the user's."""
    names = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    before = {name: os.environ.get(name) for name in names}
    for name in names:
        os.environ[name] = str(tmp_path_factory.mktemp(name.split("_")[1].lower()))
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


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
