"""Taking turns between what looks clean and what was measured."""

import pytest
import torch
from laws import assert_matches
from torch.nn import functional

from dipcli.classical.patch_groups import Grouping
from dipcli.classical.plug_and_play import SHORTEST_SIDE, alternate_groups, alternate_windows, falling
from dipcli.metrics import psnr_db

QUICK = Grouping(side=6, step=4, reach=8, count=8)


def by_windows(image, explain, levels):
    return alternate_windows(image, explain, levels)


def by_groups(image, explain, levels):
    return alternate_groups(image, explain, levels, QUICK)


either = pytest.mark.parametrize("alternate", [by_windows, by_groups], ids=["windows", "groups"])


def as_it_is(image, level):
    return image


def test_levels_fall_geometrically_from_the_highest_to_the_lowest():
    assert falling(0.8, 0.1, 4) == pytest.approx([0.8, 0.4, 0.2, 0.1])


def test_a_single_round_has_the_highest_level():
    assert falling(0.8, 0.1, 1) == [0.8]


def test_equal_ends_stay_level():
    assert falling(0.1, 0.1, 3) == pytest.approx([0.1] * 3)


@either
def test_every_level_is_explained_once_and_in_order(picture, alternate):
    seen = []

    def explain(image, level):
        seen.append(level)
        return image

    alternate(picture, explain, [0.2, 0.1, 0.05, 0.02, 0.01])
    assert seen == [0.2, 0.1, 0.05, 0.02, 0.01]


@either
def test_what_was_measured_has_the_last_word(picture, alternate):
    known = torch.rand(picture.shape) < 0.5

    def explain(image, level):
        return torch.where(known, picture, image)

    restored = alternate(torch.rand(picture.shape), explain, [0.1, 0.05])
    assert torch.equal(restored[known], picture[known])


@either
def test_noise_is_removed(picture, alternate):
    noisy = picture + 0.1 * torch.randn(picture.shape)
    assert psnr_db(alternate(noisy, as_it_is, [0.1]), picture) > psnr_db(noisy, picture) + 5


@either
def test_a_picture_is_recovered_from_means_of_pairs_better_than_by_repeating_them(picture, alternate):
    small = functional.avg_pool2d(picture, 2)

    def explain(image, level):
        return image + functional.interpolate((small - functional.avg_pool2d(image, 2))[None], scale_factor=2)[0]

    start = explain(torch.zeros_like(picture), 0.0)
    restored = alternate(start, explain, falling(0.1, 0.02, 4))
    assert psnr_db(restored, picture) > psnr_db(start, picture) + 0.5
    assert_matches(functional.avg_pool2d(restored, 2), small, tolerance=1e-5)


def test_a_constant_stays_constant():
    constant = torch.full((1, 40, 36), 0.3)
    assert_matches(by_windows(constant, as_it_is, [0.1, 0.01]), constant, tolerance=1e-5)


@either
def test_without_levels_nothing_happens(picture, alternate):
    assert torch.equal(alternate(picture, as_it_is, []), picture)


@either
def test_the_image_is_left_as_it_was(picture, alternate):
    before = picture.clone()
    alternate(picture, as_it_is, [0.1])
    assert torch.equal(picture, before)


@pytest.mark.parametrize("shape", [(1, 80), (1, 40, 40, 40), (3, SHORTEST_SIDE - 1, 60)])
def test_signals_volumes_and_small_pictures_have_no_groups(shape):
    image = torch.rand(shape)
    assert torch.equal(by_groups(image, lambda image, level: 0 * image, [0.5, 0.1]), image)


def test_the_smallest_pictures_that_have_groups(scene):
    clean = scene(1, SHORTEST_SIDE, SHORTEST_SIDE)
    noisy = clean + 0.1 * torch.randn(clean.shape)
    assert psnr_db(by_groups(noisy, as_it_is, [0.1]), clean) > psnr_db(noisy, clean) + 3


@pytest.mark.parametrize("shape", [(1, 80), (2, 12, 14, 16)], ids=["line", "volume"])
def test_windows_take_lines_and_volumes(shape):
    restored = by_windows(torch.rand(shape), as_it_is, [0.2, 0.1])
    assert restored.shape == shape
    assert bool(restored.isfinite().all())


def test_where_values_are_wanted_they_come_out_as_without_the_wish(picture):
    wanted = torch.zeros_like(picture, dtype=torch.bool)
    wanted[:, 20:28, 10:18] = True

    def explain(image, level):
        return torch.where(wanted, image, picture)

    noisy = explain(picture + 0.1 * torch.randn(picture.shape), 0.1)
    whole = alternate_groups(noisy, explain, [0.1, 0.05], QUICK)
    part = alternate_groups(noisy, explain, [0.1, 0.05], QUICK, wanted=wanted)
    assert psnr_db(part[wanted], picture[wanted]) > psnr_db(noisy[wanted], picture[wanted]) + 2
    assert float((part - whole).abs().max()) < 0.15
    assert torch.equal(part[~wanted], picture[~wanted])
