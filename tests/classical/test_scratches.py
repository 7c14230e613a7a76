"""Scratches and dust: those that are drawn are found, and what belongs to a picture is left alone."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy import ndimage

from dipcli.classical.scratches import find_scratches

LINES = (((20, 12), (130, 90)), ((40, 150), (150, 120)), ((100, 20), (90, 140)))
SPECKS = ((30, 120), (140, 60), (70, 30))


def drawn(shape, lines=LINES, specks=SPECKS):
    """How much of each pixel is covered by strokes of two pixels and specks of three."""
    sheet = Image.new("L", (shape[1] * 4, shape[0] * 4))
    pen = ImageDraw.Draw(sheet)
    for line in lines:
        pen.line([(x * 4, y * 4) for y, x in line], fill=255, width=9)
    for y, x in specks:
        pen.ellipse([(x - 1.5) * 4, (y - 1.5) * 4, (x + 1.5) * 4, (y + 1.5) * 4], fill=255)
    return np.asarray(sheet.resize(shape[::-1], Image.Resampling.BOX), np.float32) / 255


@pytest.fixture
def photo(scene):
    """A clean picture with a little noise."""
    noise = torch.randn(3, 160, 170, generator=torch.Generator().manual_seed(0)) * 0.01
    return scene(3, 160, 170) + noise


@pytest.mark.parametrize("value", [0.98, 0.02])
def test_strokes_and_specks_are_found(photo, value):
    cover = drawn(photo.shape[1:])
    found = find_scratches(torch.from_numpy(cover) * value + (1 - torch.from_numpy(cover)) * photo).numpy()
    assert found[cover > 0.5].mean() > 0.75
    assert (found & ~ndimage.binary_dilation(cover > 0, iterations=3)).mean() < 0.003


def test_a_clean_picture_has_none(photo):
    assert not find_scratches(photo).any()


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 17, 200), (4, 64, 48)])
def test_pictures_of_any_size_are_looked_at(shape):
    values = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    assert find_scratches(values).shape == shape[1:]


def test_values_that_are_none_are_no_scratches(photo):
    photo[:, 30:32, 20:140] = torch.nan
    assert find_scratches(photo).float().mean() < 0.02


def test_the_picture_stays(photo):
    before = photo.clone()
    find_scratches(photo)
    assert torch.equal(photo, before)
