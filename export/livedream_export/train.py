"""`livedream train`: footage in, a dream out, within the minutes given.

Memories are chosen, the autoencoder learns pictures, then, with its encoder at rest, what corrects memories. Now and
then the recurrent network learns for a short spell and an early dream is written; at the end it learns on alone.
budget.py says when. All that is needed to go on lies in one checkpoint in the run folder beside it, `NAME.run/`.
"""

import contextlib
import dataclasses
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from livedream import UserError
from livedream.dream import read as dream_reader
from livedream.system.atomic import atomic_write

from . import autoencoder as pictures
from . import (
    checkpoint,
    dream_file,
    evaluate,
    footage,
    memories,
    perceptual,
    preview,
    recollection,
    sources,
    torch_device,
)
from . import recurrent as motion
from .budget import EARLY_FROM, LEAST_SPELL, Budget
from .descent import Diverged
from .hyperparameters import Hyperparameters
from .judges import verdict
from .learner import Learner
from .previewing import State

CHECKPOINT_SECONDS = 40.0
CLIP_SECONDS = 6.0  # of the dreamt clips; a third of it in runs too short for early dreams
SHOWN = 48  # left-out frames that are measured, and drawn on the sheet
INTERRUPTED_SPELL = 15.0  # seconds that motion is learned on the pictures as they are, at least, after Ctrl-C
STAGES = ("reading footage", "choosing memories", "learning pictures", "learning to remember", "learning motion")
NEEDED = 9000  # steps after which more of them bring little, where one of remembering counts as
REMEMBER_COST = 3  # of pictures
SLOWEST = 1 / 8  # of the learning rate; where learning diverges still, it is given up


def train(
    sources,
    out: Path | str,
    size="256",
    minutes: float = 30.0,
    device: str = "auto",
    resume: bool = False,
    seed: int = 0,
    title: str = "",
    licence: str = "",
    hp: Hyperparameters | None = None,
    now: Callable[[], float] = time.monotonic,
    told: State | None = None,
) -> Path | None:
    """Train a dream on footage and write it to `out`. Returns `out`, or None when Ctrl-C came before any dream.

    sources: files and folders, or "rainbow-road:" for the project's own road (`rainbow-road:SECONDS`).
    size: "N" for N² pixels in the footage's own aspect, or "WxH". minutes: wall clock for everything, reading and
    export too. resume: go on from the checkpoint in the run folder; the minutes of the earlier run count. now: the
    clock, in seconds. told: is kept at what the run is at. Ctrl-C ends with a whole dream, a second one at once.
    Raises UserError for footage, sizes and devices that will not do, and for folders that cannot be written.
    """
    run = Run(Path(out), minutes, device, seed, hp or Hyperparameters(), now, told)
    try:
        run.begin([str(s) for s in sources], str(size), resume, title, licence)
        run.go()
    except UserError:
        with contextlib.suppress(OSError):
            run.folder.rmdir()  # where nothing came into it, it was made for nothing
        raise
    except KeyboardInterrupt:
        run.progress.line("stopped at once: " + run.standing())
    except torch.cuda.OutOfMemoryError:
        raise UserError(f"--size {size}: more than the GPU's memory holds; choose a smaller one") from None
    return run.out if run.written else None


class _Interrupted(Exception):
    """Ctrl-C during learning."""


