"""Whole training runs on a clip of a moving square: what they write, and what stops them."""

import json
import types

import numpy as np
import onnx
import pytest
import torch
from livedream_export import cache, dream_file, dream_run, export, footage, kept_pictures, kinds, training_run
from livedream_export.image_model.training import psnr
from livedream_export.torch_device import choose
from livedream_export.vae_rnn import memories, stages, train
from livedream_export.vae_rnn import saved as earlier
from livedream_export.vae_rnn.parts import Parts
from livedream_export.vae_rnn.recipe import Recipe
from livedream_export.vae_rnn.train import Run
from livedream_export.vae_rnn.trainer_state import TrainerState

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read
from livedream.loop import offline
from livedream.play import dream_parameters
from livedream.play.player import Player
from tests.export import training
from tests.export.training import run_on

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return training.square(tmp_path_factory.mktemp("clip") / "square.mp4")


@pytest.fixture(scope="module", params=training.KINDS)
def trained(request, clip, tmp_path_factory):
    """A run of some hundred steps: with memories, and without."""
    out = tmp_path_factory.mktemp("trained") / "square.onnx"
    options = {"seed": 3, "title": "A square", "licence": "CC0-1.0", "hp": training.KINDS[request.param]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.evaluate, "short", unable)
        made = training.train(clip, out, minutes=0.6, now=training.counter(), **options)
    assert made == out
    return out


@pytest.fixture(scope="module")
def dream(trained):
    return read.load(trained)


def unable(*args, **options):
    raise UserError("no judge is here")


def remembers(dream) -> bool:
    return "recall" in dream.components


def test_a_dream_that_plays_and_knows_where_it_is_from(dream, clip):
    assert (dream.title, dream.kind, dream.size, dream.fps) == ("A square", "vae-rnn", (32, 32), 25.0)
    assert set(dream.components) - {"recall"} == {"step", "decode", "encode"}
    assert dream.provenance["licence"] == "CC0-1.0"
    assert dream.provenance["footage"][0]["name"] == clip.name
    assert len(dream.provenance["footage"][0]["sha256"]) == 64
    assert dream.provenance.get("memories", "") == ("100 pictures of the footage are in this file" * remembers(dream))
    assert 1 <= len(dream.scenes) <= 8
    assert dream.scenes[0].thumbnail[:2] == b"\xff\xd8"
    frames = [frame.pixels for frame in offline.frames(dream, 30, 25.0, seed=1)]
    assert all(pixels.shape == (32, 32, 4) for pixels in frames)
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 0.5  # it moves
    again = [frame.pixels for frame in offline.frames(dream, 30, 25.0, seed=1)]
    assert all(np.array_equal(a, b) for a, b in zip(frames, again, strict=True))


def parts_of(trained) -> Parts:
    """What goes into the dream file, made again from the checkpoint."""
    found = earlier.load(trained.with_suffix(".run") / "checkpoint.pt")
    trainer = TrainerState(found["size"], found["hp"], torch.device("cpu"))
    trainer.restore(found)
    taken = cache.of_digest(found["sha256"], trained)
    kept = memories.of_footage(taken, found["hp"]) if found["hp"].remembers else None
    args = found["latents"].numpy(), found["segments"], found["fps"], kept, found["hp"]
    return Parts(trainer.average, trainer.recurrent, *args)


def test_pictures_are_learned_by_the_networks_too(trained, clip):
    """Without recall, a dream with memories shows only what its networks learned."""
    renderer, frames = parts_of(trained).renderer, footage.read([clip], 32).frames
    rendered = renderer.render(renderer.encode(frames), recall=0.0)[..., :3]
    assert psnr(frames, rendered).mean() > 17  # the mean picture would have 13


