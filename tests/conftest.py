"""What tests of every folder share."""

import os
import warnings
from pathlib import Path

import pytest

# Two OpenMP threads on a busy core wait for each other longer than one takes alone; child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Programs that tests start are parts of this package, too.
ROOT = str(Path(__file__).parents[1])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))


@pytest.fixture(autouse=True)
def ordinary_priority():
    """Give this process its ordinary priority back, and warn.

    SVT-AV1 takes real-time priority 99 as root (see livedream.output.video.svt). Every program that later tests started
    would inherit it; a browser that did took the whole machine.
    """
    yield
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        warnings.warn(f"left at real-time priority {os.sched_getparam(0).sched_priority}", stacklevel=1)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


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


PAGES = ("clean_", "decks_", "looks_", "midi_", "modulation_", "outputs_", "presets_", "tempo_")  # by a real browser
# What tests need, by the beginning of their file's path in tests/; single slow tests say so themselves.
# `pytest -m "not slow and not network and not display"` is what runs anywhere, in a minute or two.
NEEDS = {
    "network": (
        "obs/",
        "output/test_ndi",
        "output/test_omt",
        "output/test_stream",
        "test_link",
        "web/test_announce",
    ),
    "display": ("obs/", "output/test_window"),
    "slow": (
        "export/test_components",
        "export/test_evaluate",
        "export/test_judges",
        "export/test_preview_page",
        "export/test_train",
        "export/test_walk",
        "loop/test_decks",
        "loop/test_device_lost",
        "loop/test_history_live",
        "obs/",
        "output/test_stream_sound",
        "parts/test_loader",
        "shows/test_show_record",
        "test_bench",
        "test_docs_scripts",
        *(f"web/test_{page}page" for page in ("", *PAGES)),
    ),
}


def pytest_collection_modifyitems(items):
    """Mark every test with what its file needs."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        for marker, beginnings in NEEDS.items():
            if path.startswith(beginnings):
                item.add_marker(marker)