class Run:
    """One training run: its learner, its budget and its folder."""

    def __init__(
        self,
        out: Path,
        minutes: float,
        on: str,
        seed: int,
        hp: Hyperparameters,
        now=time.monotonic,
        told: State | None = None,
    ):
        if out.suffix != ".onnx":
            raise UserError(f"-o {out}: a dream's name ends in .onnx")
        if not 0 < minutes < 1e6:
            raise UserError(f"--minutes {minutes:g}: must be more than 0")
        self.out, self.folder = out, out.with_suffix(".run")
        self.checkpoint = self.folder / "checkpoint.pt"
        self.device, self.seed, self.hp = torch_device.choose(on), seed, hp
        self.budget = Budget(minutes * 60, hp, now)
        self.progress = preview.Progress(told)
        self.progress.told.budget = self.budget
        self.steps = self.early_done = 0
        self.encoder_steps = 0  # of them, those in which the encoder learned
        self.finishing = False  # the autoencoder has learned its last
        self.latents, self.encoded_at = None, -1  # of all frames, and after how many steps they were taken
        self.fitted_from = 0.0  # seconds that motion had been learned for when they were taken
        self.stop_asked = self.stopping = False  # Ctrl-C came; and was heard
        self.begun = self.written = self.current = False  # current: nothing has been learned since it was written
        self.saved_at = now()

    # -- preparing ------------------------------------------------------------------------------------------------

    def begin(self, names: list[str], size: str, resume: bool, title: str = "", licence: str = "") -> None:
        """Read the footage, and make the networks or take up those of the checkpoint."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.folder}: cannot be made: {error.strerror}; choose another -o") from None
        saved = checkpoint.load(self.checkpoint) if resume else None
        self.footage = self._read(names, size)
        self.size = self.footage.frames.shape[2], self.footage.frames.shape[1]
        self.progress.told.frames = self.footage.frames
        self.budget.guess(self.size[0] * self.size[1])
        if saved:
            self._must_fit(saved)
            if self.hp not in (saved["hp"], Hyperparameters()):
                raise UserError("--resume: --tier, --memories and --megabytes are the checkpoint's; leave them out")
            self.hp = self.budget.hp = saved["hp"]
        motion.must_move(self.footage.frames)
        motion.window_length(self.footage.segments, self.hp.sequence)  # refuses what is all cuts
        self._describe(saved or {}, title, licence)
        torch_device.share_out(self.device, self.hp)
        self.learner = Learner(self.size, self.hp, self.device, self.seed)
        if saved:
            self._resume(saved)
        self._choose_frames()
        self._remember()
        self.budget.must_suffice()
        if self.checkpoint.exists() and not saved:
            before = self.checkpoint.with_stem("checkpoint-before")
            os.replace(self.checkpoint, before)
            self.progress.line(f"starting anew, without --resume; the last run's checkpoint is kept as {before}")
        self.rng = np.random.default_rng((self.seed, self.steps))
        torch.manual_seed(self.seed * 1_000_003 + self.steps)

    def _read(self, names: list[str], size: str) -> footage.Footage:
        taken = sources.read(names, footage.parse_size(size), progress=self.progress.share)
        for note in taken.notes:
            self.progress.line(note)
        return taken

    def _must_fit(self, saved: dict) -> None:
        if saved["sha256"] != self.footage.sha256 or list(saved["size"]) != list(self.size):
            width, height = saved["size"]
            raise UserError(
                f"--resume: the checkpoint is of other footage or another size ({width}x{height}, here "
                f"{self.size[0]}x{self.size[1]}); name the same again, or train without --resume"
            )

    def _describe(self, saved: dict, title: str, licence: str) -> None:
        """Title and provenance; what is not given stays as it was."""
        before = saved.get("provenance", {})
        self.title = title or saved.get("title") or self.out.stem
        self.provenance = before | {
            "footage": [{"name": Path(s.path).name, "sha256": s.sha256} for s in self.footage.sources],
            "licence": licence or before.get("licence") or "as the footage",
            "seed": before.get("seed", self.seed),
        }

    def _resume(self, saved: dict) -> None:
        self.learner.restore(saved)
        self.steps, self.early_done = saved["steps"], saved.get("early_done", 0)
        self.encoder_steps = saved["encoder_steps"]
        self.budget.resume(saved["used"], saved["spent"], saved.get("early_at"))
        self.budget.costs |= saved.get("costs", {})
        self.finishing = saved.get("finishing", False) and self.budget.total <= saved["total"]
        if saved.get("latents") is not None:
            self.latents, self.encoded_at = saved["latents"], self.encoder_steps
            self.fitted_from = saved["fitted_from"]

    def _choose_frames(self) -> None:
        """Which frames the autoencoder learns, and which are shown and measured."""
        held = pictures.held_out(len(self.footage.frames), self.footage.fps)
        self.allowed, shown = np.flatnonzero(~held), np.flatnonzero(held)
        self.left_out = len(shown) > 0
        shown = shown if self.left_out else self.allowed  # footage under ten seconds is learned whole
        self.shown = shown[np.unique(np.linspace(0, len(shown) - 1, SHOWN).astype(int))]

    def _remember(self) -> None:
        """Choose and measure what the dream remembers."""
        self.memories = self.examples = None
        self.perceptual = perceptual.load(self.device) if self.hp.perceptual else None
        if self.hp.perceptual and self.perceptual is None:
            self.progress.line("without the loss that sees like a trained network: pip install 'livedream[train]'")
        if self.perceptual:
            self.provenance["trained_on_losses"] = ["lite0"]
        if not self.hp.remembers:
            return
        self.memories = memories.of_footage(self.footage, self.hp, self._share("choosing memories"))
        count, size = len(self.memories.frames), self.memories.bytes / 1e6
        self.progress.line(
            f"it remembers {count} of {len(self.footage.frames)} frames: the dream will hold {size:.0f} MB of pictures"
        )

    def _share(self, stage: str) -> Callable[[float], None]:
        name = staged(stage)
        return lambda done: self.progress.share(min(1.0, done), name)

    # -- learning -------------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Learn until the time is up or Ctrl-C comes, and write the dream."""
        with self._ctrl_c():
            self._save(must=True)
            self.begun = True
            while not self._learned():
                pass
            if not self.current:
                self._save()
                self._export(early=False)

    def _learned(self) -> bool:
        """Learn to the end; False when something came between."""
        try:
            if self.stopping:
                self._wind_up()
            else:
                self._learn()
            return True
        except _Interrupted:
            self.stopping = True
        except Diverged:
            self._go_back()
        return False

    def _learn(self) -> None:
        if self.latents is None:
            self._time_encoding()
        while not self.finishing:
            if self.hp.remembers and self._pictures_done() >= self.hp.remember_from:
                self._learn_to_remember()
            else:
                times = self._times("pictures", until=self.hp.remember_from if self.hp.remembers else 1.0)
                args = (self.footage.frames, self.allowed, self.hp, self.rng, self.encoder_steps, times)
                pictures.learn(self.learner.pictures, self.learner.average, *args, self._tell_pictures, self.perceptual)
            self.finishing = self.budget.spent["pictures"] >= self.budget.pictures()
            if not self.finishing and self.budget.early_due():
                self._learn_motion(self.budget.spell())
                self._save()
                self._early()
        self._encode()
        self._learn_motion(max(LEAST_SPELL, self.budget.left() - self.budget.finish()))

    def _pictures_done(self) -> float:
        return self.budget.spent["pictures"] / max(1e-6, self.budget.pictures())

    def _learn_to_remember(self) -> None:
        self._encode()
        times = self._times("pictures", since=self.hp.remember_from)
        if self.examples is None:
            args = self.footage.frames, self.allowed, self.footage.segments, self.rng
            self.examples = recollection.Examples(*args)
        steps = self.steps - self.encoder_steps
        args = (self.examples, self.latents, self.hp, steps, times, self._tell_remembering, self.perceptual)
        recollection.learn(self.learner.pictures, self.learner.average, *args)

    def _learn_motion(self, seconds: float) -> None:
        """Let the recurrent network learn on today's latents."""
        self._encode()
        args = (self.latents.to(self.device), self.footage.segments, self.hp, self.rng)
        motion.learn(self.learner.motion, *args, self._times("motion", seconds), self._tell_motion)

    def _times(self, network: str, seconds: float = 0.0, since: float = 0.0, until: float = 1.0) -> Iterator[float]:
        """Share of a network's time that has passed, before each of its steps, until something else is due.

        The autoencoder's time is all it gets in this run, or its part from `since` to `until` of it; the recurrent
        network's is `seconds` from here.
        """
        budget, begun = self.budget, self.budget.now()
        while True:
            self._between_steps()
            if network == "motion":
                done = (budget.now() - begun) / seconds
            elif budget.early_due():
                done = 1.0
            else:
                done = (self._pictures_done() - since) / (until - since)
            if done >= 1:
                return
            self.current = False
            with budget.learning(network):
                yield done

    def _between_steps(self) -> None:
        if self.stopping:
            return
        if self.stop_asked:
            raise _Interrupted
        if self.budget.now() - self.saved_at > CHECKPOINT_SECONDS:
            self._save()
        if self.finishing and self.budget.early_due():
            self._early()

    def _tell_pictures(self, loss: float, psnr: float) -> None:
        self.steps += 1
        self.encoder_steps += 1
        self._tell("learning pictures", loss=loss, dB=psnr)

    def _tell_remembering(self, loss: float, psnr: float) -> None:
        self.steps += 1
        self._tell("learning to remember", loss=loss, dB=psnr)

    def _tell_motion(self, loss: float) -> None:
        self._tell("learning motion", loss=loss)

    def _tell(self, stage: str, **values: float) -> None:
        if self.learner.skipped:
            values["skipped"] = self.learner.skipped
        share = min(1.0, self.budget.used() / self.budget.total)
        self.progress.step(staged(stage), share, self.budget.left(), **values)

    def _encode(self) -> None:
        """See to it that the latents are those that the averaged autoencoder gives now."""
        if self.encoded_at != self.encoder_steps:
            with self.budget.measured("encode"):
                self.latents = pictures.encode(self.learner.average, self.footage.frames, self._tell_encoded)
            self.encoded_at, self.fitted_from = self.encoder_steps, self.budget.spent["motion"]

    def _tell_encoded(self, done: float) -> None:
        if self.stop_asked and not self.stopping:
            raise _Interrupted
        self.progress.share(done, "looking at all the footage")

    def _time_encoding(self) -> None:
        """Encode a few frames, to know what all of them will take."""
        some = self.footage.frames[:64]
        pictures.encode(self.learner.average, some[:32])  # the first call is slower
        with self.budget.measured("encode"):
            pictures.encode(self.learner.average, some)
        self.budget.costs["encode"] *= len(self.footage.frames) / len(some)

    def _wind_up(self) -> None:
        """After Ctrl-C: motion, as much as a whole dream needs."""
        if self.current:
            return
        spell = min(INTERRUPTED_SPELL, max(LEAST_SPELL, self.budget.spent["pictures"] / 4))
        if self.encoded_at == self.encoder_steps:
            spell -= self.budget.spent["motion"] - self.fitted_from
        first = f"motion learns for {spell:.0f} s, then " if spell > 0 else ""
        self.progress.line(f"stopping: {first}the dream is written; Ctrl-C again stops at once")
        if spell > 0:
            self._save()
            self._learn_motion(spell)

    def _go_back(self) -> None:
        """After too many losses that were not finite: to the last checkpoint, at half the rate."""
        slower = self.learner.slower / 2
        if slower < SLOWEST:
            raise UserError("training diverges at every rate tried; the last checkpoint and dream are whole")
        self.progress.line("the loss is not finite any more: back to the last checkpoint, at half the rate")
        saved = checkpoint.load(self.checkpoint)
        self.learner.restore(saved)
        self.learner.slower = slower
        self.steps, self.encoder_steps, self.encoded_at = saved["steps"], saved["encoder_steps"], -1

    @contextlib.contextmanager
    def _ctrl_c(self):
        """The first Ctrl-C asks to stop; the second is a KeyboardInterrupt."""

        def ask(*_):
            if self.stop_asked:
                raise KeyboardInterrupt
            self.stop_asked = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    # -- what is kept ---------------------------------------------------------------------------------------------

    def standing(self) -> str:
        """What there is when it is stopped now, in words."""
        if not self.begun:
            return "nothing had been learned yet, and nothing was written"
        if self.written:
            return f"{self.out} is the last early dream; --resume goes on"
        return "no dream had been written yet; --resume goes on from the last checkpoint"

    def _save(self, must: bool = False) -> None:
        """Write the checkpoint. A full disk is said, and does not end the run unless it `must` be written."""
        saved = self.learner.state() | {
            "hp": dataclasses.asdict(self.hp),
            "spent": self.budget.spent,
            "used": self.budget.used(),
            "total": self.budget.total,
            "costs": self.budget.costs,
            "early_at": self.budget.early_at,
            "early_done": self.early_done,
            "steps": self.steps,
            "encoder_steps": self.encoder_steps,
            "finishing": self.finishing,
            "sha256": self.footage.sha256,
            "size": list(self.size),
            "fps": self.footage.fps,
            "segments": [list(segment) for segment in self.footage.segments],
            "title": self.title,
            "provenance": self.provenance,
            "latents": self.latents if self.encoded_at == self.encoder_steps else None,
            "fitted_from": self.fitted_from,
        }
        try:
            checkpoint.save(self.checkpoint, saved)
        except UserError as error:
            if must:
                raise
            self.progress.line(f"no checkpoint: {error}")
        self.saved_at = self.budget.now()

    def _early(self) -> None:
        try:
            self._export(early=True)
        except UserError as error:
            self.progress.line(f"no early dream: {error}")
        self.early_done += 1
        self.budget.early_at = self.budget.used()

    def _export(self, early: bool) -> None:
        """Write the dream, and pictures of it into the run folder."""
        self.progress.told.stage = "writing the dream"
        with self.budget.measured("dream"):
            frames, spent = self.footage.frames[self.shown], self.budget.used() / 60
            args = (self.latents.numpy(), self.footage.segments, self.footage.fps, self.memories, self.hp)
            parts = dream_file.Parts(self.learner.average, self.learner.recurrent, *args)
            drawn = parts.drawing.draw(parts.drawing.encode(frames))[..., :3]
            psnr = float(pictures.psnr(frames, drawn).mean())
            figures = {
                "held_out_psnr_db" if self.left_out else "learned_psnr_db": round(psnr, 2),
                "frames_measured": len(self.shown),
                "minutes": round(spent, 1),
                "steps": self.steps,
            }
            about = {**self.provenance, "figures": figures}
            dream_file.export(parts, self.out, self.footage.fps, self.size, self.title, about)
            self.written = self.current = True
            self._show(early, drawn, figures)
        which = "frames left out" if self.left_out else "frames it learned"
        what = "early dream" if early else "dream"
        self.progress.line(f"{what}: {self.out} · {psnr:.1f} dB on {which} · pictures in {self.folder}/")
        if not early:
            self._judge()

    def _judge(self) -> None:
        """Look at the dream with the judges' eyes, for under a minute, and say in words how good it is."""
        self.progress.told.stage = "judging the dream"
        try:
            figures = evaluate.short(self.out, self.footage, progress=lambda share, what: None)
            said = verdict.verdict(figures, self.budget.used() / 60, self._needs())
            atomic_write(self.folder / "figures.json", json.dumps(figures, indent=1).encode())
        except UserError as error:
            said = f"not judged: {error}"
        self.progress.line(said)

    def _needs(self) -> float:
        """Minutes that this footage needs on this machine, about: what was learned is scaled to the steps needed."""
        learned = sum(self.budget.spent.values())
        taken = self.encoder_steps + REMEMBER_COST * (self.steps - self.encoder_steps)
        return (self.budget.used() + learned * (NEEDED / max(1, taken) - 1)) / 60

    def _show(self, early: bool, drawn: np.ndarray, figures: dict) -> None:
        """Contact sheet, dreamt clip and a line in the log; the dream matters more than any of them."""
        seconds = CLIP_SECONDS if self.budget.total >= EARLY_FROM else CLIP_SECONDS / 3
        try:
            preview.sheet(self.folder / f"sheet-{self.steps:06d}.jpg", self.footage.frames[self.shown], drawn)
            preview.clip(self.folder / f"dream-{self.steps:06d}.mp4", dream_reader.load(self.out), seconds)
            with open(self.folder / "log.jsonl", "a", encoding="utf-8") as log:
                log.write(json.dumps({"early": early, **figures}) + "\n")
        except (UserError, OSError) as error:
            self.progress.line(f"pictures of the dream are missing: {error}")


def staged(stage: str) -> str:
    """A stage as progress names it."""
    return f"{STAGES.index(stage) + 1} of {len(STAGES)} {stage}"
