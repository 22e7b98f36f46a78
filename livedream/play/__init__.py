"""Playing a dream: its walk through the latents, its past, and the pictures that are drawn of it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from livedream.parameters import Below, Snapshot

Floats = NDArray[np.float32]
State = Mapping[str, Floats]  # one network's arrays by input name ("state.h")
States = Mapping[str, State]  # by component ("step", "decode")
Values = Snapshot | Below  # the parameters' values as one deck sees them
