"""How one component is run: what is measured, remembered and loaded again."""

from dataclasses import dataclass

from livedream.backend import Runner, cpu
from livedream.dream.dream import Component


@dataclass(frozen=True)
class Part:
    """provider: its name in providers.TABLE. half: calculations in half precision are allowed. graph: a run is recorded
    and replayed. threads: of the processor, None: as the provider likes. ms: the median of one run, if measured.
    """

    provider: str = "cpu"
    half: bool = False
    graph: bool = False
    threads: int | None = None
    ms: float | None = None

    def load(self, component: Component, sha256: str) -> Runner:
        """The component made ready. sha256: its dream's. Raises UserError, one line that says why not."""
        if self.provider == "cpu":
            return cpu.load(component, self.threads)
        from livedream.backend import device
        from livedream.backend import half as halves

        if self.half and self.provider != "openvino":  # which calculates so by itself
            component = halves.twin(component, sha256)
        return device.load(component, self.provider, not self.half, self.graph, self.threads)
