"""The one call that a command or a notebook makes: from a problem and options to the restored picture."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import Tensor

from dipcli.engine.averaging import RunningAverage
from dipcli.engine.descent import Descent, Step
from dipcli.engine.device import derive_seed
from dipcli.engine.solve import Bounds, Ending, Moment, Solution, Watcher, solve
from dipcli.engine.stopping import Verdict, build_stopper
from dipcli.engine.tuning import Tuning, tune
from dipcli.options import EngineOptions
from dipcli.priors.prior import Prior, build_prior
from dipcli.problem import Estimate, Problem

CUT_OFF = ("max_time", "interrupted")

Networks = Mapping[str, Mapping[str, Any]]  # the state of the prior of each unknown


@dataclass(frozen=True)
class Result:
    """The mean of all finished runs."""

    estimate: Estimate
    picture: Tensor
    spread: Tensor | None  # standard deviation of the picture over the runs; None for a single run
    ending: Ending
    solutions: tuple[Solution, ...]
    tuning: Tuning
    networks: tuple[Networks, ...]  # of each run, as they were at its end

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
    networks: Sequence[Networks] = (),
    watch: Watcher = lambda _: None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Result:
    """Fit untrained networks to the problem, `options.stopping.runs` times with other seeds, and average.

    With `networks`, the ends of the runs of a problem of the same shapes, each run starts where that one ended.
    A run that is cut off is only used when it is the first. Raises OptionError for options that do not fit the
    problem and DivergedError where no finite fit was found.
    """
    stopping = options.stopping
    start = time.perf_counter()
    deadline = start + stopping.max_time if stopping.max_time else float("inf")
    bounds = Bounds(stopping.iterations, deadline, interrupted)
    solutions: list[Solution] = []
    ends: list[Networks] = []
    tuning: Tuning | None = None
    ending: Ending = "early_stop"
    for run in range(1, stopping.runs + 1):
        torch.manual_seed(derive_seed(seed, run))
        priors = _priors(problem, options)
        for name, weights in networks[run - 1].items() if run <= len(networks) else ():
            priors[name].take_over(weights)
        tuning = tuning or tune(priors, options)
        tuning.apply(priors)
        visible, stopper = build_stopper(problem, stopping)
        average = RunningAverage(stopping.averaging)
        teller = _Teller(problem, run, start, [s.estimate for s in solutions], average, watch)
        descent = Descent(visible, priors, options.descent)
        solution = solve(descent, stopper, average, bounds, teller)
        ending = max(ending, solution.ending, key=get_args(Ending).index)
        if solution.ending not in CUT_OFF or not solutions:
            solutions.append(solution)
            ends.append({name: prior.state_dict() for name, prior in priors.items()})
        if solution.ending in CUT_OFF:
            break
    return _result(problem, solutions, ending, tuning or Tuning(), ends)


@dataclass(frozen=True)
class _Teller:
    """Tells the watcher of each step of one run what the mean with the finished runs would be."""

    problem: Problem
    run: int
    start: float
    finished: Sequence[Estimate]
    average: RunningAverage
    watch: Watcher

    def __call__(self, step: Step, verdict: Verdict) -> None:
        self.watch(Moment(self.run, step, verdict, time.perf_counter() - self.start, self._returned))

    def _returned(self) -> Tensor:
        return self.problem.picture(_mean([*self.finished, self.average.value()]))


def _priors(problem: Problem, options: EngineOptions) -> dict[str, Prior]:
    device = problem.measurement.device
    return {name: build_prior(unknown, options.prior).to(device) for name, unknown in problem.unknowns.items()}


def _mean(estimates: Sequence[Estimate]) -> Estimate:
    return {name: torch.stack([estimate[name] for estimate in estimates]).mean(0) for name in estimates[0]}


def _result(
    problem: Problem, solutions: Sequence[Solution], ending: Ending, tuning: Tuning, networks: Sequence[Networks]
) -> Result:
    estimates = [solution.estimate for solution in solutions]
    mean = _mean(estimates)
    pictures = torch.stack([problem.picture(estimate) for estimate in estimates])
    spread = pictures.std(0) if len(solutions) > 1 else None
    return Result(mean, problem.picture(mean), spread, ending, tuple(solutions), tuning, tuple(networks))
