"""Total variation: slopes by hand, steps that stay sharp, and the least of the objective."""

import pytest
import torch
from laws import assert_adjoint, assert_linear, assert_matches

from dipcli.classical.least_squares import least_squares
from dipcli.classical.tv import tv_least_squares
from dipcli.grid import slopes

every_shape = pytest.mark.parametrize("shape", [(2, 9), (2, 5, 6), (1, 3, 4, 5)], ids=str)


def identity(image):
    return image


def measuring(shape, share=0.7):
    """A complex operator of which only a share of the values is measured."""
    kept = torch.rand(shape, generator=torch.Generator().manual_seed(1)) < share
    kept[:, 0, 0] = True
    return lambda image: torch.fft.fft2(image, norm="ortho") * kept


def objective(operator, measurement, image, weight):
    misfit = (operator(image) - measurement).abs().square().sum() / 2
    return float(misfit + weight * torch.linalg.vector_norm(slopes(image), dim=(0, 1)).sum())


def step_picture(height=16, width=18):
    picture = torch.zeros(1, height, width)
    picture[:, :, width // 2 :] = 1
    return picture


def test_slopes_by_hand():
    found = slopes(torch.tensor([[[1.0, 2.0, 4.0], [0.0, 5.0, 5.0]]]))
    assert found.shape == (2, 1, 2, 3)
    assert found[0, 0].tolist() == [[-1, 3, 1], [0, 0, 0]]
    assert found[1, 0].tolist() == [[1, 2, 0], [5, 0, 0]]


@every_shape
def test_slopes_have_an_axis_for_each_of_space(shape):
    assert slopes(torch.zeros(shape)).shape == (len(shape) - 1, *shape)


@every_shape
def test_slopes_are_linear(shape):
    assert_linear(slopes, shape)


@every_shape
def test_slopes_have_the_adjoint_that_autograd_gives(shape):
    assert_adjoint(slopes, shape)


@pytest.mark.parametrize("operator", [identity, measuring((1, 8, 6))], ids=["identity", "fourier"])
def test_a_constant_stays_as_it_is(operator):
    constant = torch.full((1, 8, 6), 0.7)
    found = tv_least_squares(operator, operator(constant), constant, 0.1)
    assert_matches(found, constant, tolerance=1e-5)


def test_a_step_loses_the_height_that_the_weight_takes_from_it():
    """Of ½|x - y|² + w|slopes(x)| each of the two levels of three values moves by w / 3: worked by hand."""
    step = torch.tensor([[0.0, 0, 0, 1, 1, 1]])
    found = tv_least_squares(identity, step, step, 0.3, rounds=300)
    assert_matches(found, torch.tensor([[0.1, 0.1, 0.1, 0.9, 0.9, 0.9]]), tolerance=1e-3)


def test_a_weight_above_the_height_of_a_step_leaves_the_mean():
    step = torch.tensor([[0.0, 0, 0, 1, 1, 1]])
    found = tv_least_squares(identity, step, step, 2.0, rounds=300)
    assert_matches(found, torch.full((1, 6), 0.5), tolerance=1e-3)


def test_a_noisy_step_comes_out_better_than_by_least_squares():
    truth = step_picture()
    noisy = truth + 0.2 * torch.randn(truth.shape)
    plain = least_squares(identity, noisy, torch.zeros_like(truth))
    found = tv_least_squares(identity, noisy, torch.zeros_like(truth), 0.2)
    assert float((found - truth).square().mean()) < 0.2 * float((plain - truth).square().mean())


def test_missing_frequencies_of_a_rectangle_come_back():
    truth = torch.zeros(1, 16, 18)
    truth[:, 4:11, 5:14] = 1
    operator = measuring(truth.shape, 0.5)
    plain = least_squares(operator, operator(truth), torch.zeros_like(truth))
    found = tv_least_squares(operator, operator(truth), torch.zeros_like(truth), 1e-3, rounds=100)
    assert float((found - truth).square().mean()) < 0.05 * float((plain - truth).square().mean())


def test_without_weight_it_is_least_squares():
    matrix = torch.eye(30) + 0.05 * torch.randn(30, 30)
    measurement, start = torch.randn(30), torch.zeros(1, 5, 6)

    def operator(image):
        return matrix @ image.flatten()

    expected = torch.linalg.solve(matrix, measurement).reshape(1, 5, 6)
    assert_matches(tv_least_squares(operator, measurement, start, 0.0), expected, tolerance=1e-3)


@pytest.mark.parametrize("operator", [identity, measuring((2, 8, 6))], ids=["identity", "fourier"])
def test_a_short_run_is_near_the_optimum_of_a_long_one(operator):
    measurement = operator(torch.randn(2, 8, 6) + torch.ones(2, 8, 6).cumsum(1) / 4)
    start = torch.zeros(2, 8, 6)
    short, long = (
        objective(operator, measurement, tv_least_squares(operator, measurement, start, 0.3, rounds=n), 0.3)
        for n in (30, 300)
    )
    assert long <= short * (1 + 1e-5) <= 1.002 * long


def test_no_small_change_lowers_the_optimum():
    measurement = torch.randn(1, 8, 6)
    found = tv_least_squares(identity, measurement, torch.zeros(1, 8, 6), 0.3, rounds=300)
    least = objective(identity, measurement, found, 0.3)
    changed = [objective(identity, measurement, found + 0.01 * torch.randn(found.shape), 0.3) for _ in range(50)]
    assert min(changed) > least


def test_the_splitting_does_not_decide_whereto():
    operator = measuring((1, 8, 6))
    measurement = operator(torch.randn(1, 8, 6))
    one, other = (
        tv_least_squares(operator, measurement, torch.zeros(1, 8, 6), 0.1, split=split, rounds=200)
        for split in (0.05, 0.3)
    )
    assert_matches(one, other, tolerance=5e-3)


def test_slopes_of_all_channels_are_taken_together():
    """Two channels with the same step pay √2 for it, not 2: each level moves by w / (3·√2)."""
    step = torch.tensor([[0.0, 0, 0, 1, 1, 1]]).expand(2, 6)
    found = tv_least_squares(identity, step, step, 0.3, rounds=300)
    moved = 0.1 / 2**0.5
    expected = torch.tensor([[moved] * 3 + [1 - moved] * 3]).expand(2, 6)
    assert_matches(found, expected, tolerance=1e-3)


def test_a_coarse_start_is_left_as_it_was():
    start = torch.rand(1, 8, 6)
    before = start.clone()
    tv_least_squares(identity, torch.randn(1, 8, 6), start, 0.1)
    assert torch.equal(start, before)
