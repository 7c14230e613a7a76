"""Divergence is noticed and undone, bit for bit, with half the learning rate."""

import math

import pytest
import torch
from steps import assert_same_state, average, breakable_problem, tiny_descent

from dipcli.engine.guard import INTERVAL, Guard
from dipcli.engine.stopping import ExponentialVariance
from dipcli.errors import DivergedError
from dipcli.options.engine import StoppingOptions

RATE = 0.01
SPOILT = pytest.mark.parametrize("factor", [math.nan, math.inf, 100.0], ids=["nan", "infinite", "exploded"])


class Run:
    """A descent with its guard, as the loop drives them."""

    def __init__(self):
        self.problem = breakable_problem()
        self.descent = tiny_descent(self.problem, learning_rate=RATE)
        self.stopper = ExponentialVariance(StoppingOptions(warm_up=0))
        self.average = average()
        self.guard = Guard(self.descent, self.stopper, self.average)

    def advance(self, n_steps, factor=1.0):
        """Whether each step was undone."""
        self.problem.operator.factor = factor
        undone = []
        for _ in range(n_steps):
            step = next(self.descent)
            self.average.update(step.estimate)
            self.stopper.update(step)
            undone.append(self.guard.rewound(step, is_last=False))
        return undone

    def state(self):
        return {"descent": self.descent.state(), "stopper": self.stopper.state(), "average": self.average.state()}

    @property
    def rate(self):
        return self.descent.state()["optimisers"]["adam"]["param_groups"][0]["lr"]


def test_a_healthy_run_is_left_alone():
    run = Run()
    assert not any(run.advance(3 * INTERVAL))
    assert run.rate == RATE


@SPOILT
def test_weights_moments_detector_and_average_go_back_bit_for_bit(factor):
    run = Run()
    run.advance(INTERVAL)
    good = run.state()
    assert run.advance(INTERVAL, factor)[-1]
    good["descent"]["optimisers"]["adam"]["param_groups"][0]["lr"] = RATE / 2
    assert_same_state(run.state(), good)


def test_a_run_goes_on_from_where_it_was_good():
    run = Run()
    run.advance(INTERVAL)
    run.advance(INTERVAL, math.nan)
    step = next(run.descent)
    assert step.iteration == INTERVAL + 1
    assert bool(step.picture.isfinite().all())


def test_it_looks_only_every_few_iterations():
    run = Run()
    run.advance(INTERVAL)
    assert run.advance(INTERVAL, math.nan) == [False] * (INTERVAL - 1) + [True]


def test_it_looks_at_the_last_iteration():
    run = Run()
    run.advance(INTERVAL)
    run.problem.operator.factor = math.nan
    assert run.guard.rewound(next(run.descent), is_last=True)


def test_each_strike_halves_the_learning_rate():
    run = Run()
    run.advance(INTERVAL)
    run.advance(INTERVAL, math.nan)
    run.advance(INTERVAL, math.nan)
    assert run.rate == RATE / 4


def test_the_third_strike_is_an_error_that_names_the_flag():
    run = Run()
    run.advance(INTERVAL)
    with pytest.raises(DivergedError, match=r"--learning-rate"):
        run.advance(3 * INTERVAL, math.nan)


def test_a_good_state_in_between_forgives_the_strikes():
    run = Run()
    run.advance(INTERVAL)
    for _ in range(4):
        assert run.advance(INTERVAL, math.nan)[-1]
        assert not run.advance(INTERVAL)[-1]
    assert run.rate == RATE / 2**4


def test_nan_in_the_first_step_goes_back_to_the_start():
    run = Run()
    start = run.state()
    assert run.advance(1, math.nan) == [True]
    start["descent"]["optimisers"]["adam"]["param_groups"][0]["lr"] = RATE / 2
    assert_same_state(run.state(), start)


def test_an_objective_a_few_times_as_large_is_no_divergence():
    run = Run()
    run.advance(2 * INTERVAL)
    step = next(run.descent)
    base = float(step.terms["data"])
    # The prediction p is about 0.5: a factor of 1 + s adds (s/2)² to the squared error.
    factor = 1 + 2 * math.sqrt(3 * base)
    assert not any(run.advance(INTERVAL - 1, factor))


def test_a_finite_run_never_returns_anything_but_numbers():
    run = Run()
    run.advance(INTERVAL)
    run.advance(INTERVAL, math.nan)
    run.advance(INTERVAL)
    assert bool(torch.isfinite(run.average.value()["image"]).all())
