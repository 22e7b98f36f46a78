"""`livedream train`: footage in, a dream out, within the minutes given.

The time is shared out in `timeline`: the autoencoder learns; twice on the way the recurrent network learns for a
short spell and an early dream is written; at the end the autoencoder stands still and the recurrent network learns
on. All that is needed to go on lies in one checkpoint in the run folder, `NAME.run/`, beside the dream.
"""

import contextlib
import copy
import dataclasses
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch

from livedream import UserError
from livedream.dream import read as dream_reader

from . import autoencoder as pictures
from . import dream_file, footage, preview, rainbow_road
from . import recurrent as motion
from .hyperparameters import Hyperparameters
from .networks import Autoencoder, Recurrent

CHECKPOINT_SECONDS = 40.0
EARLY = (0.10, 0.45)  # of the autoencoder's time: when an early dream is made
EARLY_SHARE = 0.15  # of the recurrent network's time that each early dream gets
INTERRUPTED_SPELL = 15.0  # seconds the recurrent network gets after Ctrl-C, to fit the latents as they are


class _Interrupted(Exception):
    """Ctrl-C during learning."""


def train(
    sources,
    out: Path,
    size="256",
    minutes: float = 30.0,
    device: str = "auto",
    resume: bool = False,
    seed: int = 0,
    title: str = "",
    licence: str = "",
    hp: Hyperparameters | None = None,
) -> Path:
    """Train a dream on footage and write it to `out`. Returns `out`.

    sources: files and folders, or "rainbow-road:" for the project's own road (`rainbow-road:SECONDS`).
    size: "N" for N² pixels in the footage's own aspect, or "WxH". minutes: wall clock for everything, reading and
    export too. resume: go on from the checkpoint in the run folder; the minutes of the earlier run count.
    Raises UserError for footage, sizes and devices that will not do.
    """
    run = Run(out, minutes, device, seed, hp or Hyperparameters())
    return run.whole(sources, size, resume, title, licence)


def choose_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda", "mps"):
        raise UserError(f"--device {name}: training runs on cpu, cuda or mps")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "--device cuda: PyTorch finds no CUDA device here; use --device cpu, or install a CUDA torch"
        )
    return torch.device(name)


