"""The loop of one run: stopper, average, best so far, bounds and interruption."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from dipcli.engine.averaging import Average, Best
from dipcli.engine.checkpoint import Keeper, Stateful
from dipcli.engine.descent import Descent, Step
from dipcli.engine.guard import Guard
from dipcli.engine.stopper import Stopper, Verdict
from dipcli.problem import Estimate

# From best to worst: what several runs together are called is the worst of them.
Ending = Literal["early_stop", "max_iterations", "max_time", "interrupted"]


@dataclass(frozen=True)
class Moment:
    """What a watcher hears of each step."""

    run: int  # from 1
    step: Step
    verdict: Verdict
    seconds: float  # since the first run began
    returned: Callable[[], Tensor]  # the picture that would be returned, were this step the best one


Watcher = Callable[[Moment], None]


@dataclass(frozen=True)
class Bounds:
    """What ends a run that does not stop by itself."""

    iterations: int
    deadline: float = float("inf")  # on the clock of time.perf_counter

    def ending(self, iteration: int) -> Ending | None:
        """The bound that is reached after this iteration, if any."""
        if time.perf_counter() >= self.deadline:
            return "max_time"
        return "max_iterations" if iteration >= self.iterations else None


@dataclass(frozen=True)
class Solution:
    """The averaged estimate of one run at its best iteration, and how the run ended."""

    estimate: Estimate
    ending: Ending
    iterations: int
    best_iteration: int
    spread: Tensor | None = None  # of the picture, where the run knows it: from samples of its posterior


def solve(
    descent: Descent,
    stopper: Stopper,
    average: Average,
    bounds: Bounds,
    watch: Callable[[Step, Verdict], None],
    keeper: Keeper,
) -> Solution:
    """Descend until the stopper confirms a minimum, a bound is reached, or the keeper is interrupted.

    Returned is the average at the minimum; without any, the average at the end.
    Raises DivergedError where the fit diverges again and again.
    """
    best = Best()
    guard = Guard(descent, stopper, average, best)
    parts: dict[str, Stateful] = {
        "descent": descent,
        "stopper": stopper,
        "average": average,
        "best": best,
        "guard": guard,
    }
    keeper.thaw(parts)
    for step in descent:
        average.update(step.estimate)
        verdict = stopper.update(step)
        ending: Ending | None = "early_stop" if verdict.stop else bounds.ending(step.iteration)
        if guard.rewound(step, is_last=ending is not None):
            continue
        if verdict.best:
            best.keep(step.iteration, average)
        watch(step, verdict)
        if ending is None and keeper.is_due():
            keeper.freeze(parts)
            ending = "interrupted" if keeper.interrupted() else None
        if ending:
            if best.estimate is None:
                best.keep(step.iteration, average)
            return Solution(best.estimate or {}, ending, step.iteration, best.iteration, average.spread())
    raise AssertionError("a descent is endless")
