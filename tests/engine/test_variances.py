"""The moving variances against their definitions, and the misfit on held-out values."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from steps import assert_same_state, risky_problem, step_at, tiny_problem

from dipcli.engine.self_validation import SelfValidation
from dipcli.engine.stopping import (
    ExponentialVariance,
    HeldOut,
    Never,
    WindowedVariance,
    ZeroCrossing,
    build_stopper,
    hold_out,
)
from dipcli.errors import OptionError
from dipcli.options.engine import StoppingOptions

# Sums of float32 pictures in float64, less one another: relative errors stay far below 1e-9.
EXACT = 1e-9


def drifting(n_steps, shape=(2, 5, 4)):
    """Pictures that move ever less, then ever more."""
    generator = torch.Generator().manual_seed(3)
    deviations = [0.01 + 0.002 * abs(i - n_steps // 2) for i in range(n_steps)]
    return [0.5 + d * torch.randn(shape, generator=generator) for d in deviations]


def scores(stopper, pictures):
    return [stopper.score(step_at(i, picture)) for i, picture in enumerate(pictures, 1)]


def windowed(pictures, **options):
    return scores(WindowedVariance(StoppingOptions(**options)), pictures)


def test_windowed_variance_equals_numpy_while_the_window_wraps_around():
    pictures = drifting(30)
    stack = np.stack([picture.double().numpy() for picture in pictures])
    expected = [stack[i - 7 : i].var(axis=0).mean() for i in range(7, 31)]
    assert windowed(pictures, window=7)[6:] == pytest.approx(expected, rel=EXACT)


def test_windowed_variance_waits_for_a_full_window():
    assert windowed(drifting(10), window=7)[:6] == [None] * 6


def test_windowed_variance_of_a_picture_at_rest_is_zero():
    assert windowed([torch.rand(1, 8, 8)] * 12, window=5)[4:] == pytest.approx([0.0] * 8, abs=1e-15)


def test_exponential_variance_equals_its_recursion():
    pictures, alpha = drifting(40), 0.2
    mean, variance, expected = np.zeros((2, 5, 4)), 0.0, []
    for picture in pictures:
        x = picture.double().numpy()
        variance = (1 - alpha) * variance + alpha * (1 - alpha) * ((x - mean) ** 2).mean()
        mean = (1 - alpha) * mean + alpha * x
        expected.append(variance)
    assert scores(ExponentialVariance(StoppingOptions(alpha=alpha)), pictures) == pytest.approx(
        expected, rel=EXACT
    )


def test_exponential_variance_of_a_constant_drift_has_its_closed_form():
    drift, alpha = 2.0**-10, 0.25  # a lag of drift/alpha behind, hence (1-alpha)·(drift/alpha)²
    pictures = [torch.full((1, 2, 2), i * drift) for i in range(200)]
    last = scores(ExponentialVariance(StoppingOptions(alpha=alpha)), pictures)[-1]
    assert last == pytest.approx((1 - alpha) * (drift / alpha) ** 2, rel=EXACT)


@pytest.mark.parametrize("kind", [WindowedVariance, ExponentialVariance])
def test_a_subset_of_the_pixels_finds_the_minimum_in_the_same_place(kind):
    pictures = drifting(120, (1, 64, 64))
    full, part = (
        [score or np.inf for score in scores(kind(StoppingOptions(window=20, pixels=n)), pictures)][20:]
        for n in (0, 512)
    )
    assert abs(int(np.argmin(full)) - int(np.argmin(part))) <= 3
    assert min(part) == pytest.approx(min(full), rel=0.05)


def test_the_subset_is_the_same_in_every_run():
    pictures = drifting(8, (1, 16, 16))
    assert windowed(pictures, window=4, pixels=10) == windowed(pictures, window=4, pixels=10)


@pytest.mark.parametrize("kind", [WindowedVariance, ExponentialVariance])
def test_a_rewound_variance_continues_bit_for_bit(kind):
    pictures = drifting(30)
    stopper = kind(StoppingOptions(window=7, pixels=13))
    scores(stopper, pictures[:17])
    state = stopper.state()
    first = scores(stopper, pictures[17:])
    stopper.load_state(state)
    assert scores(stopper, pictures[17:]) == first


def test_a_state_does_not_change_with_the_stopper():
    stopper = WindowedVariance(StoppingOptions(window=3))
    scores(stopper, drifting(5))
    state, again = stopper.state(), stopper.state()
    scores(stopper, drifting(5))
    assert_same_state(state, again)


def test_never_tells_nothing():
    stopper = Never(StoppingOptions())
    assert stopper.update(step_at(9999, torch.zeros(1, 2, 2))) == (None, False, False)


def test_held_out_positions_have_the_share_asked_for():
    problem = replace(tiny_problem(), measurement=torch.rand(3, 64, 64))
    _, hidden = hold_out(problem, 0.2)
    assert float(hidden.weight.mean()) == pytest.approx(0.2, abs=0.02)  # 4,096 draws: standard error 0.006


def test_held_out_and_visible_positions_are_disjoint_and_complete():
    problem = replace(tiny_problem(), weight=(torch.rand(1, 16, 16) > 0.3).float())
    visible, hidden = hold_out(problem, 0.3)
    assert float((visible.weight * hidden.weight).max()) == 0
    assert torch.equal(visible.weight + hidden.weight, problem.weight)


def test_all_channels_of_a_position_are_held_out_together():
    _, hidden = hold_out(replace(tiny_problem(), measurement=torch.rand(3, 16, 16)), 0.3)
    assert torch.equal(hidden.weight[0], hidden.weight[1])
    assert torch.equal(hidden.weight[0], hidden.weight[2])


def test_held_out_positions_are_the_same_in_every_run():
    first, second = (hold_out(tiny_problem(), 0.3)[1].weight for _ in range(2))
    assert torch.equal(first, second)


def test_the_held_out_score_is_the_smoothed_misfit_on_hidden_values():
    _, hidden = hold_out(tiny_problem(), 0.3)
    stopper, alpha, expected = HeldOut(StoppingOptions(alpha=0.5), hidden), 0.5, None
    for i in range(1, 6):
        prediction = torch.rand(1, 16, 16)
        misfit = float((prediction - hidden.measurement)[hidden.weight > 0].square().mean())
        expected = misfit if expected is None else (1 - alpha) * expected + alpha * misfit
        assert stopper.score(step_at(i, prediction)) == pytest.approx(expected, rel=1e-5)


def test_the_held_out_score_does_not_see_fitted_values():
    _, hidden = hold_out(tiny_problem(), 0.3)
    prediction = torch.rand(1, 16, 16)
    other = torch.where(hidden.weight > 0, prediction, torch.rand(1, 16, 16))
    first, second = (HeldOut(StoppingOptions(), hidden).score(step_at(1, p)) for p in (prediction, other))
    assert first == second


def test_the_risk_is_the_smoothed_sum_of_misfit_and_divergence():
    stopper = ZeroCrossing(StoppingOptions(alpha=0.5))
    step = step_at(1, torch.zeros(1, 2, 2))
    found = []
    for misfit, divergence in ((0.5, -0.1), (0.3, -0.2)):
        terms = {
            "data": torch.tensor(misfit),
            "divergence": torch.tensor(divergence),
            "total_variation": torch.ones(()),
        }
        found.append(stopper.score(replace(step, terms=terms)))
    assert found == pytest.approx([0.4, 0.25])


def test_a_risk_can_only_be_watched_where_it_is_estimated():
    options = StoppingOptions(stop="zero-crossing")
    assert type(build_stopper(risky_problem(), options)[1]) is ZeroCrossing
    with pytest.raises(OptionError, match="--loss sure"):
        build_stopper(tiny_problem(), options)


@pytest.mark.parametrize(
    ("stop", "kind"),
    [
        ("wmv", WindowedVariance),
        ("emv", ExponentialVariance),
        ("self-validation", SelfValidation),
        ("never", Never),
        ("held-out", HeldOut),
    ],
)
def test_the_stopper_is_the_one_named(stop, kind):
    assert type(build_stopper(tiny_problem(), StoppingOptions(stop=stop))[1]) is kind


def test_only_held_out_hides_values_from_the_fit():
    problem = tiny_problem()
    assert build_stopper(problem, StoppingOptions(stop="emv"))[0] is problem
    visible, _ = build_stopper(problem, StoppingOptions(stop="held-out", held_out=0.3))
    assert 0 < float(visible.weight.mean()) < 1
