"""The model of JPEG against real files: their pictures lie in the cells of their coefficients."""

import math

import numpy as np
import pytest
import torch
from jpegs import SAMPLINGS, write_jpeg
from laws import assert_matches
from scipy.fft import dctn

from dipcli.pictures.files.images import load_picture
from dipcli.pictures.files.jpeg import read_jpeg
from dipcli.pictures.jpeg_cells import Component, JpegEncoding

MARGIN = 1e-5  # coefficients are float32 sums of 64 products: on the very side of a cell they may fall out of it

every_sampling = pytest.mark.parametrize("sampling", SAMPLINGS)


def decoded(path):
    return torch.from_numpy(load_picture(path).frames[0])


@pytest.fixture
def jpeg(scene, tmp_path):
    """`jpeg("420", (48, 64))` writes a file; returns its encoding, and the original and the decoded picture."""

    def write(sampling, size, *, quality=50, **options):
        n_channels, subsampling = SAMPLINGS[sampling]
        original = write_jpeg(
            tmp_path / "a.jpg", scene(n_channels, *size), quality=quality, **subsampling, **options
        )
        return read_jpeg(tmp_path / "a.jpg"), original, decoded(tmp_path / "a.jpg")

    return write


@every_sampling
@pytest.mark.parametrize("size", [(48, 64), (37, 51), (16, 90)], ids=str)
def test_the_picture_that_a_file_was_made_from_lies_in_its_cells(jpeg, sampling, size):
    encoding, original, _ = jpeg(sampling, size)
    # Not all of it: libjpeg rounds the colours to 8 bits, and their means again, before it transforms them.
    assert encoding.share_inside(original) > 0.99


@every_sampling
@pytest.mark.parametrize("size", [(48, 64), (37, 51)], ids=str)
def test_the_decoded_picture_lies_in_the_cells(jpeg, sampling, size):
    encoding, _, picture = jpeg(sampling, size)
    assert encoding.share_inside(picture) > 0.99  # it is in the middle of each, but for rounding and clipping


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_file_that_lies_is_compared_with_the_upright_picture(jpeg, orientation):
    encoding, original, picture = jpeg("420", (37, 51), orientation=orientation)
    assert picture.shape == original.shape == ((3, 37, 51) if orientation < 5 else (3, 51, 37))
    assert encoding.share_inside(original) > 0.99
    assert encoding.share_inside(picture) > 0.99


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_that_lies_is_outside_of_the_cells(jpeg, orientation):
    encoding, original, _ = jpeg("gray", (48, 48), orientation=orientation)
    _, upright, _ = jpeg("gray", (48, 48))
    assert encoding.share_inside(upright) < 0.9 < encoding.share_inside(original)


def test_another_picture_is_outside_of_the_cells(jpeg):
    encoding, original, _ = jpeg("gray", (48, 64))
    assert encoding.share_inside(torch.rand(original.shape)) < 0.5


def test_a_progressive_file_has_the_same_cells(jpeg):
    plain, _, _ = jpeg("420", (37, 51))
    progressive, _, _ = jpeg("420", (37, 51), progressive=True)
    assert torch.equal(plain.centres, progressive.centres)
    assert torch.equal(plain.half_widths, progressive.half_widths)


def test_coefficients_are_those_of_scipy(jpeg):
    encoding, original, _ = jpeg("gray", (16, 24))
    blocks = original[0].numpy().reshape(2, 8, 3, 8).transpose(0, 2, 1, 3)
    expected = dctn(blocks.astype(np.float64), axes=(2, 3), norm="ortho")
    assert_matches(encoding(original), torch.from_numpy(expected.flatten()).float(), tolerance=1e-6)


def test_a_gray_block_by_hand():
    # Level 3 of step 16 for the mean: 8 times the mean is 8 · 128 + 48, so the mean is 134.
    levels, steps = torch.zeros(1, 1, 8, 8), torch.full((8, 8), 16.0)
    levels[0, 0, 0, 0] = 3
    encoding = JpegEncoding([Component(levels, steps, (1, 1))])
    block = torch.full((1, 8, 8), 134 / 255)
    assert_matches(encoding(block), encoding.centres, tolerance=1e-6)
    assert encoding.share_inside(block) == 1
    # Half a step is 8, and 1 for the mean: 135 is on the side of the cell, 136 outside.
    assert encoding.share_inside(block + 0.99 / 255) == 1
    assert encoding.share_inside(block + 1.01 / 255) == 63 / 64


