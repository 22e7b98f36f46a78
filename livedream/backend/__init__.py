"""Backends: what runs a dream's components. A file of this room that is named in providers.TABLE has two functions:

ready(provider)                                 raises UserError if it cannot run any dream on this machine
run(component, settings, path, sha256)          returns a Runner of a component; path, sha256: of its dream
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from livedream.picture.frame import Picture

Array = NDArray[Any]  # its dtype is declared by the component
Floats = NDArray[np.float32]


class Runner(Protocol):
    """A component made ready to run on one provider. The player knows nothing else of inference.

    It keeps the component's state where it runs.

    Attributes:
        provider: who runs it, as in `/status`: "cpu".
        state: host copies, f32 by input name ("state.h"), zero at first. Setting it uploads them and discards the
            state that the last run computed.
    """

    provider: str
    state: dict[str, Floats]

    def __call__(self, inputs: dict[str, Array]) -> dict[str, Array | Picture]:
        """Run once; names are without the component's prefix.

        Args:
            inputs: all that the file declares, except `state.*`.

        Returns:
            All outputs except `next.state.*`, newly allocated; a picture (uint8 [1, H, W, 4]) may be a Picture that
            still lies on the device.
        """
        ...

    def keep(self) -> bool:
        """Adopt the state that the last run computed; return False, and keep the old one, if it is not finite."""
        ...
