"""What runs a dream's components. One file a provider; each gives `load(component, threads) -> Runner`."""

from typing import Protocol

import numpy as np


class Runner(Protocol):
    """A component made ready to run. The player knows nothing else of inference.

    provider: who runs it, as `/status` says it ("cpu").
    """

    provider: str

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Inputs by name without the component's prefix, as the file declares them; outputs likewise, newly made."""
        ...
