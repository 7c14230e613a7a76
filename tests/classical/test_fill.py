"""Missing values are guessed; known ones are not touched."""

import math

import pytest
import torch
from laws import assert_matches

from dipcli.classical.dct import dct_fill
from dipcli.classical.fill import fill_missing
from dipcli.metrics import psnr_db


def by_neighbours(image, known):
    return fill_missing(image, known)


def by_cosines(image, known):
    return dct_fill(image, known, 0.02, rounds=6, step=4)


every_filling = pytest.mark.parametrize("fill", [by_neighbours, by_cosines], ids=["neighbours", "cosines"])


def some(picture, share=0.5):
    """The picture with NaN on a share of it, and where it is known."""
    known = torch.rand(picture.shape) > share
    return picture.masked_fill(~known, math.nan), known


@every_filling
@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_known_values_stay_bit_for_bit(picture, fill, share):
    holed, known = some(picture, share)
    assert torch.equal(fill(holed, known)[known], picture[known])


@every_filling
@pytest.mark.parametrize("share", [0.1, 0.5, 0.98, 1.1])
def test_nothing_stays_missing(picture, fill, share):
    assert bool(fill(*some(picture, share)).isfinite().all())


@every_filling
def test_what_lies_under_a_hole_has_no_influence(picture, fill):
    holed, known = some(picture)
    assert torch.equal(fill(holed, known), fill(torch.where(known, picture, 123.0), known))


@every_filling
@pytest.mark.parametrize("shape", [(1, 80), (2, 12, 14, 16)], ids=["line", "volume"])
def test_lines_and_volumes_are_filled(fill, shape):
    holed, known = some(torch.rand(shape), 0.3)
    filled = fill(holed, known)
    assert filled.shape == shape
    assert bool(filled.isfinite().all())


@every_filling
def test_a_constant_is_filled_with_itself(fill):
    constant = torch.full((1, 32, 32), 0.3)
    assert_matches(fill(*some(constant)), constant, tolerance=1e-5)


def test_a_channel_without_any_value_becomes_mid_gray(picture):
    known = torch.ones_like(picture, dtype=torch.bool)
    known[1] = False
    filled = fill_missing(picture, known)
    assert torch.equal(filled[1], torch.full_like(filled[1], 0.5))
    assert torch.equal(filled[0], picture[0])


def test_one_missing_value_becomes_the_binomial_mean_of_its_neighbours():
    board = torch.tensor([[[0.1, 0.2, 0.3], [0.4, 9.0, 0.6], [0.7, 0.8, 0.9]]])
    known = torch.ones_like(board, dtype=torch.bool)
    known[0, 1, 1] = False
    expected = (0.1 + 0.3 + 0.7 + 0.9 + 2 * (0.2 + 0.4 + 0.6 + 0.8)) / 12
    assert_matches(fill_missing(board, known)[0, 1, 1], expected)


def test_a_hole_is_filled_from_its_rim():
    image = torch.full((1, 48, 48), 0.25)
    known = torch.ones_like(image, dtype=torch.bool)
    known[:, 20:28, 20:28] = False
    assert_matches(fill_missing(image, known), image, tolerance=1e-5)


def test_cosines_fill_better_than_neighbours(scene):
    clean = scene(3, 64, 64)
    holed, known = some(clean, 0.6)
    assert psnr_db(dct_fill(holed, known, 0.02), clean) > psnr_db(fill_missing(holed, known), clean) + 1


def test_a_wide_hole_in_a_constant_is_filled_with_it():
    known = torch.ones(1, 64, 64, dtype=torch.bool)
    known[:, 10:54, 10:54] = False
    assert_matches(
        by_neighbours(torch.full((1, 64, 64), 0.1), known), torch.full((1, 64, 64), 0.1), tolerance=1e-5
    )
