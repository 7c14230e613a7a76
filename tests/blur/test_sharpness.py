"""Whether a picture is blurred, by the width of its sharpest edges."""

import pytest
import torch
from blurs import blur, hook, shapes
from noises import gaussian

from dipcli.blur.blur import disk_kernel, gaussian_kernel, motion_kernel
from dipcli.blur.sharpness import SHARP_WIDTH, measure_sharpness


@pytest.fixture(scope="module")
def sharp():
    return shapes(160, 160)


def test_the_edges_of_a_sharp_picture_are_narrow_in_all_directions(sharp):
    assert measure_sharpness(sharp[0]).width < SHARP_WIDTH


@pytest.mark.parametrize("kernel", [hook(), disk_kernel(3), motion_kernel(9, 30), gaussian_kernel(1.5)])
def test_blurred_edges_are_wide(sharp, kernel):
    assert measure_sharpness(blur(sharp, kernel)[0]).width > SHARP_WIDTH


@pytest.mark.parametrize("angle", [0, 45, 90, 135])
def test_edges_are_widest_along_the_motion(sharp, angle):
    sharpness = measure_sharpness(blur(sharp, motion_kernel(9, angle))[0])
    assert max(range(8), key=sharpness.widths.__getitem__) == pytest.approx(angle / 22.5, abs=1) or angle == 0
    assert "widest along" in str(sharpness)


def test_an_even_blur_has_no_direction(sharp):
    assert "widest" not in str(measure_sharpness(blur(sharp, gaussian_kernel(2.0))[0]))


def test_a_picture_without_edges_has_no_width():
    sharpness = measure_sharpness(torch.full((60, 60), 0.5))
    assert sharpness.width == 0
    assert str(sharpness) == "no edges"


def test_widths_do_not_depend_on_contrast(sharp):
    whole, faint = measure_sharpness(sharp[0]), measure_sharpness(0.4 + 0.1 * sharp[0])
    assert whole.widths == pytest.approx(faint.widths, rel=1e-3, nan_ok=True)


def test_a_little_noise_does_not_make_a_blurred_picture_sharp(sharp):
    frame = blur(sharp, disk_kernel(3))
    assert measure_sharpness(gaussian(frame, 0.01)[0]).width > SHARP_WIDTH
