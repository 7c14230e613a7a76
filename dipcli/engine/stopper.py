"""What every stopper does with its score: how a minimum is found, and when it is believed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from dipcli.engine.descent import Step
from dipcli.options.engine import SPACING, StoppingOptions

LEARNING = 100  # iterates from which an autoencoder learns before it judges one: blurred ones are easy
BURNT_IN = 50  # iterations in which the data term must have come to rest, before samples are drawn


def patience_of(options: StoppingOptions) -> int:
    """Iterations that confirm a minimum: a third of the bound, where that is less than what was asked for."""
    return min(options.patience, max(1, options.iterations // 3))


def earliest_ending(options: StoppingOptions) -> int:
    """The first iteration at which a run may stop by itself; its bound, where it never does."""
    if options.samples:
        return min(options.iterations, 2 * BURNT_IN + (options.samples - 1) * SPACING + 1)
    if options.stop == "never":
        return options.iterations
    quiet = {"wmv": options.window - 1, "self-validation": LEARNING}
    silent = max(options.warm_up, quiet.get(options.stop, 0))
    return min(options.iterations, silent + 1 + patience_of(options))


class Verdict(NamedTuple):
    """What a stopper says of one step: its score, whether it is the best so far, whether to stop now."""

    score: float | None
    best: bool
    stop: bool


class Stopper(ABC):
    """Finds the lowest score and confirms it by patience.

    Guards: no minimum is believed before `warm_up`, or before the data are fitted to `gate`; a new one must be
    lower by the share `margin`; the first one that patience confirms is final; patience is a third of the
    iterations where those are few. A score of `FINAL` or less is as low as any can be, and final at once.
    """

    FINAL = float("-inf")
    _fixed = frozenset({"_options", "_problem"})  # what no state holds

    def __init__(self, options: StoppingOptions) -> None:
        self._options = options
        self._patience = patience_of(options)
        self._lowest = float("inf")
        self._waited = 0
        self._confirmed = False
        self._subset: Tensor | None = None

    @abstractmethod
    def score(self, step: Step) -> float | None:
        """The quantity to be minimised, or None while it is not known yet."""

    @final
    def update(self, step: Step) -> Verdict:
        """Score one step and judge it."""
        score = self.score(step)
        if score is None or self._is_too_early(step) or self._confirmed:
            return Verdict(score, best=False, stop=self._confirmed)
        if score <= self.FINAL:
            self._confirmed = True
            return Verdict(score, best=True, stop=True)
        if score < self._lowest * (1 - self._options.margin):
            self._lowest, self._waited = score, 0
            return Verdict(score, best=True, stop=False)
        self._waited += 1
        # An infinite `lowest` means that nothing finite was seen yet: there is no minimum to confirm.
        self._confirmed = self._waited >= self._patience and self._lowest < float("inf")
        return Verdict(score, best=False, stop=self._confirmed)

    def _is_too_early(self, step: Step) -> bool:
        gate = self._options.gate
        return step.iteration <= self._options.warm_up or (gate > 0 and step.terms["data"].item() > gate)

    @final
    def _watched(self, picture: Tensor) -> Tensor:
        """The picture's values, in the precision of the sums; of a large picture the same random subset always."""
        values = picture.flatten()
        if 0 < self._options.pixels < values.numel():
            if self._subset is None:
                order = torch.randperm(values.numel(), generator=torch.Generator().manual_seed(0))
                self._subset = order[: self._options.pixels].to(values.device)
            values = values[self._subset]
        return values.to(torch.float32 if values.device.type == "mps" else torch.float64)

    def state(self) -> dict[str, Any]:
        """A copy for `load_state`."""
        return {name: _clone(value) for name, value in vars(self).items() if name not in self._fixed}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`, as when the optimiser is rewound."""
        vars(self).update({name: _clone(value) for name, value in state.items()})


def _clone(value: Any) -> Any:  # noqa: ANN401 - a tensor, a number or None
    return value.clone() if isinstance(value, Tensor) else value
