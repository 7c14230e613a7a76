"""Blurring is scipy's convolution, drawn kernels are what they are called, and shifts cancel out."""

import numpy as np
import pytest
import torch
from blurs import SOFT, blur, hook
from laws import assert_matches
from scipy import ndimage

from dipcli.blur.blur import (
    BlindBlur,
    Blur,
    blind_deblurring_problem,
    centroid,
    convolve,
    disk_kernel,
    gaussian_kernel,
    motion_kernel,
    seen_picture,
)
from dipcli.fidelities import mean_squared_error
from dipcli.problem import Unknown


@pytest.mark.parametrize("shape", [(1, 20, 24), (3, 17, 19)], ids=str)
def test_blurring_is_the_valid_convolution_of_scipy(shape):
    picture, kernel = torch.rand(shape), torch.rand(5, 5)
    assert_matches(convolve(picture, kernel), blur(picture, kernel), tolerance=1e-5)


def test_known_and_unknown_kernels_blur_alike():
    picture, kernel = torch.rand(2, 20, 24), torch.rand(5, 5)
    assert torch.equal(Blur(kernel)(picture), BlindBlur()(picture, kernel[None]))


@pytest.mark.parametrize(
    "kernel",
    [gaussian_kernel(0.4), gaussian_kernel(2.0), motion_kernel(11, 30), motion_kernel(1, 0), disk_kernel(3.3)],
)
def test_drawn_kernels_are_odd_centred_and_of_sum_1(kernel):
    assert kernel.shape[0] == kernel.shape[1]
    assert kernel.shape[0] % 2 == 1
    assert float(kernel.min()) >= 0
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-5)
    middle = kernel.shape[0] // 2
    assert [float(at) for at in centroid(kernel)] == pytest.approx([middle, middle], abs=1e-4)


def test_a_gaussian_kernel_is_scipys():
    point = np.zeros((13, 13))
    point[6, 6] = 1
    assert_matches(gaussian_kernel(2.0), ndimage.gaussian_filter(point, 2.0, truncate=3.0), tolerance=1e-5)


@pytest.mark.parametrize(("angle", "rows", "columns"), [(0, 1, 7), (90, 7, 1)])
def test_a_motion_runs_along_its_angle(angle, rows, columns):
    kernel = motion_kernel(7, angle)
    lit = kernel > 1e-3
    assert (int(lit.any(1).sum()), int(lit.any(0).sum())) == (rows, columns)


def test_angles_turn_counter_clockwise():
    kernel = motion_kernel(9, 45)
    above_right, above_left = kernel[:4, 5:].sum(), kernel[:4, :4].sum()
    assert float(above_right) > 0.2
    assert float(above_left) < 0.01


def test_a_disk_covers_its_area():
    kernel = disk_kernel(5)
    assert 1 / float(kernel.max()) == pytest.approx(np.pi * 25, rel=0.01)


@pytest.mark.parametrize("shift", [(0, 0), (1, -2), (-2, 2)])
def test_a_shift_of_the_kernel_that_the_picture_undoes_is_not_seen(shift):
    picture, kernel = torch.rand(1, 24, 28), hook()
    moved = {"image": picture.roll([-s for s in shift], (1, 2)), "kernel": kernel.roll(shift, (0, 1))[None]}
    plain = {"image": picture, "kernel": kernel[None]}
    inner = (..., slice(3, -3), slice(3, -3))
    assert torch.equal(seen_picture(moved)[inner], seen_picture(plain)[inner])


def test_what_is_seen_has_the_size_of_the_frame():
    estimate = {"image": torch.rand(3, 24, 28), "kernel": SOFT[None]}
    assert seen_picture(estimate).shape == BlindBlur()(**estimate).shape


def test_penalties_have_the_weights_that_are_given():
    def problem(**weights):
        unknowns = Unknown((1, 20, 20)), Unknown((1, 5, 5), "simplex")
        return blind_deblurring_problem(torch.rand(1, 16, 16), *unknowns, mean_squared_error, **weights)

    assert problem().penalties == ()
    named = {p.function.__name__: p.weight for p in problem(sparsity_weight=0.1, tv_weight=0.2).penalties}
    assert named == {"normalised_sparsity": 0.1, "total_variation": 0.2}
