"""Early stopping: when the picture is best, judged without the truth.

Source of the moving variances: Wang et al., Early Stopping for Deep Image Prior, TMLR 2023, arXiv 2112.06074.
The variance of the iterates falls while structure is learnt and rises again when noise is; its minimum is
near the best picture.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from dipcli.engine.descent import Step
from dipcli.options.engine import StoppingOptions
from dipcli.problem import Problem


def patience_of(options: StoppingOptions) -> int:
    """Iterations that confirm a minimum: a third of the bound, where that is less than what was asked for."""
    return min(options.patience, max(1, options.iterations // 3))


def earliest_ending(options: StoppingOptions) -> int:
    """The first iteration at which a run may stop by itself; its bound, where it never does."""
    if options.stop == "never":
        return options.iterations
    silent = max(options.warm_up, options.window - 1 if options.stop == "wmv" else 0)
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
    iterations where those are few.
    """

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
        return {name: _clone(value) for name, value in vars(self).items() if name not in {"_options", "_problem"}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`, as when the optimiser is rewound."""
        vars(self).update({name: _clone(value) for name, value in state.items()})


@final
class WindowedVariance(Stopper):
    """ES-WMV (Algorithm 1): the variance of the last `window` pictures, per value.

    (1/W) Σ ‖x_i - mean‖² / N from running sums, Σ‖x_i‖²/(W·N) - ‖Σ x_i/W‖²/N, in float64.
    """

    def __init__(self, options: StoppingOptions) -> None:
        super().__init__(options)
        self._seen = 0
        self._ring = torch.empty(0)
        self._sum = torch.empty(0)
        self._squares = torch.empty(0)

    def score(self, step: Step) -> float | None:
        """None until the window is full."""
        values = self._watched(step.picture)
        window = self._options.window
        if self._seen == 0:
            self._ring = values.new_zeros((window, values.numel()), dtype=torch.float32)
            self._sum = torch.zeros_like(values)
            self._squares = values.new_zeros(())
        slot = self._ring[self._seen % window]
        oldest = slot.to(values.dtype)
        self._sum += values - oldest
        self._squares += values.square().sum() - oldest.square().sum()
        slot.copy_(values)
        self._seen += 1
        if self._seen < window:
            return None
        variance = self._squares / window - (self._sum / window).square().sum()
        return max(0.0, variance.item() / values.numel())


@final
class ExponentialVariance(Stopper):
    """ES-EMV (Algorithm 2): the exponential moving variance of the picture, per value.

    EMA ← (1-α)·EMA + α·x,  EMV ← (1-α)·EMV + α(1-α)·‖x - EMA_before‖² / N, both from 0.
    """

    def __init__(self, options: StoppingOptions) -> None:
        super().__init__(options)
        self._mean = torch.empty(0)
        self._variance = torch.empty(0)

    def score(self, step: Step) -> float | None:
        """The variance, from the first step on."""
        values = self._watched(step.picture)
        alpha = self._options.alpha
        if self._mean.numel() == 0:
            self._mean = torch.zeros_like(values)
            self._variance = values.new_zeros(())
        change = values - self._mean
        self._mean += alpha * change
        self._variance = (1 - alpha) * (self._variance + alpha * change.square().mean())
        return float(self._variance.item())


@final
class HeldOut(Stopper):
    """The misfit on measured values that the fit never saw, smoothed by an exponential average.

    Works where the noise of one pixel says nothing about the next; `hold_out` makes the pair.
    """

    def __init__(self, options: StoppingOptions, problem: Problem) -> None:
        """`problem.weight` is positive on the hidden values alone."""
        super().__init__(options)
        self._problem = problem
        self._smooth: float | None = None

    def score(self, step: Step) -> float | None:
        """The smoothed misfit, in the units of the data term."""
        fidelity = self._problem.fidelity
        misfit = fidelity(step.prediction, self._problem.measurement, self._problem.weight).item()
        before = misfit if self._smooth is None else self._smooth
        self._smooth = before + self._options.alpha * (misfit - before)
        return self._smooth


@final
class Never(Stopper):
    """Runs to the bound; the last average is what is returned."""

    def score(self, step: Step) -> float | None:  # noqa: ARG002
        """Nothing to tell."""
        return None


def build_stopper(problem: Problem, options: StoppingOptions) -> tuple[Problem, Stopper]:
    """The stopper that the options name, and the problem to solve: with held-out values hidden, if need be."""
    if options.stop == "held-out":
        visible, hidden = hold_out(problem, options.held_out)
        return visible, HeldOut(options, hidden)
    kinds: dict[str, Callable[[StoppingOptions], Stopper]] = {
        "wmv": WindowedVariance,
        "emv": ExponentialVariance,
        "never": Never,
    }
    return problem, kinds[options.stop](options)


def held_out(visible: Tensor, share: float) -> Tensor:
    """True on the positions that `hold_out` hides of those that are `visible`, both (*space); at least on one.

    What a fit is fed must not know them either.
    """
    drawn = torch.rand(visible.shape, generator=torch.Generator().manual_seed(0)).to(visible.device)
    drawn = drawn.masked_fill(~visible, 1.0)
    return drawn <= max(share, float(drawn.min()))


def hold_out(problem: Problem, share: float) -> tuple[Problem, Problem]:
    """The problem without its `hidden` positions, or a random `share` of them, and the problem with those alone.

    Positions are hidden across all channels together; the same ones for the same shape.
    """
    measurement = problem.measurement
    weight = torch.ones(measurement.shape, device=measurement.device) if problem.weight is None else problem.weight
    hidden = held_out((weight > 0).any(0), share) if problem.hidden is None else problem.hidden
    return replace(problem, weight=weight * ~hidden), replace(problem, weight=weight * hidden)


def _clone(value: Any) -> Any:  # noqa: ANN401 - a tensor, a number or None
    return value.clone() if isinstance(value, Tensor) else value
