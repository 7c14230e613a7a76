"""The one call that a command or a notebook makes: from a problem and options to the restored picture."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor

from dipcli.engine.averaging import RunningAverage
from dipcli.engine.descent import Descent, Step
from dipcli.engine.device import derive_seed
from dipcli.engine.solve import Bounds, Ending, Moment, Solution, Watcher, solve
from dipcli.engine.stopping import Verdict, build_stopper
from dipcli.engine.tuning import Tuning, tune
from dipcli.options import EngineOptions
from dipcli.priors.prior import build_prior
from dipcli.problem import Estimate, Problem


@dataclass(frozen=True)
class Result:
    """The mean of all finished runs."""

    estimate: Estimate
    picture: Tensor
    spread: Tensor | None  # standard deviation of the picture over the runs; None for a single run
    ending: Ending
    seconds: float
    solutions: tuple[Solution, ...]
    tuning: Tuning

    @property
    def iterations(self) -> int:
        """Of all runs together."""
        return sum(solution.iterations for solution in self.solutions)

    @property
    def best_iteration(self) -> int:
        """The iteration whose average is returned; of several runs the mean, rounded."""
        return round(sum(solution.best_iteration for solution in self.solutions) / len(self.solutions))


def restore(
    problem: Problem,
    options: EngineOptions,
    *,
    seed: int = 0,
    watch: Watcher = lambda moment: None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Result:
    """Fit untrained networks to the problem, `options.stopping.runs` times with other seeds, and average.

    A run that is cut off is only used when it is the first. Raises OptionError for options that do not fit the
    problem and DivergedError where no finite fit was found.
    """
    start = time.perf_counter()
    stopping = options.stopping
    deadline = start + stopping.max_time if stopping.max_time else float("inf")
    bounds = Bounds(stopping.iterations, deadline, interrupted)
    solutions: list[Solution] = []
    tuning = Tuning()
    for run in range(1, stopping.runs + 1):
        torch.manual_seed(derive_seed(seed, run))
        visible, stopper = build_stopper(problem, stopping)
        priors = {
            name: build_prior(unknown, options.prior).to(problem.measurement.device)
            for name, unknown in problem.unknowns.items()
        }
        tuning = tune(priors, options) if run == 1 else tuning
        tuning.apply(priors)
        average = RunningAverage(stopping.averaging)

        def tell(step: Step, verdict: Verdict, run: int = run, average: RunningAverage = average) -> None:
            def returned() -> Tensor:
                return _mean_picture(problem, [*(s.estimate for s in solutions), average.value()])

            watch(Moment(run, step, verdict, time.perf_counter() - start, returned))

        solution = solve(Descent(visible, priors, options.descent), stopper, average, bounds, tell)
        if solution.ending in {"interrupted", "max_time"} and solutions:
            return _result(problem, solutions, solution.ending, time.perf_counter() - start, tuning)
        solutions.append(solution)
        if solution.ending in {"interrupted", "max_time"}:
            break
    endings = [solution.ending for solution in solutions]
    ending = max(endings, key=get_args(Ending).index)
    return _result(problem, solutions, ending, time.perf_counter() - start, tuning)


def _mean_picture(problem: Problem, estimates: Sequence[Estimate]) -> Tensor:
    return torch.stack([problem.picture(estimate) for estimate in estimates]).mean(0)


def _result(
    problem: Problem, solutions: Sequence[Solution], ending: Ending, seconds: float, tuning: Tuning
) -> Result:
    pictures = torch.stack([problem.picture(solution.estimate) for solution in solutions])
    estimate = {
        name: torch.stack([solution.estimate[name] for solution in solutions]).mean(0)
        for name in problem.unknowns
    }
    spread = pictures.std(0) if len(solutions) > 1 else None
    return Result(estimate, pictures.mean(0), spread, ending, seconds, tuple(solutions), tuning)
