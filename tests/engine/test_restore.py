"""The one call: runs with seeds of their own, averaged, with their spread."""

from dataclasses import replace

import pytest
import torch
from laws import assert_matches
from steps import TINY, tiny_problem

from dipcli.engine.averaging import RunningAverage
from dipcli.engine.checkpoint import Keeper
from dipcli.engine.descent import Descent
from dipcli.engine.device import derive_seed
from dipcli.engine.restore import restore
from dipcli.engine.solve import Bounds, solve
from dipcli.engine.stopping import build_stopper
from dipcli.options.engine import DescentOptions, EngineOptions, StoppingOptions
from dipcli.priors.prior import build_prior

FEW = StoppingOptions(warm_up=2, alpha=0.3, patience=3, averaging=0.8, iterations=9)


def engine(prior=TINY, **stopping):
    descent = DescentOptions(memory_format="contiguous", compile="off")
    return EngineOptions(prior, descent, replace(FEW, **stopping))


def single_run(seed, run):
    """One run by hand, without `restore`."""
    problem, options = tiny_problem(), engine()
    torch.manual_seed(derive_seed(seed, run))
    priors = {name: build_prior(unknown, options.prior) for name, unknown in problem.unknowns.items()}
    problem, stopper = build_stopper(problem, options.stopping)
    descent = Descent(problem, priors, options.descent)
    average = RunningAverage(options.stopping.averaging)
    return solve(descent, stopper, average, Bounds(options.stopping.iterations), lambda *_: None, Keeper())


def watched(**stopping):
    """The result, and for each moment what it was and the picture that it would have returned."""
    moments = []
    result = restore(tiny_problem(), engine(**stopping), watch=lambda m: moments.append((m, m.returned())))
    return result, moments


def interruption(after):
    answers = iter([*[False] * (after - 1), *[True] * 100])
    return lambda: next(answers)


def test_several_runs_are_averaged():
    result = restore(tiny_problem(), engine(runs=3), seed=7)
    expected = torch.stack([single_run(7, run).estimate["image"] for run in (1, 2, 3)])
    assert_matches(result.picture, expected.mean(0))
    assert_matches(result.estimate["image"], expected.mean(0))


def test_the_spread_is_the_deviation_between_runs():
    result = restore(tiny_problem(), engine(runs=3), seed=7)
    expected = torch.stack([solution.estimate["image"] for solution in result.solutions])
    assert_matches(result.spread, expected.std(0))


def test_a_single_run_has_no_spread():
    assert restore(tiny_problem(), engine()).spread is None


def test_the_first_of_several_runs_is_the_single_run():
    one, two = (restore(tiny_problem(), engine(runs=runs), seed=7) for runs in (1, 2))
    assert torch.equal(one.solutions[0].estimate["image"], two.solutions[0].estimate["image"])


def test_the_random_state_of_the_caller_has_no_influence():
    torch.manual_seed(1)
    first = restore(tiny_problem(), engine())
    torch.manual_seed(2)
    assert torch.equal(first.picture, restore(tiny_problem(), engine()).picture)


@pytest.mark.parametrize("stopping", [{}, {"runs": 2}, {"stop": "never"}, {"stop": "never", "runs": 2}], ids=str)
def test_what_a_moment_would_return_is_what_is_returned(stopping):
    result, moments = watched(**stopping)
    last_run = [(m, picture) for m, picture in moments if m.run == stopping.get("runs", 1)]
    best = [picture for m, picture in last_run if m.verdict.best] or [last_run[-1][1]]
    assert torch.equal(result.picture, best[-1])


def test_moments_name_their_run():
    _, moments = watched(runs=2, stop="never", iterations=3)
    assert [(m.run, m.step.iteration) for m, _ in moments] == [(r, i) for r in (1, 2) for i in (1, 2, 3)]


def test_seconds_never_go_back():
    _, moments = watched(runs=2)
    seconds = [m.seconds for m, _ in moments]
    assert seconds == sorted(seconds)


def test_iterations_of_all_runs_are_counted():
    result = restore(tiny_problem(), engine(runs=3, stop="never", iterations=4))
    assert (result.iterations, result.best_iteration) == (12, 4)


def test_several_runs_are_called_after_the_worst_ending():
    result = restore(tiny_problem(), engine(runs=2, stop="never"), keeper=Keeper(interrupted=interruption(12)))
    assert result.ending == "interrupted"


def test_a_later_run_that_is_cut_off_is_not_used():
    result = restore(tiny_problem(), engine(runs=3, stop="never"), keeper=Keeper(interrupted=interruption(12)))
    assert len(result.solutions) == 1
    assert torch.equal(result.picture, restore(tiny_problem(), engine(stop="never")).picture)


def test_a_first_run_that_is_cut_off_is_used():
    result = restore(tiny_problem(), engine(runs=3), keeper=Keeper(interrupted=interruption(2)))
    assert (result.ending, result.iterations) == ("interrupted", 2)
    assert bool(result.picture.isfinite().all())


def test_the_bound_on_time_holds_for_all_runs_together():
    result = restore(tiny_problem(), engine(runs=3, max_time=1e-9))
    assert (result.ending, result.iterations) == ("max_time", 1)


def test_the_picture_is_what_the_problem_makes_of_the_estimate():
    problem = replace(tiny_problem(), picture=lambda estimate: 1 - estimate["image"])
    result = restore(problem, engine())
    assert_matches(result.picture, 1 - result.estimate["image"])


@pytest.mark.parametrize("stop", ["emv", "wmv", "held-out", "never"])
def test_every_stopper_restores(stop):
    result = restore(tiny_problem(), engine(stop=stop, window=3, held_out=0.2))
    assert bool(result.picture.isfinite().all())
