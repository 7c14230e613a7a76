"""Early stopping: when the picture is best, judged without the truth.

Source of the moving variances: Wang et al., Early Stopping for Deep Image Prior, TMLR 2023, arXiv 2112.06074.
The variance of the iterates falls while structure is learnt and rises again when noise is; its minimum is
near the best picture.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from dipcli.engine.descent import Step
from dipcli.engine.self_validation import SelfValidation
from dipcli.engine.sharpness_stop import Sharpness
from dipcli.engine.stopper import Stopper
from dipcli.errors import OptionError
from dipcli.options.engine import StoppingOptions
from dipcli.problem import Problem


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
class ZeroCrossing(Stopper):
    """The risk that the objective estimates, smoothed by an exponential average; final below zero.

    Source: Jo, Chun and Choi, Rethinking Deep Image Prior for Denoising, ICCV 2021, arXiv 2108.12841 (stopping at
    the zero crossing). We differ in the smoothing, and in that a minimum which patience confirms counts, too.
    """

    FINAL = 0.0

    def __init__(self, options: StoppingOptions) -> None:
        super().__init__(options)
        self._smooth: float | None = None

    def score(self, step: Step) -> float:
        """Of the image, per value, from the first step on."""
        risk = (step.terms["data"] + step.terms["divergence"]).item()
        self._smooth = risk if self._smooth is None else self._smooth + self._options.alpha * (risk - self._smooth)
        return self._smooth


@final
class Never(Stopper):
    """Runs to the bound; the last average is what is returned."""

    def score(self, step: Step) -> float | None:  # noqa: ARG002
        """Nothing to tell."""
        return None


def build_stopper(problem: Problem, options: StoppingOptions) -> tuple[Problem, Stopper]:
    """The stopper that the options name, and the problem to solve: with held-out values hidden, if need be.

    Raises OptionError for a stopper that watches what the problem has not.
    """
    if options.stop == "held-out":
        visible, hidden = hold_out(problem, options.held_out)
        return visible, HeldOut(options, hidden)
    if options.stop == "zero-crossing" and not problem.responses:
        raise OptionError(
            "--stop zero-crossing watches the risk that --loss sure estimates; use another one here."
        )
    kinds: dict[str, Callable[[StoppingOptions], Stopper]] = {
        "wmv": WindowedVariance,
        "emv": ExponentialVariance,
        "self-validation": SelfValidation,
        "zero-crossing": ZeroCrossing,
        "sharpness": Sharpness,
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
