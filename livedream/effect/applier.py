"""Runs one effect: a picture in, a picture out. Keeps its state where it runs. Belongs to one thread."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping

import numpy as np

from livedream import UserError, one_line
from livedream.backend import Array, Floats, Runner, choose, cpu
from livedream.dream.dream import Component, Dream
from livedream.effect.fitting import Fitting
from livedream.picture import Pixels
from livedream.picture.frame import host_pixels
from livedream.picture.scale import Size

log = logging.getLogger("livedream.effect")

NICE = 5  # of an effect that is not waited for: the drawer goes first

Load = Callable[[Component], Runner]


class Applier:
    """Applies an effect to pictures of any size.

    Args:
        dream: The effect.
        load: Makes the Runner of its component `apply`. Where that fails, and wherever another provider than the
            processor fails later, the processor goes on.

    Attributes:
        dream: As given.
        moves: Whether it has a state that moves on.

    Raises:
        UserError: The processor cannot run it either.
    """

    def __init__(self, dream: Dream, load: Load):
        self.dream = dream
        component = dream.components["apply"]
        self.moves = moves(dream)
        taken, given = component.inputs["image"].shape, component.outputs["frame"].shape
        self._fitting = Fitting((taken[2], taken[1]), (given[2], given[1]))
        try:
            self._runner = load(component)
        except Exception as error:
            self._runner = self._on_the_processor(one_line(error))

    @property
    def provider(self) -> str:
        """Who runs it, as in `/status`."""
        return self._runner.provider

    def size(self, picture: Size) -> Size:
        """Return the (width, height) of what it makes of a picture of that (width, height): that or more."""
        return self._fitting.size(picture)

    def __call__(self, picture: Pixels, controls: Mapping[str, Array], steps: int = 1) -> Pixels:
        """Return what it makes of a picture, in the size that `size` says: uint8 [H, W, 4], newly allocated.

        Args:
            picture: uint8 [H, W, 4].
            controls: Its inputs `control.NAME`, all of them.
            steps: How many steps its state moves; at least one run is made.

        Raises:
            UserError: It failed, or its state is not finite and stays as it was before that step.
        """
        image = self._fitting.into(picture)[None]
        for _ in range(max(steps, 1)):
            made = self._run({"image": image, **controls})
            if steps and self.moves and not self._runner.keep():
                raise UserError("its state is not finite (NaN)")
        return self._fitting.back(made, (picture.shape[1], picture.shape[0]))

    @property
    def state(self) -> dict[str, Floats]:
        """Host copies of its state, f32 by input name. Setting it needs all of them."""
        return dict(self._runner.state)

    @state.setter
    def state(self, state: dict[str, Floats]) -> None:
        self._runner.state = state

    def reset(self) -> None:
        """Put its state back to zero."""
        shapes = {name: value.shape for name, value in self.dream.components["apply"].inputs.items()}
        zero = {name: np.zeros(shape, np.float32) for name, shape in shapes.items() if name.startswith("state.")}
        if zero:
            self._runner.state = zero

    def _run(self, inputs: dict[str, Array]) -> Pixels:
        try:
            frame = self._runner(inputs)["frame"]
        except Exception as error:
            if self.provider == "cpu":
                raise UserError(one_line(error)) from error
            choose.forget(self.dream, self.provider, one_line(error))  # it is not tried again at the next show
            self._runner = self._on_the_processor(one_line(error))
            frame = self._runner(inputs)["frame"]
        pixels = host_pixels(frame)  # a picture on a card comes to the host: the mix and the looks take it from there
        return pixels[0] if pixels.ndim == 4 else pixels

    def _on_the_processor(self, why: str) -> Runner:
        log.warning("effect %s: %s; going on with cpu", self.dream.path.stem, why)
        return cpu.load(self.dream.components["apply"])


def moves(effect: Dream) -> bool:
    """Return whether an effect has a state that moves on."""
    return any(name.startswith("next.") for name in effect.components["apply"].outputs)


def ready(dream: Dream, load: Load, most: float) -> tuple[Applier, float]:
    """Return an Applier that has run before the show, and the seconds of a run. Raises UserError.

    Args:
        dream: The effect.
        load: As of Applier.
        most: Seconds up to which an effect is waited for. One that takes longer on the processor leaves one of its
            cores to the drawer, and the calling thread, which is its own, yields to that from now on: it is hardly
            slower, and the dream beside it keeps its rate. One that is waited for must not yield to other programs.
    """
    applier = Applier(dream, load)
    seconds = warmed(applier)
    fewer = max(min(cpu.cores(), cpu.MAX_THREADS) - 1, 1)
    if seconds > most and applier.provider == "cpu":
        yield_to_the_drawer()  # so do the threads that ONNX Runtime starts from here on
        applier = Applier(dream, lambda component: cpu.load(component, fewer))
        seconds = warmed(applier)
    return applier, seconds


def warmed(applier: Applier) -> float:
    """Run it on its defaults, so that its first frame is not late; returns the seconds of a run, without a trace of it.

    Raises UserError if that fails.
    """
    component, dream = applier.dream.components["apply"], applier.dream
    controls: dict[str, Array] = {
        f"control.{name}": np.full(each.length, each.default, np.float32) for name, each in dream.controls.items()
    }
    grey = np.full(component.inputs["image"].shape[1:], 128, np.uint8)
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        applier(grey, controls, 0)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def yield_to_the_drawer() -> None:
    """Lower the priority of the calling thread, and of those that it starts, where threads have one of their own."""
    if sys.platform == "linux":
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, min(os.getpriority(os.PRIO_PROCESS, me) + NICE, 19))
