"""An optimizer that takes no step on a loss or gradient that is not finite."""

import math
from typing import Generic, TypeVar

from torch import Tensor, nn, optim
from torch.nn.utils import clip_grad_norm_

MAX_SKIPPED = 10  # batches in a row without a finite gradient, after which the network itself counts as broken

Network = TypeVar("Network", bound=nn.Module, covariant=True)


class Diverged(Exception):
    """The last MAX_SKIPPED batches gave no finite gradient."""


class SafeOptimizer(Generic[Network]):
    """A network and the optimizer that moves its weights.

    Args:
        network: the network.
        optimizer: moves its weights.
        longest: gradients longer than this are clipped to it.

    Attributes:
        rate_factor: multiplies every learning rate.
        skipped: how many batches had a loss or gradient that was not finite.
    """

    def __init__(self, network: Network, optimizer: optim.Optimizer, longest: float = 1.0):
        self.network, self.optimizer, self.longest = network, optimizer, longest
        self.rate_factor, self.skipped, self._in_a_row = 1.0, 0, 0

    def step(self, loss: Tensor, learning_rate: float) -> bool:
        """Take one optimizer step, its gradient clipped to length `longest`; return False where it was skipped.

        Raises:
            Diverged: too many batches in a row were skipped.
        """
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward without types
        length = clip_grad_norm_(self.network.parameters(), self.longest)
        if not (math.isfinite(loss.detach()) and math.isfinite(length)):
            self.skipped += 1
            self._in_a_row += 1
            if self._in_a_row >= MAX_SKIPPED:
                self._in_a_row = 0
                raise Diverged
            return False
        self._in_a_row = 0
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * self.rate_factor
        self.optimizer.step()
        return True
