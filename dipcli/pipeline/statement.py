"""What a task makes of one frame: the problem, how to solve it, and the classical answer beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from dipcli.engine.restore import Result
from dipcli.options.engine import EngineOptions, StoppingOptions
from dipcli.problem import Estimate, Problem
from dipcli.report.history import History


@dataclass(frozen=True)
class Search:
    """How a result was found without a network: by which method, and in how many steps."""

    method: str
    iterations: int
    is_over: bool = True  # whether it ended by itself, and not by --max-time


@dataclass(frozen=True)
class Restoration:
    """What is returned in the end: the picture, what else was found, and what to beware of."""

    picture: Tensor
    objects: Mapping[str, Tensor] = field(default_factory=dict)  # kernels, complex images ... by name
    warnings: tuple[str, ...] = ()
    decisions: Mapping[str, Any] = field(default_factory=dict)  # those made after the fit
    metrics: Mapping[str, float] = field(default_factory=dict)  # of the objects, where their truth is known
    search: Search | None = None  # of a result that is neither the classical one at once nor a network's


@dataclass(frozen=True)
class Statement:
    """Everything that is decided before the descent begins."""

    problem: Problem | None  # None where the classical answer is what was asked for
    engine: EngineOptions
    classical: tuple[str, Tensor]  # the method without a network and its picture, of the result's shape
    options: Mapping[str, Any]  # of the task, as they were used
    decisions: Mapping[str, Any] = field(default_factory=dict)  # for the record
    warnings: tuple[str, ...] = ()
    beside: Mapping[str, Tensor] = field(default_factory=dict)  # pictures of further classical methods
    mask: Tensor | None = None  # where values were measured and believed; elsewhere a guess is returned
    unchanged: Tensor | None = None  # where the measured values themselves are returned, bit by bit
    part: tuple[Any, ...] = (...,)  # of the frame, that the fit looks at
    up_to_shift: bool = False  # whether a result that is shifted against the truth is as good
    finish: Callable[[Estimate], Restoration] | None = None  # of the mean of all runs, or of nothing fitted
    checks: Callable[[Tensor], Mapping[str, float]] = lambda _: {}  # what a picture shows without the truth

    def finished(self, estimate: Estimate) -> Restoration:
        """What is returned for an estimate, the classical answer for none; the one place where that is made."""
        if self.finish is not None:
            return self.finish(estimate)
        if self.problem is None or not estimate:
            return Restoration(self.classical[1])
        return Restoration(self.problem.picture(estimate))


@dataclass(frozen=True)
class Fitted:
    """One frame as it was stated, fitted and finished, and all that is recorded of it."""

    statement: Statement
    restoration: Restoration
    result: Result | None = None  # of the fit; None where there was none
    history: History = field(default_factory=History)
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def picture(self) -> Tensor:
        """What is returned."""
        return self.restoration.picture

    @property
    def spread(self) -> Tensor | None:
        """The standard deviation of the picture over several runs."""
        return None if self.result is None else self.result.spread

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those from before the fit, those from after it, and of how it ended."""
        return (*self.statement.warnings, *self.restoration.warnings, *self.doubts)

    @property
    def doubts(self) -> tuple[str, ...]:
        """A sentence where the fit did not end as it was meant to."""
        stopping = self.statement.engine.stopping
        if self.result is not None:
            return unconfirmed(self.result, stopping)
        if self.statement.problem is None:
            return ()
        limit = f"--max-time {stopping.max_time:g}"
        return (f"{limit} was over before the network was fitted: this is the classical answer.",)


def unconfirmed(result: Result, stopping: StoppingOptions) -> tuple[str, ...]:
    """A sentence where a bound ended a fit before its stopper was sure of the best one; none for a fixed count."""
    runs = len(result.solutions)
    cut = sum(solution.ending != "early_stop" for solution in result.solutions)
    of_runs = f"{cut} of {runs} runs" if runs > 1 else "The fit"
    if result.ending == "max_time":
        when = (
            f"at iteration {result.solutions[-1].iterations}" if cut else f"after {runs} of {stopping.runs} runs"
        )
        return (
            f"--max-time {stopping.max_time:g} ended the fit {when}; what had been found by then is returned.",
        )
    if result.ending == "max_iterations" and stopping.stop != "never":
        return (
            f"{of_runs} came to --iterations {stopping.iterations} before early stopping had confirmed the best "
            "picture; give more, or look at the result with care.",
        )
    return ()
