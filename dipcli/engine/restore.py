"""The one call that a command or a notebook makes: from a problem and options to the restored picture."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, final, get_args

import torch
from torch import Tensor

from dipcli.engine.averaging import Average, RunningAverage
from dipcli.engine.checkpoint import Keeper, State
from dipcli.engine.descent import Descent, Step
from dipcli.engine.device import derive_seed
from dipcli.engine.sampling import BurnIn, SampleMean
from dipcli.engine.solve import Bounds, Ending, Moment, Solution, Watcher, solve
from dipcli.engine.stopper import Stopper, Verdict
from dipcli.engine.stopping import build_stopper
from dipcli.engine.tuning import Tuning, tune
from dipcli.options.engine import EngineOptions, StoppingOptions
from dipcli.priors.prior import Prior, build_prior
from dipcli.problem import Estimate, Problem

CUT_OFF = ("max_time", "interrupted")

Networks = Mapping[str, Mapping[str, Any]]  # the state of the prior of each unknown


@dataclass(frozen=True)
class Result:
    """The mean of all finished runs."""

    estimate: Estimate
    picture: Tensor
    spread: Tensor | None  # standard deviation of the picture over runs and samples; None for a single estimate
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
    keeper: Keeper | None = None,
) -> Result:
    """Fit untrained networks to the problem, `options.stopping.runs` times with other seeds, and average.

    With `networks`, the ends of the runs of a problem of the same shapes, each run starts where that one ended.
    A run that is cut off is only used when it is the first. A `keeper` may hold the state of an earlier call
    with the same arguments: the fit goes on from there, and ends as if it had never been left.
    Raises OptionError for options that do not fit the problem and DivergedError where no finite fit was found.
    """
    stopping = options.stopping
    keeper = keeper or Keeper()
    goes_on, done = keeper.frozen is not None, _Done.of(keeper.frozen)
    first = done.run
    start = time.perf_counter() - done.seconds
    deadline = start + stopping.max_time if stopping.max_time else float("inf")
    for run in range(first, stopping.runs + 1):
        torch.manual_seed(derive_seed(seed, run))
        priors = _priors(problem, options)
        for name, weights in networks[run - 1].items() if run <= len(networks) else ():
            priors[name].take_over(weights)
        if done.tuning is None:
            done.tuning = tune(priors, options)
        elif goes_on and run == first:
            done.tuning = done.tuning.usable(priors, options)
        done.tuning.apply(priors)
        visible, stopper, average = _watchers(problem, stopping)
        notify = _Notifier(problem, run, start, [s.estimate for s in done.solutions], average, watch)
        keeper.around = partial(done.state, run, start)
        bounds = Bounds(stopping.iterations, deadline)
        solution = solve(Descent(visible, priors, options.descent), stopper, average, bounds, notify, keeper)
        done.add(solution, priors)
        if solution.ending in CUT_OFF:
            break
    return _result(problem, done)


@final
class _Done:
    """What the finished runs of one call leave for the next ones."""

    def __init__(self) -> None:
        self.run = 1  # the one to go on with
        self.seconds = 0.0
        self.ending: Ending = "early_stop"
        self.solutions: list[Solution] = []
        self.networks: list[Networks] = []
        self.tuning: Tuning | None = None

    @classmethod
    def of(cls, frozen: State | None) -> Self:
        """As it was when a state was frozen."""
        done = cls()
        if frozen is not None:
            done.run, done.seconds, done.ending = frozen["run"], frozen["seconds"], frozen["ending"]
            done.solutions = [Solution(**solution) for solution in frozen["solutions"]]
            done.networks = list(frozen["networks"])
            done.tuning = Tuning(**frozen["tuning"])
        return done

    def add(self, solution: Solution, priors: Mapping[str, Prior]) -> None:
        """Take in one more run; one that was cut off is only used when it is the first."""
        self.ending = max(self.ending, solution.ending, key=get_args(Ending).index)
        if solution.ending not in CUT_OFF or not self.solutions:
            self.solutions.append(solution)
            self.networks.append({name: prior.state_dict() for name, prior in priors.items()})

    def state(self, run: int, start: float) -> State:
        """For `of`, in the midst of a run."""
        return {
            "run": run,
            "seconds": time.perf_counter() - start,
            "ending": self.ending,
            "solutions": [vars(solution) for solution in self.solutions],
            "networks": list(self.networks),
            "tuning": vars(self.tuning or Tuning()),
        }


@dataclass(frozen=True)
class _Notifier:
    """Tells the watcher of each step of one run what the mean with the finished runs would be."""

    problem: Problem
    run: int
    start: float
    finished: Sequence[Estimate]
    average: Average
    watch: Watcher

    def __call__(self, step: Step, verdict: Verdict) -> None:
        self.watch(Moment(self.run, step, verdict, time.perf_counter() - self.start, self._returned))

    def _returned(self) -> Tensor:
        return self.problem.picture(_mean([*self.finished, self.average.value()]))


def _priors(problem: Problem, options: EngineOptions) -> dict[str, Prior]:
    device = problem.measurement.device
    return {name: build_prior(unknown, options.prior).to(device) for name, unknown in problem.unknowns.items()}


def _watchers(problem: Problem, options: StoppingOptions) -> tuple[Problem, Stopper, Average]:
    """What is to be solved, what stops it, and what is returned: the mean of samples, or a running average."""
    if options.samples:
        burn_in = BurnIn(options)
        return problem, burn_in, SampleMean(burn_in, problem.picture)
    visible, stopper = build_stopper(problem, options)
    return visible, stopper, RunningAverage(options.averaging)


def _mean(estimates: Sequence[Estimate]) -> Estimate:
    return {name: torch.stack([estimate[name] for estimate in estimates]).mean(0) for name in estimates[0]}


def _result(problem: Problem, done: _Done) -> Result:
    estimates = [solution.estimate for solution in done.solutions]
    mean = _mean(estimates)
    spread = _spread(torch.stack([problem.picture(estimate) for estimate in estimates]), done.solutions)
    solutions, networks = tuple(done.solutions), tuple(done.networks)
    return Result(mean, problem.picture(mean), spread, done.ending, solutions, done.tuning or Tuning(), networks)


def _spread(pictures: Tensor, solutions: Sequence[Solution]) -> Tensor | None:
    """The deviation over the runs, and within them where they were sampled: variances add."""
    between = pictures.std(0) if len(pictures) > 1 else None
    sampled = [solution.spread.square() for solution in solutions if solution.spread is not None]
    if not sampled:
        return between
    within = torch.stack(sampled).mean(0)
    return (within if between is None else within + between.square()).sqrt()
