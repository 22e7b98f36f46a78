"""How one component is run: measured, remembered, and loaded again."""

from dataclasses import dataclass
from pathlib import Path

from livedream.backend import Runner, providers
from livedream.dream.dream import Component


@dataclass(frozen=True)
class RunSettings:
    """How to run a component, and how long that takes here.

    Attributes:
        provider: its name in providers.TABLE.
        half: calculate in half precision.
        graph: record a run once and replay it.
        threads: of the processor; None for the provider's own choice.
        ms: milliseconds of one run, if measured.
        cpu_ms: those of the CPU's runs in between, so that other load on the machine cancels out.
    """

    provider: str = "cpu"
    half: bool = False
    graph: bool = False
    threads: int | None = None
    ms: float | None = None
    cpu_ms: float | None = None

    @property
    def relative_time(self) -> float:
        """Its time over the CPU's; 1.0 where nothing was measured."""
        return self.ms / self.cpu_ms if self.ms and self.cpu_ms else 1.0

    def load(self, component: Component, path: Path, sha256: str) -> Runner:
        """Make a component ready.

        Args:
            component: what to run.
            path, sha256: of its dream.

        Raises:
            UserError: why it cannot run here, in one line.
        """
        backend = providers.backend(providers.by_name(self.provider))
        runner: Runner = backend.run(component, self, path, sha256)
        return runner
