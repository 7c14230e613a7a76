"""Penalties by hand and by numpy."""

import numpy as np
import pytest
import torch
from blurs import SOFT, blur, shapes
from laws import assert_differentiable, assert_matches

from dipcli.grid import gradients
from dipcli.penalties import normalised_sparsity, stein_divergence, total_variation


def test_total_variation_of_nine_values_by_hand():
    board = torch.tensor([[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.5]]])
    # Right: |1|+|-1| in the first row, 0.5 in the last; down: |-1| in the second column, 0.5 in the third.
    assert_matches(total_variation(board), (1 + 1 + 0.5 + 1 + 0.5) / 9)


@pytest.mark.parametrize("shape", [(2, 17), (3, 8, 9), (2, 5, 6, 7)], ids=str)
def test_total_variation_equals_numpy_on_every_number_of_axes(shape):
    image = torch.rand(shape)
    values = image.double().numpy()
    expected = sum(np.abs(np.diff(values, axis=axis)).sum() for axis in range(1, len(shape))) / values.size
    assert_matches(total_variation(image), expected, tolerance=1e-5)


def test_a_constant_has_no_total_variation():
    assert float(total_variation(torch.full((3, 8, 8), 0.4))) == 0


def test_channels_are_not_compared_with_each_other():
    image = torch.stack([torch.zeros(4, 4), torch.ones(4, 4)])
    assert float(total_variation(image)) == 0


def test_total_variation_grows_in_proportion():
    image = torch.rand(1, 8, 8)
    assert_matches(total_variation(3 * image), 3 * total_variation(image), tolerance=1e-5)


def test_there_is_one_gradient_for_each_axis():
    assert [tuple(g.shape) for g in gradients(torch.rand(2, 5, 6))] == [(2, 4, 6), (2, 5, 5)]


def test_gradients_of_total_variation_agree_with_differences():
    assert_differentiable(total_variation, torch.rand(1, 4, 5))


def test_sparsity_of_nine_values_by_hand():
    board = torch.zeros(1, 3, 3)
    board[0, 1:] = 0.5  # three slopes of 0.5 among twelve
    assert_matches(normalised_sparsity(board), (3 * 0.5 / 12) / (3 * 0.25 / 12) ** 0.5)


def test_sparsity_does_not_depend_on_contrast_and_size():
    image = torch.rand(1, 24, 24)
    assert_matches(normalised_sparsity(0.1 * image), normalised_sparsity(image), tolerance=1e-5)
    assert_matches(normalised_sparsity(torch.rand(1, 200, 200)), normalised_sparsity(image), tolerance=0.03)


def test_blur_makes_a_picture_less_sparse():
    picture = shapes(60, 60)
    assert float(normalised_sparsity(blur(picture, SOFT))) > 1.2 * float(normalised_sparsity(picture))


def test_gradients_of_sparsity_agree_with_differences():
    assert_differentiable(normalised_sparsity, torch.rand(1, 4, 5))


def test_the_divergence_of_a_linear_answer_is_its_diagonal():
    picture, gain = torch.rand(1, 8, 8), torch.rand(1, 8, 8)
    variance = torch.rand(1, 8, 8) + 0.1
    found = stein_divergence(variance)(gain * picture, lambda change: gain * (picture + change))
    assert_matches(found, (variance * (2 * gain - 1)).mean(), tolerance=1e-4)


def test_the_estimated_risk_of_smoothing_is_its_error():
    """128² pixels, the mean of which has a standard error of about σ²·√(2/n) = 1 % of σ²."""
    generator = torch.Generator().manual_seed(1)
    truth = torch.linspace(0, 1, 128).expand(1, 128, 128)
    noisy = truth + 0.2 * torch.randn(truth.shape, generator=generator)

    def smooth(picture):
        return torch.nn.functional.avg_pool2d(picture, 3, stride=1, padding=1, count_include_pad=False)

    divergence = stein_divergence(torch.full_like(noisy, 0.04))
    risk = (smooth(noisy) - noisy).square().mean() + divergence(
        smooth(noisy), lambda change: smooth(noisy + change)
    )
    assert float(risk) == pytest.approx(float((smooth(noisy) - truth).square().mean()), abs=0.04 * 0.03)


def test_values_without_variance_do_not_count_for_the_divergence():
    variance = torch.zeros(1, 4, 4)
    variance[..., :2] = 0.5
    found = stein_divergence(variance)(torch.zeros(1, 4, 4), lambda change: change)
    assert_matches(found, 0.5, tolerance=1e-4)
