"""Blurs of a pixel or two, whose edges are hardly wider than those of a sharp picture."""

import pytest
import torch
from blurs import blur, shapes

from dipcli.blur.blur import disk_kernel, gaussian_kernel, motion_kernel
from dipcli.blur.blurred_frame import look_at
from dipcli.blur.doubts import POINT
from dipcli.blur.edge_kernels import covered, similarity
from dipcli.blur.kernel_search import by_edges, is_blurred
from dipcli.blur.options import DeblurOptions
from dipcli.blur.searched_part import choose_part, search_in
from dipcli.blur.sharpness import measure_sharpness

OPTIONS = DeblurOptions(method="tv", restarts=0, kernel_size=13)


def search_of(picture):
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    blurred, _ = look_at(picture + noise / 255, OPTIONS)
    return search_in(blurred, choose_part(blurred, OPTIONS), OPTIONS)


def is_said_to_be_blurred(search):
    return is_blurred(search, measure_sharpness(search.gray))


def comet(side=7):
    """A kernel whose mass is near one point, with a tail."""
    kernel = torch.zeros(side, side)
    kernel[1:3, 1:4] = 1.0
    kernel[3, 3:5] = 0.6
    kernel[4, 5] = kernel[5, 5] = 0.4
    return kernel / kernel.sum()


@pytest.fixture(scope="module")
def sharp():
    return shapes(150, 130)


def test_a_sharp_picture_is_not_said_to_be_blurred(sharp):
    assert not is_said_to_be_blurred(search_of(sharp))


@pytest.mark.parametrize("kernel", [gaussian_kernel(0.9), disk_kernel(1.7), motion_kernel(4, 30), comet()])
def test_a_mild_blur_is_seen(sharp, kernel):
    assert is_said_to_be_blurred(search_of(blur(sharp, kernel)))


def test_a_kernel_that_is_gathered_round_a_point_is_found(sharp):
    search = search_of(blur(sharp, comet()))
    guess = by_edges(search).guess
    assert similarity(guess.kernel, comet()) > 0.8
    assert covered(guess.kernel) >= POINT


def test_an_even_kernel_covers_its_pixels_and_a_point_one():
    assert covered(torch.full((3, 3), 1 / 9)) == pytest.approx(9)
    assert covered(torch.ones(1, 1)) == 1
