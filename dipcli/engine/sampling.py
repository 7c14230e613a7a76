"""Pictures drawn from the posterior of one run: when the first may be drawn, their mean and their deviation.

Source: Cheng, Gadelha, Maji and Sheldon, A Bayesian Perspective on the Deep Image Prior, CVPR 2019, arXiv
1904.07457 (stochastic gradient Langevin dynamics: noise on the convolutions in every step). We differ in that the
burn-in is over when the data term has come to rest, not after a fixed number of steps, and have no weight decay.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor

from dipcli.engine.descent import Step
from dipcli.engine.stopper import BURNT_IN, Stopper
from dipcli.options.engine import SPACING, StoppingOptions
from dipcli.problem import Estimate

AT_REST = 0.02  # share by which the data term may still fall from one window to the next


@final
class BurnIn(Stopper):
    """Counts the samples that are still to be drawn, once the data term has come to rest; none left is final.

    Where it does not come to rest, samples are drawn from the last iterations, and nothing is confirmed.
    """

    FINAL = 0.0

    def __init__(self, options: StoppingOptions) -> None:
        super().__init__(replace(options, margin=0.0))
        self._patience = sys.maxsize
        self._misfits: list[float] = []
        self._after = -1  # steps since the burn-in was over, itself not counted; negative before
        self._is_forced = False

    @property
    def is_due(self) -> bool:
        """Whether the next iterate is a sample."""
        return self._after >= 0 and self._after % SPACING == 0

    def score(self, step: Step) -> float | None:
        """Samples to be drawn, None during the burn-in."""
        if self._after >= 0:
            self._after += 1
            left = self._options.samples - 1 - (self._after - 1) // SPACING
            return float(max(left, self._is_forced))
        self._misfits = [*self._misfits, step.terms["data"].item()][-2 * BURNT_IN :]
        before, now = sum(self._misfits[:BURNT_IN]), sum(self._misfits[BURNT_IN:])
        is_over = len(self._misfits) == 2 * BURNT_IN and now > (1 - AT_REST) * before
        last = self._options.iterations - (self._options.samples - 1) * SPACING - 1
        self._is_forced = not is_over and step.iteration >= last
        if is_over or self._is_forced:
            self._after = 0
        return None


@final
class SampleMean:
    """The mean of the samples, and the deviation of their pictures; the latest iterate, before there are any."""

    def __init__(self, burn_in: BurnIn, picture: Callable[[Estimate], Tensor]) -> None:
        self._burn_in, self._picture = burn_in, picture
        self._latest: dict[str, Tensor] = {}
        self._count = 0
        self._sums: dict[str, Tensor] = {}
        self._mean = torch.empty(0)
        self._squares = torch.empty(0)

    def update(self, estimate: Estimate) -> None:
        """Take in one iterate, where it is a sample."""
        self._latest = dict(estimate)
        if not self._burn_in.is_due:
            return
        self._count += 1
        picture = self._picture(estimate)
        if self._count == 1:
            self._sums = {name: torch.zeros_like(tensor) for name, tensor in estimate.items()}
            self._mean, self._squares = torch.zeros_like(picture), torch.zeros_like(picture)
        self._sums = {name: total + estimate[name] for name, total in self._sums.items()}
        change = picture - self._mean  # Welford, 1962
        self._mean = self._mean + change / self._count
        self._squares = self._squares + change * (picture - self._mean)

    def value(self) -> dict[str, Tensor]:
        """The mean."""
        if not self._count:
            return dict(self._latest)
        return {name: total / self._count for name, total in self._sums.items()}

    def spread(self) -> Tensor | None:
        """The standard deviation of two samples and more."""
        return None if self._count < 2 else (self._squares / (self._count - 1)).sqrt()

    def state(self) -> dict[str, Any]:
        """For `load_state`; sums are never changed, so no copy is needed."""
        return {name: value for name, value in vars(self).items() if name not in {"_burn_in", "_picture"}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""
        vars(self).update(state)
