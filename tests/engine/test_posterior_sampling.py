"""Samples of one run: when the first is drawn, how many, and what is made of them."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from laws import assert_matches
from steps import TINY, step_at, tiny_problem

from dipcli.engine.restore import restore
from dipcli.engine.sampling import BurnIn, SampleMean
from dipcli.engine.stopper import BURNT_IN
from dipcli.errors import OptionError
from dipcli.options.engine import SPACING, DescentOptions, EngineOptions, StoppingOptions
from dipcli.options.overrides import Overrides
from dipcli.pictures.presets import denoise_options

PICTURE = torch.zeros(1, 2, 2)


def falling_until(rest):
    return lambda i: max(1.0, 1 + 0.05 * (rest - i))


def judge(misfit, *, samples=3, iterations=1000):
    """The iterations of the samples, and the one at which the run stopped (None if it did not)."""
    burn_in = BurnIn(StoppingOptions(warm_up=0, samples=samples, iterations=iterations))
    drawn = []
    for iteration in range(1, iterations + 1):
        if burn_in.is_due:
            drawn.append(iteration)
        step = replace(step_at(iteration, PICTURE), terms={"data": torch.tensor(misfit(iteration))})
        if burn_in.update(step).stop:
            return drawn, iteration
    return drawn, None


def test_samples_are_drawn_once_the_data_term_has_come_to_rest():
    drawn, stopped = judge(falling_until(200))
    assert 200 < drawn[0] <= 200 + 2 * BURNT_IN + 1
    assert [b - a for a, b in pairwise(drawn)] == [SPACING] * 2
    assert stopped == drawn[-1]


def test_nothing_is_drawn_before_two_windows_were_seen():
    drawn, _ = judge(lambda _: 1.0)
    assert drawn[0] == 2 * BURNT_IN + 1


def test_where_it_does_not_come_to_rest_the_last_iterations_are_drawn_and_nothing_is_confirmed():
    drawn, stopped = judge(lambda i: 0.99**i, iterations=150)
    assert drawn == [130, 140, 150]
    assert stopped is None


def test_the_mean_and_the_deviation_are_those_of_the_samples():
    class Always:
        is_due = True

    mean, pictures = SampleMean(Always(), lambda estimate: estimate["image"] ** 2), torch.rand(7, 1, 4, 4)
    for picture in pictures:
        mean.update({"image": picture})
    assert_matches(mean.value()["image"], pictures.mean(0), tolerance=1e-6)
    assert_matches(mean.spread(), pictures.square().std(0), tolerance=1e-6)


def test_before_any_sample_the_latest_iterate_is_the_mean():
    mean = SampleMean(BurnIn(StoppingOptions(samples=2)), lambda estimate: estimate["image"])
    mean.update({"image": PICTURE})
    mean.update({"image": PICTURE + 1})
    assert torch.equal(mean.value()["image"], PICTURE + 1)
    assert mean.spread() is None


def test_one_run_has_a_spread_where_it_is_sampled():
    stopping = StoppingOptions(samples=3, iterations=60)
    engine = EngineOptions(TINY, DescentOptions(weight_noise=0.02), stopping)
    result = restore(tiny_problem(), engine)
    assert len(result.solutions) == 1
    assert result.spread.shape == result.picture.shape
    assert float(result.spread.min()) > 0


def test_samples_bring_their_noise_their_iterations_and_one_run():
    engine = denoise_options("fast", "cpu", Overrides({"samples": 40})).engine
    assert engine.descent.weight_noise == pytest.approx(2 * engine.descent.learning_rate)
    assert engine.stopping.iterations >= 600 + 40 * SPACING
    assert engine.stopping.runs == 1


@pytest.mark.parametrize(
    ("given", "what"), [({"samples": 1}, "deviation"), ({"samples": 9, "iterations": 90}, "--iterations")]
)
def test_samples_that_cannot_be_drawn_are_refused(given, what):
    with pytest.raises(OptionError, match=what):
        denoise_options("fast", "cpu", Overrides(given))
