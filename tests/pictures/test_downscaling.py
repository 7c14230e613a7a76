"""Decimation against Pillow's own, and what enlarging with it promises."""

import numpy as np
import pytest
import torch
from laws import assert_matches
from PIL import Image
from torch.nn import functional

from dipcli.pictures.downscaling import KERNELS, Decimation, decimation_matrix

PILLOW = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
# Whole factors, different ones along the axes, fractional ones, hardly any, one that leaves three pixels.
SIZES = [
    ((24, 36), (12, 12)),
    ((36, 24), (24, 16)),
    ((33, 40), (13, 17)),
    ((37, 29), (36, 28)),
    ((40, 40), (3, 3)),
]

every_kernel = pytest.mark.parametrize("kernel", KERNELS)
every_size = pytest.mark.parametrize(("high", "low"), SIZES)


def pillows(plane, low, kernel):
    return np.array(Image.fromarray(plane.numpy()).resize(low[::-1], PILLOW[kernel]))


def by_a_plain_loop(line, n_low, reach):
    """One line with the windowed sinc of `reach` lobes, one output pixel after the other."""
    ratio, small = len(line) / n_low, []
    for j in range(n_low):
        total = weights = 0.0
        for i, value in enumerate(line):
            at = ((i + 0.5) - (j + 0.5) * ratio) / ratio
            weight = np.sinc(at) * np.sinc(at / reach) if abs(at) < reach else 0.0
            total, weights = total + weight * value, weights + weight
        small.append(total / weights)
    return np.array(small)


@pytest.mark.parametrize("kernel", PILLOW)
@every_size
def test_decimation_equals_the_resize_of_pillow(kernel, high, low):
    plane = torch.rand(high)
    small = Decimation(high, low, kernel)(plane[None])[0]
    assert_matches(small, pillows(plane, low, kernel), tolerance=1e-5)  # float32 sums of some dozen terms


@pytest.mark.parametrize(("kernel", "reach"), [("lanczos2", 2), ("lanczos3", 3)])
@pytest.mark.parametrize("n_low", [5, 12, 13, 30])
def test_lanczos_equals_a_plain_loop(kernel, reach, n_low):
    line = torch.rand(31, dtype=torch.float64)
    actual = decimation_matrix(31, n_low, kernel) @ line
    assert_matches(actual, by_a_plain_loop(line.numpy(), n_low, reach), tolerance=1e-12)  # float64 on both sides


def test_a_box_of_two_is_the_mean_of_pairs():
    small = Decimation((4,), (2,), "box")(torch.tensor([[1.0, 2.0, 3.0, 6.0]]))
    assert_matches(small, [[1.5, 4.5]])


def test_bilinear_weights_by_hand():
    # Centres 1 and 3; pixels at 0.5, 1.5, 2.5 are 1/4, 1/4, 3/4 of a wide pixel away from the first.
    expected = torch.tensor([[3, 3, 1, 0], [0, 1, 3, 3]], dtype=torch.float64) / 7
    assert_matches(decimation_matrix(4, 2, "bilinear"), expected, tolerance=1e-12)


@every_kernel
@pytest.mark.parametrize(("n_high", "n_low"), [(24, 12), (33, 13), (40, 3), (17, 16), (9, 9), (5, 1)])
def test_every_row_sums_to_one(kernel, n_high, n_low):
    sums = decimation_matrix(n_high, n_low, kernel).sum(1)
    assert_matches(sums, torch.ones(n_low, dtype=torch.float64), tolerance=1e-12)


@every_kernel
def test_a_constant_picture_stays_constant(kernel):
    small = Decimation((20, 30), (7, 11), kernel)(torch.full((3, 20, 30), 0.3))
    assert_matches(small, torch.full((3, 7, 11), 0.3), tolerance=1e-6)


@every_kernel
def test_a_picture_of_the_same_size_stays_as_it_is(kernel):
    image = torch.rand(2, 12, 9)
    assert_matches(Decimation((12, 9), (12, 9), kernel)(image), image, tolerance=1e-6)


