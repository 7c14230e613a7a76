"""Data terms against their definitions, by hand and by torch's own losses."""

import math

import pytest
import torch
from laws import assert_differentiable, assert_matches
from torch.nn import functional

from dipcli.fidelities import (
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)

ALL = (mean_squared_error, root_mean_squared_error, mean_absolute_error, huber, poisson)
COMPLEX = (mean_squared_error, root_mean_squared_error, mean_absolute_error, huber)

every_fidelity = pytest.mark.parametrize("fidelity", ALL, ids=lambda f: f.__name__)

BOARD = torch.tensor([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]])
ERRORS = torch.tensor([[[0.0, 0.1, 0.0], [-0.2, 0.0, 0.0], [0.0, 0.0, 0.02]]])


def pair():
    return 0.1 + 0.8 * torch.rand(2, 8, 9), torch.rand(2, 8, 9)


def test_squared_error_of_nine_values_by_hand():
    assert_matches(mean_squared_error(BOARD + ERRORS, BOARD), (0.01 + 0.04 + 0.0004) / 9)


def test_absolute_error_of_nine_values_by_hand():
    assert_matches(mean_absolute_error(BOARD + ERRORS, BOARD), 0.32 / 9)


def test_huber_of_nine_values_by_hand():
    expected = (0.05 * (0.1 - 0.025) + 0.05 * (0.2 - 0.025) + 0.02**2 / 2) / 9
    assert_matches(huber(BOARD + ERRORS, BOARD), expected, tolerance=1e-5)  # 0.72 - 0.7 cancels two digits


def test_root_is_the_root_of_the_squared_error():
    prediction, measurement = pair()
    expected = mean_squared_error(prediction, measurement).sqrt()
    assert_matches(root_mean_squared_error(prediction, measurement), expected)


def test_a_perfect_fit_has_a_root_with_a_finite_gradient():
    prediction = BOARD.clone().requires_grad_()
    root_mean_squared_error(prediction, BOARD).backward()
    assert bool(prediction.grad.isfinite().all())


@pytest.mark.parametrize("delta", [0.05, 0.3])
def test_huber_equals_torch(delta):
    prediction, measurement = pair()
    expected = functional.huber_loss(prediction, measurement, delta=delta)
    assert_matches(huber(prediction, measurement, delta=delta), expected)


def test_poisson_differs_from_torch_by_a_constant_of_the_measurement():
    first, measurement = pair()
    second, _ = pair()

    def likelihood(prediction):
        return functional.poisson_nll_loss(prediction, measurement, log_input=False, eps=0.0)

    difference = poisson(first, measurement) - poisson(second, measurement)
    assert_matches(difference, likelihood(first) - likelihood(second), tolerance=1e-4)


def test_poisson_is_least_at_the_measurement():
    _, measurement = pair()
    measurement = measurement.clamp(min=0.01)
    assert float(poisson(measurement, measurement)) == pytest.approx(0, abs=1e-6)
    assert float(poisson(measurement + 0.05, measurement)) > 1e-4
    assert float(poisson(measurement - 0.005, measurement)) > 1e-6


def test_poisson_accepts_zero_and_negative_values():
    value = poisson(torch.tensor([[0.0, -1.0, 0.5]]), torch.tensor([[0.0, -0.2, 0.5]]))
    assert 0 <= float(value) < 1e-2


@every_fidelity
def test_without_weight_every_value_counts_the_same(fidelity):
    prediction, measurement = pair()
    weighted = fidelity(prediction, measurement, torch.full_like(measurement, 0.7))
    assert_matches(weighted, fidelity(prediction, measurement), tolerance=1e-5)


@every_fidelity
def test_hidden_values_are_left_out_of_the_mean(fidelity):
    prediction, measurement = pair()
    weight = (torch.rand_like(measurement) > 0.4).float()
    visible = weight > 0
    expected = fidelity(prediction[visible], measurement[visible])
    assert_matches(fidelity(prediction, measurement, weight), expected, tolerance=1e-5)


@every_fidelity
def test_nan_under_zero_weight_reaches_neither_value_nor_gradient(fidelity):
    prediction, measurement = pair()
    weight = (torch.rand_like(measurement) > 0.4).float()
    results = []
    for hidden in (0.5, math.nan):
        leaf = prediction.clone().requires_grad_()
        value = fidelity(leaf, torch.where(weight > 0, measurement, hidden), weight)
        value.backward()
        results.append((value.detach(), leaf.grad))
    (value, gradient), (other_value, other_gradient) = results
    assert torch.equal(value, other_value)
    assert torch.equal(gradient, other_gradient)
    assert not bool(gradient[weight == 0].any())


@pytest.mark.parametrize(
    "fidelity", [f for f in ALL if f is not root_mean_squared_error], ids=lambda f: f.__name__
)
def test_weights_count_in_proportion(fidelity):
    prediction, measurement = torch.tensor([[0.2, 0.6]]), torch.tensor([[0.5, 0.5]])
    first, second = (fidelity(prediction[:, i : i + 1], measurement[:, i : i + 1]) for i in (0, 1))
    expected = (3 * first + second) / 4
    assert_matches(fidelity(prediction, measurement, torch.tensor([[3.0, 1.0]])), expected, tolerance=1e-5)


@pytest.mark.parametrize("fidelity", COMPLEX, ids=lambda f: f.__name__)
def test_complex_values_count_by_their_distance(fidelity):
    prediction = torch.randn(1, 5, 5, dtype=torch.complex64)
    measurement = torch.randn(1, 5, 5, dtype=torch.complex64)
    distance = (prediction - measurement).abs()
    value = fidelity(prediction, measurement)
    assert not value.is_complex()
    assert_matches(value, fidelity(distance, torch.zeros_like(distance)), tolerance=1e-5)


@every_fidelity
def test_gradients_agree_with_differences(fidelity):
    prediction, measurement = pair()
    measurement = measurement.double()
    assert_differentiable(lambda x: fidelity(x, measurement), prediction)


@every_fidelity
def test_values_are_scalars_of_at_least_zero(fidelity):
    value = fidelity(*pair())
    assert value.shape == ()
    assert float(value) >= 0
