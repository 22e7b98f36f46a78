"""How one component is run: what is measured, remembered and loaded again."""

from dataclasses import dataclass
from pathlib import Path

from livedream.backend import Runner, cpu
from livedream.dream.dream import Component


@dataclass(frozen=True)
class Part:
    """provider: its name in providers.TABLE. half: calculations in half precision are allowed. graph: a run is recorded
    and replayed. threads: of the processor, None: as the provider likes. ms: of one run, if measured; cpu_ms: of the
    CPU's runs between them, so that what else the machine did then says nothing.
    """

    provider: str = "cpu"
    half: bool = False
    graph: bool = False
    threads: int | None = None
    ms: float | None = None
    cpu_ms: float | None = None

    @property
    def share(self) -> float:
        """Its time as a share of the CPU's; 1.0 where nothing is known."""
        return self.ms / self.cpu_ms if self.ms and self.cpu_ms else 1.0

    def load(self, component: Component, path: Path, sha256: str) -> Runner:
        """The component made ready. path, sha256: its dream's. Raises UserError, one line that says why not."""
        if self.provider == "cpu":
            return cpu.load(component, self.threads)
        if self.provider.startswith("engine-"):
            from livedream.backend import engine

            return engine.load(component, path, sha256, self.provider, "f16" if self.half else "f32")
        from livedream.backend import device_runner
        from livedream.backend import half as halves

        if self.half and self.provider != "openvino":  # which calculates so by itself
            component = halves.twin(component, sha256)
        return device_runner.load(component, self.provider, not self.half, self.graph, self.threads)