def test_a_dream_that_remembers_draws_the_footage_as_it_was(trained, dream, clip):
    if not remembers(dream):
        pytest.skip("it draws what it learned")
    frames = footage.read([clip], 32).frames
    log = (trained.with_suffix(".run") / "log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["learned_psnr_db"] > 24
    shown = next(offline.frames(dream, 1, 25.0, seed=1)).pixels[..., :3]
    assert psnr(frames, np.repeat(shown[None], len(frames), 0)).max() > 24


def test_the_run_folder(trained):
    folder = trained.with_suffix(".run")
    assert len(list(folder.glob("sheet-*.jpg"))) == 1
    assert len(list(folder.glob("dream-*.mp4"))) == 1
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert log[-1]["learned_psnr_db"] > 17  # four seconds leave no frames out, and the figure's name says so
    assert not list(folder.glob("*.tmp"))


def test_knobs_have_names_of_their_own(dream):
    names = [knob.name for knob in dream.directions]
    assert len(set(names)) == len(names) == 8


def test_a_dream_file_takes_no_more_room_than_it_may(trained):
    assert trained.stat().st_size < kept_pictures.room(32 * 32)


def same(a, b) -> bool:
    """Whether two dream files have the same networks, memories and scenes."""
    a, b = (onnx.load(path) for path in (a, b))
    weights = [{each.name: each.raw_data for each in model.graph.initializer} for model in (a, b)]
    scenes = [json.loads(model.metadata_props[0].value)["scenes"] for model in (a, b)]
    return weights[0] == weights[1] and scenes[0] == scenes[1]


def test_a_finished_run_is_exported_again_as_it_was(trained, dream, tmp_path):
    checkpoint = trained.with_suffix(".run") / "checkpoint.pt"
    out = export.export_checkpoint(checkpoint, tmp_path / "again.onnx")
    assert same(out, trained)
    again = read.load(out)
    assert all(again.provenance.get(each) == dream.provenance.get(each) for each in ("footage", "memories"))


def test_without_its_footage_only_what_remembers_none_is_exported(trained, dream, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    written = []
    monkeypatch.setattr(dream_file, "export", lambda parts, *about: written.append(parts))
    checkpoint = trained.with_suffix(".run") / "checkpoint.pt"
    if remembers(dream):
        with pytest.raises(UserError, match=r"no longer in .*--resume"):
            export.export_checkpoint(checkpoint, tmp_path / "again.onnx")
        assert not written
    else:
        export.export_checkpoint(checkpoint, tmp_path / "again.onnx")
        assert np.allclose(written[0].metadata["latents"]["latent"]["mean"], dream.mean, atol=1e-5)


def test_what_is_played_is_what_was_drawn_in_training(trained, dream):
    """The player, with ONNX Runtime and the pictures of the file, against PyTorch and those of the run."""
    renderer = parts_of(trained).renderer
    player = Player(dream, cpu.load)
    values = dream_parameters.of(dream, 7)
    for _ in range(10):
        now = values.tick(0.06)
        player.move(1, 16.7, now)  # between steps, too
        latent = player.walk.shown().latent
        drawn = renderer.render(np.float32(latent)[None])[0]
        assert np.abs(drawn.astype(int) - player.draw(now)).max() <= 1


def test_at_the_footages_own_speed_it_goes_on_by_one_frame_a_step(dream):
    if not remembers(dream):
        pytest.skip("it has no places")
    player, values = Player(dream, cpu.load), dream_parameters.of(dream, 7)
    places = []
    for _ in range(8):
        player.move(1, 50.0, values.tick(0.02))
        places.append(player.walk.shown().latent[-3])
    assert np.allclose(np.diff(places), 0.5, atol=1e-3)


def test_a_killed_run_is_exported_from_the_cache_or_says_what_is_missing(clip, tmp_path, monkeypatch):
    run = run_on(clip, tmp_path / "a.onnx")
    run.save(must=True)
    monkeypatch.setattr(train, "SPELL", 0.2)
    written = {}
    monkeypatch.setattr(dream_file, "export", lambda parts, out, *about: written.update({out: parts}))
    out = export.export_checkpoint(run.folder.checkpoint, tmp_path / "b.onnx")
    assert len(written[out].metadata["latents"]["latent.picture"]["mean"]) == training.SMALL.latent
    assert len(written[out].memories) == 100
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    with pytest.raises(UserError, match="no longer in"):
        export.export_checkpoint(run.folder.checkpoint, tmp_path / "c.onnx")


@pytest.mark.parametrize("hp", training.KINDS.values(), ids=training.KINDS)
def test_resume_goes_on_with_the_same_figures(clip, tmp_path, monkeypatch, hp):
    run = run_on(clip, tmp_path / "a.onnx", minutes=0.5, hp=hp)
    monkeypatch.setattr(Run, "write_dream", lambda self, early: None)
    run.train()
    assert run.learner.steps > 10
    more = run_on(clip, tmp_path / "a.onnx", minutes=0.8, resume=True, hp=hp)
    assert more.recipe == hp
    assert (more.learner.steps, more.learner.encoder_steps) == (run.learner.steps, run.learner.encoder_steps)
    assert (run.learner.steps > run.learner.encoder_steps) == hp.remembers
    assert more.budget.spent == pytest.approx(run.budget.spent)
    assert more.budget.used() == pytest.approx(run.budget.used(), abs=0.5)
    for name in ("autoencoder", "average", "recurrent"):
        before, after = getattr(run.learner, name).state_dict(), getattr(more.learner, name).state_dict()
        assert all(torch.equal(before[key], after[key]) for key in before)
    for name in ("autoencoder_optimizer", "recurrent_optimizer"):
        before, after = (getattr(r.learner, name).optimizer.state_dict()["state"][0] for r in (run, more))
        assert torch.equal(before["exp_avg_sq"], after["exp_avg_sq"])
    more.train()
    assert more.learner.steps > run.learner.steps


def test_resume_of_other_footage_size_or_recipe_is_refused(clip, tmp_path):
    run_on(clip, tmp_path / "a.onnx").save(must=True)
    with pytest.raises(UserError, match="--resume: --tier, --memories and --megabytes are the checkpoint's"):
        run_on(clip, tmp_path / "a.onnx", resume=True, hp=training.KINDS["plain"])
    assert run_on(clip, tmp_path / "a.onnx", resume=True, hp=Recipe()).recipe == training.SMALL
    with pytest.raises(UserError, match="32x32, here 64x64"):
        run_on(clip, tmp_path / "a.onnx", size="64", resume=True)
    other = training.square(tmp_path / "other.mp4", seconds=3)
    with pytest.raises(UserError, match="other footage"):
        run_on(other, tmp_path / "a.onnx", resume=True)
    with pytest.raises(UserError, match="there is no checkpoint"):
        run_on(clip, tmp_path / "b.onnx", resume=True)


@pytest.mark.parametrize("spoil", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"what" * 99])
def test_a_damaged_checkpoint_is_one_line(clip, tmp_path, spoil):
    run = run_on(clip, tmp_path / "a.onnx")
    run.save(must=True)
    run.folder.checkpoint.write_bytes(spoil(run.folder.checkpoint.read_bytes()))
    with pytest.raises(UserError, match=r"damaged, or not a checkpoint .*; train without --resume"):
        run_on(clip, tmp_path / "a.onnx", resume=True)


def test_a_checkpoint_of_an_earlier_livedream_is_one_line_and_is_trained_anew_when_asked(clip, tmp_path):
    run = run_on(clip, tmp_path / "a.onnx")
    run.save(must=True)
    saved = torch.load(run.folder.checkpoint, weights_only=True)
    saved["hp"] = {name: value for name, value in saved["hp"].items() if "remember" not in name}
    del saved["encoder_steps"]
    torch.save(saved, run.folder.checkpoint)
    with pytest.raises(UserError, match=r"made by an earlier livedream, .*; train without --resume$"):
        run_on(clip, tmp_path / "a.onnx", resume=True)
    with pytest.raises(UserError, match="made by an earlier livedream"):
        export.export_checkpoint(run.folder.checkpoint, tmp_path / "b.onnx")
    assert run_on(clip, tmp_path / "a.onnx").learner.steps == 0
    assert (tmp_path / "a.run/checkpoint-before.pt").exists()


def test_a_checkpoint_with_the_names_of_version_0_2_is_read(clip, tmp_path):
    run = run_on(clip, tmp_path / "a.onnx")
    run.save(must=True)
    saved = torch.load(run.folder.checkpoint, weights_only=True)
    old = {new: name for name, new in earlier.RENAMED_HYPERPARAMETERS.items()}
    saved["hp"] = {old.get(name, name): value for name, value in saved["hp"].items()}
    assert {"divergence", "recognition"} <= saved["hp"].keys()
    buffers = {new: name for name, new in earlier.RENAMED_BUFFERS.items()}
    saved["recurrent"] = {buffers.get(name, name): value for name, value in saved["recurrent"].items()}
    torch.save(saved, run.folder.checkpoint)
    more = run_on(clip, tmp_path / "a.onnx", resume=True)
    assert more.recipe == run.recipe
    assert torch.equal(more.learner.recurrent.std, run.learner.recurrent.std)


def test_too_few_minutes_is_one_line_with_what_it_takes_and_changes_nothing(clip, tmp_path):
    run_on(clip, tmp_path / "a.onnx").save(must=True)
    old = (tmp_path / "a.run/checkpoint.pt").read_bytes()
    with pytest.raises(UserError, match=r"^--minutes 0.1: too little for this footage, .*; try --minutes \d+$"):
        run_on(clip, tmp_path / "a.onnx", minutes=0.1)
    assert (tmp_path / "a.run/checkpoint.pt").read_bytes() == old


def test_starting_anew_keeps_the_old_dream_and_the_old_checkpoint(clip, tmp_path, capsys):
    out = tmp_path / "a.onnx"
    out.write_bytes(b"the old dream")
    run_on(clip, out).save(must=True)
    old = (tmp_path / "a.run/checkpoint.pt").read_bytes()
    run_on(clip, out).save(must=True)
    assert out.read_bytes() == b"the old dream"
    assert (tmp_path / "a.run/checkpoint-before.pt").read_bytes() == old
    assert "without --resume" in capsys.readouterr().err


def test_ctrl_c_while_reading_is_one_line_and_leaves_nothing(clip, tmp_path, monkeypatch, capsys):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(dream_run.material, "read", interrupted)
    assert training.train(clip, tmp_path / "a.onnx") is None
    said = "stopped at once: nothing had been trained yet, and nothing was written"
    assert capsys.readouterr().err.splitlines() == [said]
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize("seconds", [30, 20 * 60, 8 * 3600])
def test_early_dreams_come_early_then_now_and_then(clip, tmp_path, monkeypatch, seconds):
    """Nobody waits for the first; a short run makes none; none is late."""
    moments, ends, time = [], [], [0.0]

    def learn(*args, **named):
        for _ in next(each for each in args if isinstance(each, types.GeneratorType)):
            time[0] += 0.5

    def export(self, early):
        time[0] += 20
        self.budget.costs["dream"] = 20.0
        (moments if early else ends).append(time[0])

    monkeypatch.setattr(Run, "write_dream", export)
    monkeypatch.setattr(training_run.checkpoint, "save", lambda path, saved: None)
    for stage in (stages.image_training, stages.correction, stages.motion_training):
        monkeypatch.setattr(stage, "learn", learn)
    options = kinds.options("vae-rnn", [clip], out=tmp_path / "a.onnx", size="32", minutes=seconds / 60)
    run = Run(options, training.SMALL, now=lambda: time[0])
    run.prepare()
    run.train()
    assert seconds * 0.95 < ends[0] < seconds + 20
    if seconds < 300:
        assert moments == []
    else:
        assert moments[0] < 200
        apart = np.diff([*moments, seconds])
        assert 3 <= len(apart) <= 10
        assert apart.min() > 0.08 * seconds


@pytest.mark.parametrize("stage", ["pictures", "remember"])
def test_losses_that_are_not_finite_are_never_stepped_on(clip, tmp_path, monkeypatch, capsys, stage):
    """A few are skipped and counted; many in a row go back to the checkpoint, at half the rate."""
    run = run_on(clip, tmp_path / "a.onnx", minutes=0.9)
    monkeypatch.setattr(Run, "write_dream", lambda self, early: None)
    where = {"pictures": type(run.learner.autoencoder), "remember": stages.correction}[stage]
    whole, calls = where.loss, []

    def loss(*args):
        calls.append(1)
        bad = len(calls) == 4 or 10 <= len(calls) < 22
        return (value * (float("nan") if bad else 1.0) for value in whole(*args))

    monkeypatch.setattr(where, "loss", loss)
    run.train()
    assert len(calls) > 24
    assert run.learner.skipped == 13
    assert run.learner.rate_factor == 0.5
    assert capsys.readouterr().err.count("back to the last checkpoint") == 1
    assert all(value.isfinite().all() for value in run.learner.average.state_dict().values())


def test_a_folder_that_cannot_be_written_is_one_line(clip, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be made"):
        run_on(clip, tmp_path / "file" / "a.onnx")


def test_a_full_disk_is_one_line_and_the_old_checkpoint_stays(clip, tmp_path, capsys):
    resource = pytest.importorskip("resource")
    run = run_on(clip, tmp_path / "a.onnx")
    run.save(must=True)
    old, limits = run.folder.checkpoint.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(old) // 2, limits[1]))
    try:
        run.save()
        with pytest.raises(UserError, match="cannot be written"):
            run.save(must=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "no checkpoint: " in capsys.readouterr().err
    assert run.folder.checkpoint.read_bytes() == old
    assert [p.name for p in run.folder.path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"minutes": 0}, "--minutes 0: must be more than 0"),
        ({"minutes": float("nan")}, "--minutes nan"),
        ({"out": "dream.mp4"}, "a dream's name ends in .onnx"),
        ({"device": "tpu"}, "training runs on auto, cpu, cuda or mps"),
        ({"size": "65x64"}, "multiples of 32"),
    ],
)
def test_wrong_usage_is_one_line(clip, tmp_path, options, words):
    out = tmp_path / options.pop("out", "a.onnx")
    with pytest.raises(UserError, match=words) as error:
        training.train(clip, out, **options)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_that_is_not_there():
    with pytest.raises(UserError, match="--device cuda: PyTorch finds none here"):
        choose("cuda")