@every_sampling
def test_explaining_puts_any_picture_into_the_cells(jpeg, sampling):
    encoding, original, _ = jpeg(sampling, (48, 64))
    image = torch.rand(original.shape)
    assert encoding.share_inside(image) < 0.8
    assert encoding.share_inside(encoding.explain(image, margin=MARGIN)) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_explaining_turns_the_picture_as_the_file_lies(jpeg, orientation):
    encoding, original, _ = jpeg("422", (32, 48), orientation=orientation)
    image = torch.rand(original.shape)
    assert encoding.share_inside(encoding.explain(image, margin=MARGIN)) == 1


@every_sampling
def test_explaining_again_helps_where_blocks_are_partly_outside_of_the_picture(jpeg, sampling):
    encoding, original, _ = jpeg(sampling, (37, 51))
    image = original + 0.1 * torch.randn(original.shape)
    shares = []
    for _ in range(20):
        image = encoding.explain(image, margin=MARGIN)
        shares.append(encoding.share_inside(image))
    assert shares[-1] > shares[0] > encoding.share_inside(original + 0.1 * torch.randn(original.shape))


@every_sampling
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_share_is_the_middle_of_each_cell(jpeg, sampling, share):
    encoding, original, _ = jpeg(sampling, (48, 64))
    explained = encoding.explain(torch.rand(original.shape), share=share)
    distance = (encoding(explained) - encoding.centres).abs() / encoding.half_widths
    assert float(distance.max()) == pytest.approx(share, abs=1e-3)


def test_a_margin_is_kept_from_the_sides_of_wide_cells(jpeg):
    encoding, original, _ = jpeg("gray", (48, 64), quality=10)
    margin = 2 / 255
    assert float(encoding.half_widths.min()) > 2 * margin
    explained = encoding.explain(torch.rand(original.shape), margin=margin)
    room = encoding.half_widths - (encoding(explained) - encoding.centres).abs()
    assert float(room.min()) == pytest.approx(margin, abs=1e-5)


def test_a_margin_leaves_half_of_a_narrow_cell(jpeg):
    encoding, original, _ = jpeg("gray", (48, 64), quality=95)
    explained = encoding.explain(torch.rand(original.shape), margin=1.0)
    distance = (encoding(explained) - encoding.centres).abs() / encoding.half_widths
    assert float(distance.max()) == pytest.approx(0.5, abs=1e-3)


@every_sampling
def test_a_picture_in_the_cells_stays_as_it_is(jpeg, sampling):
    encoding, original, _ = jpeg(sampling, (48, 64))
    inside = encoding.explain(torch.rand(original.shape), share=0.9)
    assert_matches(encoding.explain(inside), inside, tolerance=1e-6)


def test_explaining_a_gray_picture_moves_it_no_further_than_to_the_original(jpeg):
    encoding, original, _ = jpeg("gray", (48, 64))
    inside = encoding.explain(original)
    image = original + 0.2 * torch.randn(original.shape)
    nearest = encoding.explain(image)
    assert float((nearest - image).norm()) <= float((inside - image).norm())
    assert float((nearest - inside).norm()) <= float((image - inside).norm())


def test_the_picture_is_left_as_it_was(jpeg):
    encoding, original, _ = jpeg("420", (37, 51))
    image = torch.rand(original.shape)
    before = image.clone()
    encoding.explain(image)
    assert torch.equal(image, before)


def test_the_noise_level_grows_as_quality_falls(jpeg):
    levels = [jpeg("420", (32, 32), quality=quality)[0].noise_level for quality in (95, 75, 50, 25, 10)]
    assert levels == sorted(levels)
    assert levels[0] < 0.01 < 0.04 < levels[-1]


def test_the_noise_level_by_hand():
    flat = Component(torch.zeros(1, 1, 8, 8), torch.full((8, 8), 10.0), (1, 1))
    assert JpegEncoding([flat]).noise_level == pytest.approx(math.sqrt(0.69 * 10**1.3) / 255)
