"""What runs a dream's components. One file a provider; each gives `load(component, …) -> Runner`."""

from typing import Protocol

import numpy as np

from livedream.picture.frame import Picture


class Runner(Protocol):
    """A component made ready to run on one provider. The player knows nothing else of inference.

    It keeps the component's state where it runs.

    provider: who runs it, as `/status` says it ("cpu").
    state: host copies, f32 by input name ("state.h"), zero at first. Setting it sends them there, and
        what the last run left is forgotten.
    """

    provider: str
    state: dict[str, np.ndarray]

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray | Picture]:
        """Run once. Names are without the component's prefix.

        inputs: all that the file declares but `state.*`. Returns all outputs but `next.state.*`, newly made; a
        picture (uint8 [1, H, W, 4]) may come as a Picture that lies on the device still.
        """
        ...

    def keep(self) -> bool:
        """Let the state that the last run left be the state. False, and the old one stays, if it is not finite."""
        ...
