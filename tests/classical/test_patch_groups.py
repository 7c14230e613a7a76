"""Similar patches find each other, and shrinking them together removes noise."""

import pytest
import torch
from laws import assert_matches
from torch.nn import functional

from dipcli.classical.patch_groups import Grouping, find_groups, shrink_groups
from dipcli.metrics import psnr_db

MANY = Grouping()
FEW = Grouping(side=6, step=4, reach=12, count=4)


def tiled(channels=1, side=46, period=6):
    """A random tile, repeated."""
    tile = torch.rand(channels, period, period)
    return tile.repeat(1, side // period + 1, side // period + 1)[:, :side, :side]


def shrunk(image, sigma, grouping=MANY):
    return shrink_groups(image, find_groups(image, grouping), grouping, sigma)


def patches_of(image, groups, grouping):
    """The patches (groups, count, channels, side, side) that the indices name, in an image of whole steps."""
    reach, side = grouping.reach, grouping.side
    padded = functional.pad(image[None], [reach] * 4, mode="reflect")[0]
    every = padded.unfold(1, side, 1).unfold(2, side, 1)
    return every[:, groups // padded.shape[2], groups % padded.shape[2]].movedim(0, 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_identical_patches_are_found(channels):
    image = tiled(channels)
    patches = patches_of(image, find_groups(image, FEW), FEW)
    assert torch.equal(patches, patches[:, :1].expand_as(patches))


def test_there_is_a_group_for_every_step():
    assert find_groups(torch.rand(1, 46, 34), FEW).shape == (11 * 8, 4)


@pytest.mark.parametrize("shape", [(1, 290, 20), (1, 33, 47)], ids=["tall", "odd"])
def test_every_value_is_in_a_patch(shape):
    image = torch.rand(shape)
    assert_matches(shrunk(image, 1e-5, FEW), image, tolerance=1e-3)


def test_a_patch_is_nearest_to_itself():
    image = torch.rand(1, 34, 34)
    groups = find_groups(image, Grouping(count=1))
    rows, columns = (groups // (34 + 24)).flatten() - 12, (groups % (34 + 24)).flatten() - 12
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [
        (y, x) for y in range(0, 29, 4) for x in range(0, 29, 4)
    ]


@pytest.mark.parametrize(("away", "is_found"), [((9, -11), True), ((0, 14), False)], ids=["near", "far"])
def test_a_copy_is_found_within_reach(away, is_found):
    image = torch.rand(1, 46, 46)
    image[:, 20 + away[0] : 26 + away[0], 20 + away[1] : 26 + away[1]] = image[:, 20:26, 20:26]
    pair = Grouping(count=2)
    group = find_groups(image, pair)[5 * 11 + 5]  # the patch at (20, 20), in steps of 4
    index = (12 + 20 + away[0]) * (46 + 24) + 12 + 20 + away[1]
    assert (index in group.tolist()) == is_found


def test_colours_are_compared_together():
    image = torch.rand(1, 46, 46).repeat(3, 1, 1)
    image[0] = tiled()[0]  # alike in one colour alone
    apart = patches_of(image, find_groups(image, FEW), FEW)
    assert float((apart - apart[:, :1])[:, 1:].abs().amax((1, 2, 3, 4)).min()) > 0.1


def test_only_patches_with_a_wanted_value_are_grouped():
    image, wanted = torch.rand(3, 46, 46), torch.zeros(3, 46, 46, dtype=torch.bool)
    wanted[1, 22, 21] = True  # in the patches that start at 20 and, with rows alone, at 20 too: 16 + 6 is 22
    groups = find_groups(image, Grouping(count=1), wanted)
    rows, columns = groups.flatten() // 70 - 12, groups.flatten() % 70 - 12
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(20, 16), (20, 20)]


def test_where_all_is_wanted_all_is_grouped():
    image = torch.rand(1, 39, 46)
    wanted = torch.ones(1, 39, 46, dtype=torch.bool)
    assert torch.equal(find_groups(image, FEW, wanted), find_groups(image, FEW))


@pytest.mark.parametrize("channels", [1, 3])
def test_shrinking_gains_six_decibels_where_patches_repeat(channels):
    clean = tiled(channels)
    noisy = clean + 0.1 * torch.randn(clean.shape)
    assert psnr_db(shrunk(noisy, 0.1, Grouping(count=12)), clean) > psnr_db(noisy, clean) + 6


def test_shrinking_gains_on_a_scene(scene):
    clean = scene(3, 48, 40)
    noisy = clean + 0.1 * torch.randn(clean.shape)
    assert psnr_db(shrunk(noisy, 0.1), clean) > psnr_db(noisy, clean) + 5


def test_more_noise_is_shrunk_more(scene):
    noisy = scene(1, 40, 40) + 0.1 * torch.randn(1, 40, 40)
    changes = [float((shrunk(noisy, sigma) - noisy).norm()) for sigma in (0.01, 0.05, 0.1, 0.2)]
    assert changes == sorted(changes)


def test_the_image_is_left_as_it_was(picture):
    before = picture.clone()
    shrunk(picture, 0.1)
    assert torch.equal(picture, before)


@pytest.mark.parametrize("sigma", [0.001, 0.1, 1.0])
def test_a_constant_stays_constant(sigma):
    constant = torch.full((3, 33, 38), 0.4)
    groups = find_groups(constant, Grouping())
    assert_matches(shrink_groups(constant, groups, Grouping(), sigma), constant, tolerance=1e-5)
