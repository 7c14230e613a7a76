"""The loop of one run: how it ends, and that the average at the best iteration is what is returned."""

import math

import pytest
import torch
from steps import Scripted, average, breakable_problem, tiny_descent

from dipcli.engine.averaging import RunningAverage
from dipcli.engine.checkpoint import Keeper
from dipcli.engine.solve import Bounds, solve
from dipcli.engine.stopping import Never
from dipcli.errors import DivergedError
from dipcli.options.engine import StoppingOptions


class Spoiled(Bounds):
    """Bounds that call something after each step."""

    def __init__(self, iterations, spoil):
        super().__init__(iterations)
        object.__setattr__(self, "spoil", spoil)

    def ending(self, iteration):
        self.spoil()
        return super().ending(iteration)


def run(stopper=None, bounds=None, *, decay=0.9, descent=None, keeper=None):
    """The solution, and every (step, verdict) that the watcher was told."""
    told = []
    solution = solve(
        descent or tiny_descent(),
        stopper or Never(StoppingOptions()),
        RunningAverage(decay),
        bounds or Bounds(5),
        lambda step, verdict: told.append((step, verdict)),
        keeper or Keeper(),
    )
    return solution, told


def test_a_confirmed_minimum_ends_the_run():
    solution, _ = run(Scripted([3.0, 2.0, 1.0, 2.0], patience=2), Bounds(50))
    assert (solution.ending, solution.iterations, solution.best_iteration) == ("early_stop", 5, 3)


def test_the_bound_on_iterations_ends_the_run():
    solution, told = run(bounds=Bounds(4))
    assert (solution.ending, solution.iterations, len(told)) == ("max_iterations", 4, 4)


def test_the_deadline_ends_the_run_after_a_step():
    solution, _ = run(bounds=Bounds(50, deadline=0.0))
    assert (solution.ending, solution.iterations) == ("max_time", 1)


def test_an_interruption_ends_the_run():
    answers = iter([False, False, True, True])
    solution, _ = run(bounds=Bounds(50), keeper=Keeper(interrupted=lambda: next(answers)))
    assert (solution.ending, solution.iterations) == ("interrupted", 3)


def test_a_run_that_has_ended_is_not_interrupted():
    solution, _ = run(bounds=Bounds(1), keeper=Keeper(interrupted=lambda: True))
    assert solution.ending == "max_iterations"


def test_without_a_minimum_the_last_average_is_returned():
    solution, told = run(bounds=Bounds(4), decay=0.0)
    assert solution.best_iteration == 4
    assert torch.equal(solution.estimate["image"], told[-1][0].estimate["image"])


def test_an_unconfirmed_minimum_is_returned_all_the_same():
    solution, told = run(Scripted([2.0, 1.0, 3.0]), Bounds(5), decay=0.0)
    assert (solution.ending, solution.best_iteration) == ("max_iterations", 2)
    assert torch.equal(solution.estimate["image"], told[1][0].estimate["image"])


def test_what_is_returned_is_the_average_at_the_minimum():
    solution, told = run(Scripted([3.0, 2.0, 1.0, 2.0], patience=2), Bounds(50))
    expected = average()
    for step, _ in told[:3]:
        expected.update(step.estimate)
    assert torch.equal(solution.estimate["image"], expected.value()["image"])


def test_the_watcher_is_told_the_verdicts():
    _, told = run(Scripted([3.0, 2.0, 4.0]), Bounds(3))
    assert [verdict for _, verdict in told] == [(3.0, True, False), (2.0, True, False), (4.0, False, False)]


def test_a_run_that_only_diverges_is_an_error():
    problem = breakable_problem()
    problem.operator.factor = math.nan
    with pytest.raises(DivergedError):
        run(bounds=Bounds(500), descent=tiny_descent(problem))


def test_a_run_that_breaks_at_its_end_goes_on_until_it_is_good_again():
    problem = breakable_problem()

    def spoil():
        problem.operator.factor = math.nan if next(calls) in range(6, 8) else 1.0

    calls = iter(range(1000))
    solution, _ = run(bounds=Spoiled(8, spoil), descent=tiny_descent(problem))
    assert (solution.ending, solution.iterations) == ("max_iterations", 8)
    assert bool(solution.estimate["image"].isfinite().all())


def test_a_run_that_breaks_for_a_while_recovers():
    problem = breakable_problem()

    def spoil():
        problem.operator.factor = math.nan if next(calls) in range(30, 50) else 1.0

    calls = iter(range(1000))
    solution, _ = run(bounds=Spoiled(60, spoil), descent=tiny_descent(problem))
    assert solution.iterations == 60
    assert bool(solution.estimate["image"].isfinite().all())