class Run:
    """One training run: its networks, its clock and its folder."""

    def __init__(self, out: Path, minutes: float, device: str, seed: int, hp: Hyperparameters):
        self.out = Path(out)
        if self.out.suffix != ".onnx":
            raise UserError(f"-o {self.out}: a dream's name ends in .onnx")
        if not minutes > 0:
            raise UserError(f"--minutes {minutes}: more than 0")
        self.folder = self.out.with_suffix(".run")
        self.device = choose_device(device)
        self.hp, self.seed = hp, seed
        self.started = time.monotonic()
        self.total = minutes * 60
        self.used_before = 0.0  # seconds, by the runs that this one resumes
        self.spent = {"pictures": 0.0, "motion": 0.0}  # seconds of learning, theirs too
        self.steps = 0
        self.early_done = 0
        self.stop_asked = False
        self.saved_at = time.monotonic()
        self.progress = preview.Progress()

    def whole(self, sources, size, resume: bool, title: str, licence: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        saved = self._saved(resume)
        self.footage = self._footage(sources, size)
        self._build(saved)
        count, fps = len(self.footage.frames), self.footage.fps
        self.title = title or self.out.stem
        self.provenance = {
            "footage": [{"name": Path(s.path).name, "sha256": s.sha256} for s in self.footage.sources],
            "licence": licence or "as the footage",
            "seed": self.seed,
        }
        held = pictures.held_out(count, fps)
        self.allowed, self.held = np.flatnonzero(~held), np.flatnonzero(held)
        if not len(self.held):
            self.held = self.allowed[:: max(1, len(self.allowed) // 30)]
        self.rng = np.random.default_rng((self.seed, self.steps))
        torch.manual_seed(self.seed * 1_000_003 + self.steps)
        self._share_out()
        with self._ctrl_c():
            try:
                self._learn()
            except _Interrupted:
                self.progress.line(
                    "stopping: the recurrent network is fitted once more, then the dream is written"
                )
                self._interrupted_spell()
        self._save()
        self._export(early=False)
        return self.out

    # -- preparing ------------------------------------------------------------------------------------------------

    def _saved(self, resume: bool):
        path = self.folder / "checkpoint.pt"
        if not resume:
            return None
        if not path.exists():
            raise UserError(f"--resume: there is no {path}; train without --resume first")
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise UserError(
                f"{path}: not a checkpoint ({type(error).__name__}); train without --resume"
            ) from None
        self.hp = Hyperparameters(
            **{k: tuple(v) if isinstance(v, list) else v for k, v in saved["hp"].items()}
        )
        self.spent, self.used_before = saved["spent"], saved["used"]
        self.steps, self.early_done = saved["steps"], saved["early_done"]
        return saved

    def _footage(self, sources, size):
        sources = list(sources)
        if len(sources) == 1 and str(sources[0]).startswith("rainbow-road:"):
            size = footage.training_size(footage.parse_size(size), rainbow_road.ASPECT)
            return rainbow_road.footage(str(sources[0]), size, progress=self.progress.share)
        if any(str(s).startswith("rainbow-road:") for s in sources):
            raise UserError("rainbow-road: stands alone; leave the other footage out")
        return footage.read(sources, footage.parse_size(size), progress=self.progress.share)

    def _build(self, saved) -> None:
        height, width = self.footage.frames.shape[1:3]
        torch.manual_seed(self.seed)
        self.size = (width, height)
        self.autoencoder = Autoencoder(height, width, self.hp)
        self.recurrent = Recurrent(self.hp)
        self.average = copy.deepcopy(self.autoencoder)
        for network in (self.autoencoder, self.average, self.recurrent):
            network.to(self.device)
        for network in (self.autoencoder, self.average):
            network.to(memory_format=torch.channels_last)
        fused = self.device.type != "mps"
        self.pictures_optimizer = torch.optim.Adam(
            self.autoencoder.parameters(), betas=(0.9, 0.99), fused=fused
        )
        self.motion_optimizer = torch.optim.Adam(self.recurrent.parameters(), fused=fused)
        if saved:
            if (saved["sha256"], saved["size"]) != (self.footage.sha256, list(self.size)):
                raise UserError(
                    "--resume: the checkpoint is of other footage or another size; name the same again"
                )
            for name in self._stateful():
                getattr(self, name).load_state_dict(saved[name])

    def _stateful(self) -> tuple[str, ...]:
        return ("autoencoder", "average", "recurrent", "pictures_optimizer", "motion_optimizer")

    def _share_out(self) -> None:
        """How many seconds each network learns in all, so that the whole run ends in time."""
        exports = (
            min(90.0, 0.05 * self.total + 5),
            min(45.0, 0.02 * self.total),
        )  # the last, and an early one
        reserve = exports[0] + exports[1] * (len(EARLY) - self.early_done)
        learning = max(5.0, self._left() - reserve) + sum(self.spent.values())
        share = self.hp.autoencoder_share / (self.hp.autoencoder_share + self.hp.recurrent_share)
        self.pictures_seconds, self.motion_seconds = learning * share, learning * (1 - share)

    # -- learning -------------------------------------------------------------------------------------------------

    def _learn(self) -> None:
        for share in (*EARLY[self.early_done :], 1.0):
            self._learn_pictures(share)
            if share < 1:
                self.early_done += 1
                self._learn_motion(self.spent["motion"] + EARLY_SHARE * self.motion_seconds)
                self._save()
                self._export(early=True)
        self._learn_motion(self.motion_seconds)

    def _learn_pictures(self, until: float) -> None:
        before, begun = self.spent["pictures"], time.monotonic()

        def done() -> float:
            self.spent["pictures"] = before + time.monotonic() - begun - self.paused
            self._between_steps()
            return self.spent["pictures"] / self.pictures_seconds

        def tell(loss: float, psnr: float) -> None:
            self.steps += 1
            self.progress.step("autoencoder", self._share(), self._left(), loss=loss, dB=psnr)

        self.paused = 0.0
        args = (self.footage.frames, self.allowed, self.hp, self.rng, self.steps, done, until, tell)
        pictures.learn(self.autoencoder, self.average, self.pictures_optimizer, *args)

    def _learn_motion(self, until: float) -> None:
        """Let the recurrent network learn on today's latents until it has had `until` seconds in all."""
        latents = self._latents()
        before, begun = self.spent["motion"], time.monotonic()
        self.paused = 0.0

        def remaining() -> float:
            self.spent["motion"] = before + time.monotonic() - begun - self.paused
            self._between_steps()
            return (until - self.spent["motion"]) / max(1e-6, until - before)

        def tell(loss: float) -> None:
            self.progress.step("recurrent network", self._share(), self._left(), loss=loss)

        segments = self.footage.segments
        motion.learn(
            self.recurrent,
            self.motion_optimizer,
            latents.to(self.device),
            segments,
            self.hp,
            self.rng,
            remaining,
            tell,
        )

    def _latents(self):
        said = "reading the footage with the encoder"
        self.latents = pictures.encode(
            self.average, self.footage.frames, lambda done: self.progress.share(done, said)
        )
        return self.latents

    def _interrupted_spell(self) -> None:
        self.stop_asked = False  # a second Ctrl-C ends this too
        with contextlib.suppress(_Interrupted):
            self._learn_motion(self.spent["motion"] + INTERRUPTED_SPELL)

    def _between_steps(self) -> None:
        if self.stop_asked:
            raise _Interrupted
        if time.monotonic() - self.saved_at > CHECKPOINT_SECONDS:
            begun = time.monotonic()
            self._save()
            self.paused += time.monotonic() - begun

    @contextlib.contextmanager
    def _ctrl_c(self):
        def ask(*_):
            if self.stop_asked:
                raise KeyboardInterrupt
            self.stop_asked = True

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    # -- what is kept ---------------------------------------------------------------------------------------------

    def _share(self) -> float:
        return sum(self.spent.values()) / (self.pictures_seconds + self.motion_seconds)

    def _used(self) -> float:
        return self.used_before + time.monotonic() - self.started

    def _left(self) -> float:
        return self.total - self._used()

    def _save(self) -> None:
        saved = {name: getattr(self, name).state_dict() for name in self._stateful()}
        saved |= {
            "hp": dataclasses.asdict(self.hp),
            "spent": self.spent,
            "used": self._used(),
            "steps": self.steps,
            "early_done": self.early_done,
            "sha256": self.footage.sha256,
            "size": list(self.size),
        }
        temporary = self.folder / "checkpoint.tmp"
        with open(temporary, "wb") as file:
            torch.save(saved, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.folder / "checkpoint.pt")
        self.saved_at = time.monotonic()

    def _export(self, early: bool) -> None:
        if not hasattr(self, "latents"):
            self._latents()
        index = self.held[np.linspace(0, len(self.held) - 1, min(len(self.held), 48)).astype(int)]
        drawn = pictures.reconstruct(self.average, self.footage.frames, index)
        psnr = float(pictures.psnr(self.footage.frames[index], drawn).mean())
        tag = f"{self.steps:06d}"
        preview.sheet(self.folder / f"sheet-{tag}.jpg", self.footage.frames[index], drawn)
        figures = {
            "held_out_psnr_db": round(psnr, 2),
            "held_out_frames": len(index),
            "minutes": round(self._used() / 60, 1),
        }
        dream_file.export(
            self.out,
            self.average,
            self.recurrent,
            self.latents.numpy(),
            self.footage.segments,
            self.footage.fps,
            self.size,
            self.title,
            {**self.provenance, "figures": figures},
        )
        preview.clip(self.folder / f"dream-{tag}.mp4", dream_reader.load(self.out))
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps({"steps": self.steps, "early": early, **figures}) + "\n")
        what = "early dream" if early else "dream"
        self.progress.line(
            f"{what}: {self.out} · {psnr:.1f} dB on frames left out · pictures in {self.folder}/"
        )
