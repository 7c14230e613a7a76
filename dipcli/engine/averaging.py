"""The running average of the estimate: what is returned in place of the last, noisier iterate."""

from collections.abc import Mapping
from typing import Any, Protocol, final

import torch
from torch import Tensor

from dipcli.problem import Estimate


class Average(Protocol):
    """What a run returns in place of its last iterate."""

    def update(self, estimate: Estimate) -> None:
        """Take in one iterate."""

    def value(self) -> dict[str, Tensor]:
        """The average, as tensors of its own."""

    def spread(self) -> Tensor | None:
        """The standard deviation of the picture, where that is known from one run."""

    def state(self) -> dict[str, Any]:
        """A copy for `load_state`."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""


@final
class RunningAverage:
    """Exponential average of the iterates, free of the bias towards its empty start.

        a ← decay·a + (1 - decay)·x,   value = a / (1 - decay^k)

    A decay of 0 is the latest iterate. Source: Ulyanov et al., CVPR 2018, §4 (averaging of the output); the
    bias correction is Adam's (Kingma and Ba, 2015).
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._remaining = 1.0  # decay^k: the weight that is still on the empty start
        self._sums: dict[str, Tensor] = {}

    def update(self, estimate: Estimate) -> None:
        """Take in one iterate."""
        self._remaining *= self._decay
        for name, tensor in estimate.items():
            if name not in self._sums:
                self._sums[name] = torch.zeros_like(tensor)
            self._sums[name].lerp_(tensor, 1 - self._decay)

    def value(self) -> dict[str, Tensor]:
        """The average, as tensors of its own."""
        return {name: total / (1 - self._remaining) for name, total in self._sums.items()}

    def spread(self) -> None:
        """Not known: neighbouring iterates are alike."""
        return

    def state(self) -> dict[str, Any]:
        """A copy for `load_state`."""
        return {"remaining": self._remaining, "sums": {k: v.clone() for k, v in self._sums.items()}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""
        self._remaining = state["remaining"]
        self._sums = {k: v.clone() for k, v in state["sums"].items()}


@final
class Best:
    """The average at the lowest score so far."""

    def __init__(self) -> None:
        self.iteration = 0
        self.estimate: Mapping[str, Tensor] | None = None

    def keep(self, iteration: int, average: Average) -> None:
        """Take the average as it is now."""
        self.iteration, self.estimate = iteration, average.value()

    def state(self) -> dict[str, Any]:
        """For `load_state`; the kept estimate is never changed, so no copy is needed."""
        return dict(vars(self))

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""
        vars(self).update(state)
