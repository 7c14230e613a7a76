"""The kernel of a blur is found from edges, tidied, and the better of two is told apart."""

import math

import pytest
import torch
from blurs import SOFT, blur, hook, shapes
from laws import assert_matches

from dipcli.blur.blur import centroid, motion_kernel
from dipcli.blur.edge_kernels import (
    centred,
    estimate_kernel,
    framed,
    judge,
    similarity,
    tidy,
    trimmed,
)

FOUND = 0.65  # similarity in pictures of 92 x 100, which have few edges; of a point to the kernel it is 0.3


def point(side=5, at=(2, 2), value=1.0):
    kernel = torch.zeros(side, side)
    kernel[at] = value
    return kernel


@pytest.fixture(scope="module")
def blurred():
    return blur(shapes(100, 108), hook())[0]


@pytest.mark.parametrize("window", [9, 13])
def test_the_kernel_is_found_in_a_window_that_is_large_enough(blurred, window):
    kernel = estimate_kernel(blurred, window)
    assert kernel.shape == (window, window)
    assert similarity(kernel, hook()) > FOUND
    assert similarity(kernel, hook()) > similarity(kernel, hook().flip(0, 1)) + 0.05


def test_the_kernel_is_not_negative_of_sum_1_and_centred(blurred):
    kernel = estimate_kernel(blurred, 11)
    assert float(kernel.min()) >= 0
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-5)
    assert [float(at) for at in centroid(kernel)] == pytest.approx([5, 5], abs=0.6)


def test_what_is_not_believed_cannot_change_the_kernel(blurred):
    mask = torch.ones_like(blurred, dtype=torch.bool)
    mask[20:40, 30:44] = False
    other = torch.where(mask, blurred, torch.ones_like(blurred))
    first, second = (estimate_kernel(frame, 9, mask=mask) for frame in (blurred, other))
    assert similarity(first, hook()) > FOUND
    assert similarity(second, hook()) > FOUND


def test_the_true_kernel_is_more_believable_than_others(blurred):
    truth = judge(blurred, hook())
    others = (point(9, (4, 4)), motion_kernel(9, 45), framed(SOFT, 9))
    assert all(judge(blurred, other).score > truth.score for other in others)


def test_a_scattered_kernel_foretells_less_than_it_explains(blurred):
    noise = torch.rand(9, 9, generator=torch.Generator().manual_seed(0))
    scattered = 0.7 * framed(hook(), 9) + 0.3 * noise / noise.sum()
    true, found = judge(blurred, hook()), judge(blurred, scattered)
    assert found.score - true.score > math.log(1.5)


def test_hidden_values_are_those_of_the_mask(blurred):
    mask = torch.ones_like(blurred, dtype=torch.bool)
    mask[20:40, 30:44] = False
    other = torch.where(mask, blurred, torch.ones_like(blurred))
    assert judge(other, hook(), mask).score == judge(blurred, hook(), mask).score


def test_faint_values_and_loose_parts_are_tidied_away():
    kernel = point(9, (4, 4)) + point(9, (4, 5)) + point(9, (0, 8), 0.05) - point(9, (8, 0), 0.3)
    found = tidy(kernel)
    assert int((found > 0).sum()) == 2
    assert float(found.sum()) == pytest.approx(1)


def test_a_kernel_without_a_value_becomes_a_point():
    assert torch.equal(tidy(torch.zeros(5, 5)), point())


def test_a_kernel_is_moved_to_the_middle_by_whole_pixels():
    moved = centred(framed(hook(), 15).roll((3, -2), (0, 1)))
    assert_matches(moved, centred(framed(hook(), 15)))


def test_a_trimmed_kernel_is_the_same_in_a_smaller_window():
    small = trimmed(framed(hook(), 31))
    assert small.shape == (5, 5)
    assert_matches(framed(small, 9), hook())
    assert trimmed(hook(), room=1).shape == (7, 7)
    assert trimmed(hook(), smallest=8).shape == (9, 9)


def test_similarity_is_1_whatever_the_shift_and_less_for_another():
    assert similarity(hook(), framed(hook(), 15).roll((2, 3), (0, 1))) == pytest.approx(1, abs=1e-6)
    assert similarity(hook(), 3 * hook()) == pytest.approx(1, abs=1e-6)
    assert similarity(hook(), point()) == pytest.approx(float(hook().max() / hook().norm()), abs=1e-6)
