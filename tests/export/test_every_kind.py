"""What holds for every kind of dream: it trains, is killed and goes on, and its file plays. One table, `every_kind`.

Every kind is trained in a process of its own, killed when it has written an early dream, and resumed to its end.
"""

import contextlib
import itertools
import json
import multiprocessing
from pathlib import Path

import av
import numpy as np
import pytest
from livedream_export import checkpoint, kinds

from livedream import UserError
from livedream.dream import read
from livedream.loop import offline
from tests.export import every_kind
from tests.waiting import until

pytestmark = pytest.mark.timeout(600)
ROWS = list(every_kind.ROWS)
ENDLESS, MORE = 10_000.0, 240.0  # minutes of the run that is killed; seconds of the clock that are left to the other
BY_CLOCK = {"minutes": ENDLESS}


def file(folder: Path, name: str) -> Path:
    return folder / f"{name}.onnx"


def saved(folder: Path, name: str) -> dict:
    return checkpoint.read(folder / f"{name}.run" / "checkpoint.pt", {"steps", "used"})


def said(folder: Path, name: str) -> str:
    return (folder / f"{name}.log").read_text()


class Trained:
    """Every kind's training: killed once an early dream was there, and resumed.

    Attributes:
        killed: by kind, the checkpoint and the dream file's bytes as the kill left them.
        resumed: by kind, the checkpoint at the end.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ROWS:
            every_kind.ROWS[name].material(folder)
        self._children = {name: every_kind.begin(name, folder, **BY_CLOCK) for name in ROWS}
        self._resumed: dict[str, multiprocessing.Process] = {}
        self.killed: dict[str, tuple[dict, bytes]] = {}
        self.resumed: dict[str, dict] = {}

    def kill(self) -> None:
        """Kill each as soon as it has an early dream, and resume it."""
        for _ in self._children:
            name = until(self._ready, 400, pause=0.1)
            child = self._children[name]
            child.kill()
            child.join()
            self.killed[name] = saved(self.folder, name), file(self.folder, name).read_bytes()
            minutes = (self.killed[name][0]["used"] + MORE) / 60
            self._resumed[name] = every_kind.begin(name, self.folder, resume=True, minutes=minutes)

    def _ready(self) -> str | None:
        for name, child in self._children.items():
            if name in self.killed:
                continue
            assert child.is_alive(), said(self.folder, name)[-3000:]
            with contextlib.suppress(UserError, FileNotFoundError):
                if saved(self.folder, name)["early_at"]:
                    return name
        return None

    def finish(self, name: str) -> dict:
        """Wait for a resumed training to end, and return its checkpoint."""
        if name not in self.resumed:
            self._resumed[name].join(400)
            assert self._resumed[name].exitcode == 0, said(self.folder, name)[-3000:]
            self.resumed[name] = saved(self.folder, name)
        return self.resumed[name]

    def end(self) -> None:
        """End what is still there."""
        for child in [*self._children.values(), *self._resumed.values()]:
            child.kill()
            child.join()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    made = Trained(tmp_path_factory.mktemp("every_kind"))
    try:
        made.kill()
        yield made
    finally:
        made.end()


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_every_kind_of_dream_has_a_row():
    dreams = {name for name, kind in kinds.KINDS.items() if not kind.effect}
    assert dreams == set(every_kind.ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_an_early_dream_and_the_checkpoint_outlive_a_kill(trained, name):
    kept, dream = trained.killed[name]
    assert kept["steps"] > 0
    assert 0 < kept["early_at"] <= kept["used"]
    early = trained.folder / f"early-{name}.onnx"
    early.write_bytes(dream)
    assert read.load(early).kind == name


@pytest.mark.parametrize("name", ROWS)
def test_a_killed_training_resumes_and_its_steps_go_on(trained, name):
    before, _ = trained.killed[name]
    after = trained.finish(name)
    assert after["steps"] > before["steps"]
    assert after["used"] > before["used"]
    assert "Traceback" not in said(trained.folder, name)
    log = (trained.folder / f"{name}.run" / "log.jsonl").read_text().splitlines()
    steps = [json.loads(line)["steps"] for line in log]
    assert steps[-1] == max(steps)
    assert [json.loads(line)["early"] for line in log][-1] is False


@pytest.mark.parametrize("name", ROWS)
def test_the_dream_is_proven_and_plays(trained, name):
    trained.finish(name)
    dream = read.load(file(trained.folder, name))
    assert (dream.kind, dream.title) == (name, name)
    frames = [np.array(each.pixels) for each in offline.frames(dream, 40, dream.fps, seed=1)]
    assert len(frames) == 40
    assert {frame.shape for frame in frames} == {(*dream.size[::-1], 4)}
    assert any((a != b).any() for a, b in itertools.pairwise(frames)), "it stands still"
    assert frames[-1][..., :3].std() > 1, "it is one colour"
    assert dream.scenes
    assert all(scene.thumbnail for scene in dream.scenes)
    assert dream.provenance["licence"]


@pytest.mark.parametrize("name", ROWS)
def test_it_leaves_a_film_of_its_learning_a_contact_sheet_and_a_clip(trained, name):
    trained.finish(name)
    folder = trained.folder / f"{name}.run"
    assert list(folder.glob("sheet-*.jpg"))
    assert list(folder.glob("dream-*.mp4"))
    with av.open(str(folder / "learning.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) > 60
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1  # it has learned something


@pytest.mark.parametrize("name", ROWS)
def test_resuming_on_other_material_is_one_line(trained, name, tmp_path, monkeypatch):
    trained.finish(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(trained.folder / "cache" / name))
    before = file(trained.folder, name).read_bytes()
    with pytest.raises(UserError, match=r"--resume: the checkpoint is of other|--size 96: ") as error:
        every_kind.train(name, trained.folder, resume=True, size="96")
    assert "\n" not in str(error.value)
    assert file(trained.folder, name).read_bytes() == before


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"footage": ["nowhere"]}, "nowhere"),
        ({"footage": ["text.mp4"]}, "text.mp4"),
        ({"footage": ["three"]}, "three"),
        ({"size": "33x33"}, "--size 33x33: "),
        ({"minutes": 0}, "--minutes 0"),
        ({"out": Path("dream.mp4")}, "ends in .onnx"),
        ({"device": "tpu"}, "tpu"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)) + "=" + str(next(iter(value.values()))),
)
def test_bad_input_is_one_line_and_leaves_nothing(name, given, words, tmp_path, monkeypatch):
    every_kind.ROWS[name].material(tmp_path)
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "three").mkdir()
    for number in "abc":
        (tmp_path / "three" / f"{number}.png").write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=words) as error:
        every_kind.train(name, tmp_path, **given)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*.onnx"))
    assert not list(tmp_path.glob("*.run"))