def test_channels_do_not_touch_each_other():
    operator, image = Decimation((12, 15), (6, 5), "bicubic"), torch.rand(3, 12, 15)
    assert_matches(operator(image), torch.cat([operator(channel[None]) for channel in image]))


def test_a_line_is_decimated_as_the_row_of_a_picture():
    line = torch.rand(1, 50)
    rows = line[:, None].expand(1, 8, 50)
    small = Decimation((50,), (17,), "lanczos3")(line)
    assert_matches(small[:, None].expand(1, 8, 17), Decimation((8, 50), (8, 17), "lanczos3")(rows), tolerance=1e-5)


def test_a_box_volume_of_whole_factors_is_the_mean_of_blocks():
    volume = torch.rand(2, 8, 12, 15)
    small = Decimation((8, 12, 15), (4, 4, 5), "box")(volume)
    assert_matches(small, functional.avg_pool3d(volume[None], (2, 3, 3))[0], tolerance=1e-5)


def test_a_volume_is_decimated_one_axis_after_the_other():
    volume = torch.rand(1, 9, 12, 15)
    planes = Decimation((12, 15), (7, 6), "bicubic")(volume[0])
    expected = Decimation((9,), (4,), "bicubic")(planes.permute(1, 2, 0).reshape(-1, 9)).reshape(7, 6, 4)
    small = Decimation((9, 12, 15), (4, 7, 6), "bicubic")(volume)
    assert_matches(small[0], expected.permute(2, 0, 1), tolerance=1e-5)


@every_kernel
@pytest.mark.parametrize(("high", "low"), [*SIZES[:4], ((50,), (17,)), ((12, 14, 16), (6, 9, 8))])
def test_the_image_that_explains_a_small_one_decimates_to_it(kernel, high, low):
    operator = Decimation(high, low, kernel)
    image, small = torch.rand(2, *high), torch.rand(2, *low)
    # The inverse is damped by 1e-6 of the image's power; the least power that is left of a frequency is 0.3 %.
    assert_matches(operator(operator.explain(image, small)), small, tolerance=1e-3)


@every_kernel
def test_an_enlarged_picture_decimates_to_the_small_one(kernel):
    operator, small = Decimation((33, 40), (13, 17), kernel), torch.rand(1, 13, 17)
    assert_matches(operator(operator.enlarge(small)), small, tolerance=1e-3)


def test_an_image_that_explains_the_small_one_stays_as_it_is():
    operator, image = Decimation((24, 30), (12, 10), "bicubic"), torch.rand(1, 24, 30)
    assert_matches(operator.explain(image, operator(image)), image, tolerance=1e-5)


def test_explaining_changes_nothing_that_decimation_cannot_see():
    operator, image = Decimation((24, 30), (12, 10), "bicubic"), torch.rand(1, 24, 30)
    change = operator.explain(image, torch.rand(1, 12, 10)) - image
    drawn = torch.rand(1, 24, 30)
    unseen = drawn - operator.enlarge(operator(drawn))
    assert float(operator(unseen).abs().max()) < 1e-4
    assert abs(float((change * unseen).sum())) < 1e-4 * float(change.norm() * unseen.norm())


def test_damping_moves_the_image_less_and_explains_less():
    operator, image, small = (
        Decimation((24, 30), (12, 10), "bicubic"),
        torch.rand(1, 24, 30),
        torch.rand(1, 12, 10),
    )
    explained = [operator.explain(image, small, damping) for damping in (0.0, 0.1, 1.0)]
    moves = [float((other - image).norm()) for other in explained]
    misfits = [float((operator(other) - small).norm()) for other in explained]
    assert moves == sorted(moves, reverse=True)
    assert misfits == sorted(misfits)


@pytest.mark.parametrize(("high", "low"), [((8,), (9,)), ((16, 8), (8, 9)), ((8, 8, 8), (9, 9, 9))])
def test_growth_is_refused(high, low):
    with pytest.raises(ValueError, match="does not decimate to the larger"):
        Decimation(high, low, "box")
