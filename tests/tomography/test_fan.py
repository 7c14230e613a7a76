"""Fan beams: the forward model against exact integrals, re-sorting, and the axis that the rays tell themselves."""

import math

import numpy as np
import pytest
import torch
from laws import assert_matches
from projections import true_slice

from dipcli.metrics import peak_psnr_db
from dipcli.tomography.beam import projection_of
from dipcli.tomography.fan import parallel_rays
from dipcli.tomography.fan_centre import fan_axis_of, fan_in
from dipcli.tomography.filtered import filtered_back_projection
from dipcli.tomography.projection import Geometry
from dipcli.tomography.rays import Rays


def fan(views=40, degrees=360.0, side=48, source=110.0, **options):
    angles = torch.arange(views, dtype=torch.float64) * (math.radians(degrees) / views)
    return Geometry(angles, side, options.pop("centre", 24.3), source, **options)


def seen(geometry, sigma=0.1):
    clean = projection_of(geometry)(torch.from_numpy(true_slice())[None])[0].numpy()
    return clean + np.random.default_rng(0).normal(0, sigma, clean.shape).astype(np.float32)


@pytest.mark.parametrize("is_arc", [False, True])
@pytest.mark.parametrize("turn", [1, -1])
def test_a_smooth_blob_has_its_known_line_integrals(is_arc, turn):
    rays, sigma, x, y = fan(is_arc=is_arc, turn=turn), 3.0, 7.3, -5.1
    row, column = torch.meshgrid(*[torch.arange(48) - rays.axis] * 2, indexing="ij")
    blob = torch.exp(-((column - x) ** 2 + (-row - y) ** 2) / (2 * sigma**2))[None]
    angles, away = parallel_rays(rays)
    left = away - x * np.cos(angles) - y * np.sin(angles)
    expected = sigma * math.sqrt(2 * math.pi) * np.exp(-(left**2) / (2 * sigma**2))
    assert_matches(projection_of(rays)(blob)[0], torch.from_numpy(expected), tolerance=3e-4)


def test_a_ray_goes_from_the_source_to_its_pixel():
    rays, view, pixel = fan(), 7, 40
    angles, away = parallel_rays(rays)
    beta = float(rays.angles[view])
    source = 110.0 * np.array([math.sin(beta), -math.cos(beta)])
    end = (pixel - rays.centre) * np.array([math.cos(beta), math.sin(beta)])  # of a detector through the axis
    normal = np.array([math.cos(angles[view, pixel]), math.sin(angles[view, pixel])])
    assert normal @ source == pytest.approx(away[view, pixel])
    assert normal @ end == pytest.approx(away[view, pixel])


def test_a_source_far_away_is_a_parallel_beam():
    image, distant = torch.from_numpy(true_slice())[None], fan(source=1e7, centre=23.5, degrees=180)
    parallel = Geometry(distant.angles, 48, 23.5)
    assert_matches(projection_of(distant)(image), projection_of(parallel)(image), tolerance=2e-2)


@pytest.mark.parametrize("degrees", [360, 225])
def test_filtered_back_projection_gives_the_image_back(degrees):
    geometry = fan(120, degrees)
    values = torch.from_numpy(seen(geometry, 0))[None]
    found = filtered_back_projection(Rays(projection_of(geometry), values, torch.ones_like(values)), "ramp")
    assert peak_psnr_db(found, torch.from_numpy(true_slice())[None]) > 22


@pytest.mark.parametrize("is_arc", [False, True])
@pytest.mark.parametrize("turn", [1, -1])
def test_the_axis_and_the_sense_are_found_by_rays_measured_twice(is_arc, turn):
    geometry = fan(60, 300, is_arc=is_arc, turn=turn)
    found = fan_axis_of(seen(geometry)[None], geometry.angles.numpy(), 110.0, is_arc=is_arc)
    assert found.centre == pytest.approx(24.3, abs=0.15)
    assert found.turn == turn
    assert ("other way" in found.said) == (turn == -1)


def test_without_rays_measured_twice_the_axis_is_the_middle():
    geometry = fan(20, 60)
    found = fan_axis_of(seen(geometry)[None], geometry.angles.numpy(), 110.0, is_arc=False)
    assert found.centre == 23.5
    assert "middle" in found.said


@pytest.mark.parametrize("source", [80.0, 200.0])
def test_a_fan_that_nobody_spoke_of_is_recognised(source):
    geometry = fan(60, source=source)
    found = fan_in(seen(geometry), geometry.angles.numpy(), 24.3)
    assert found == pytest.approx(source, rel=0.15)


def test_parallel_rays_are_no_fan():
    geometry = fan(60, source=math.inf)
    assert fan_in(seen(geometry), geometry.angles.numpy(), 24.3) is None
