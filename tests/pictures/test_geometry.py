"""What the missing pixels of a picture look like: scattered, strokes, or holes."""

import pytest
import torch
from holes import hole, random_holes, stroke

from dipcli.pictures.inpainting import geometry


@pytest.mark.parametrize(
    ("hidden", "kind", "depth"),
    [(random_holes, "scattered", 1.0), (stroke, "strokes", 1.0), (hole, "holes", 4.35)],
)
def test_the_geometry_of_what_is_missing_is_named(hidden, kind, depth):
    found, deep = geometry(~hidden((40, 44)).expand(3, 40, 44))
    assert found == kind
    assert deep == pytest.approx(depth, abs=0.25)


def test_a_hole_that_is_deep_enough_is_no_stroke():
    kinds = [geometry(~hole((64, 64), side)[None])[0] for side in (4, 8, 14, 24, 40)]
    assert kinds == ["strokes", "strokes", "strokes", "holes", "holes"]


def test_the_depth_is_the_mean_distance_to_a_known_pixel():
    hidden = torch.zeros(1, 9, 9, dtype=torch.bool)
    hidden[0, 3:6, 3:6] = True  # eight pixels are 1 away from a known one, the middle 2
    assert geometry(~hidden)[1] == pytest.approx(10 / 9)


def test_where_every_pixel_misses_a_channel_pixels_are_scattered():
    hidden = torch.zeros(3, 20, 20, dtype=torch.bool)
    hidden[1] = True
    assert geometry(~hidden) == ("scattered", 1.0)


@pytest.mark.parametrize("shape", [(1, 60), (1, 18, 18, 18)], ids=["line", "volume"])
def test_lines_and_volumes_have_a_geometry_too(shape):
    assert geometry(~random_holes(shape[1:])[None])[0] == "scattered"
