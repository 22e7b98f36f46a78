"""Gradient descent that never steps on what is not finite."""

import math

from torch import Tensor, nn, optim
from torch.nn.utils import clip_grad_norm_

MANY = 10  # batches in a row without a finite gradient, after which the network itself is taken for broken


class Diverged(Exception):
    """The last MANY batches gave no finite gradient."""


class Descent:
    """A network and the optimiser that moves it.

    slower: factor on every learning rate. skipped: batches whose loss or gradient was not finite.
    """

    def __init__(self, network: nn.Module, optimizer: optim.Optimizer):
        self.network, self.optimizer = network, optimizer
        self.slower, self.skipped, self._in_a_row = 1.0, 0, 0

    def step(self, loss: Tensor, rate: float) -> bool:
        """One step down `loss`, its gradient at most 1 long; False if there was none to take. May raise Diverged."""
        self.optimizer.zero_grad()
        loss.backward()
        length = clip_grad_norm_(self.network.parameters(), 1.0)
        if not (math.isfinite(loss.detach()) and math.isfinite(length)):
            self.skipped += 1
            self._in_a_row += 1
            if self._in_a_row >= MANY:
                self._in_a_row = 0
                raise Diverged
            return False
        self._in_a_row = 0
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self.slower
        self.optimizer.step()
        return True
