"""The forward model against exact line integrals, and what follows from it."""

import math

import numpy as np
import pytest
import torch
from laws import assert_matches
from projections import noisy_sinogram, photon_counts, sinogram, true_slice

from dipcli.metrics import peak_psnr_db
from dipcli.tomography.centre import axis_of, best_explained_centre, centre_of_mass
from dipcli.tomography.filtered import angular_shares, filtered_back_projection
from dipcli.tomography.noise import log_variance
from dipcli.tomography.projection import Geometry, Projection
from dipcli.tomography.rays import Rays


def geometry(side=48, views=30, shift=0.0):
    return Geometry(torch.arange(views) * math.pi / views, side, (side - 1) / 2 + shift)


def rays_of(values, **options):
    tensor = torch.from_numpy(values)[None]
    return Rays(Projection(geometry(tensor.shape[2], tensor.shape[1], **options)), tensor, torch.ones_like(tensor))


@pytest.mark.parametrize("side", [64, 63])
def test_a_smooth_blob_has_its_known_line_integrals(side):
    rays, sigma, x, y = geometry(side, 12), 3.0, 8.3, -6.1
    row, column = torch.meshgrid(*[torch.arange(side) - rays.axis] * 2, indexing="ij")
    blob = torch.exp(-((column - x) ** 2 + (-row - y) ** 2) / (2 * sigma**2))[None]
    at = torch.arange(side) - rays.centre
    away = at - x * torch.cos(rays.angles)[:, None] - y * torch.sin(rays.angles)[:, None]
    expected = sigma * math.sqrt(2 * math.pi) * torch.exp(-(away**2) / (2 * sigma**2))
    assert_matches(Projection(rays)(blob)[0], expected, tolerance=1e-4)  # of five taps of the window


def test_the_sum_along_columns_is_exact():
    image = torch.rand(1, 20, 20)
    assert_matches(Projection(geometry(20, 1))(image)[0, 0], image[0].sum(0), tolerance=1e-3)


def test_ellipses_have_their_known_line_integrals():
    found = Projection(geometry())(torch.from_numpy(true_slice())[None])[0].numpy()
    assert np.abs(found - sinogram()).mean() < 0.01 * sinogram().max()  # but where edges lie along rays


@pytest.mark.parametrize("window", ["ramp", "hann"])
def test_filtered_back_projection_gives_the_image_back(window):
    found = filtered_back_projection(rays_of(sinogram(views=80)), window)
    truth = torch.from_numpy(true_slice())[None]
    assert peak_psnr_db(found, truth) > 24
    middle = (slice(None), slice(12, 36), slice(12, 36))
    assert float(found[middle].mean()) == pytest.approx(float(truth[middle].mean()), rel=0.02)


def test_unknown_rays_have_no_influence():
    values, other = torch.from_numpy(sinogram())[None], torch.from_numpy(sinogram())[None].clone()
    other[0, 3, 10:14] = 1e6
    precision = torch.ones_like(values)
    precision[0, 3, 10:14] = 0
    first, second = (Rays(Projection(geometry()), each, precision) for each in (values, other))
    blank = first.blank
    assert torch.equal(first.explain(blank, 1.0), second.explain(blank, 1.0))
    assert torch.equal(filtered_back_projection(first, "hann"), filtered_back_projection(second, "hann"))


def test_views_share_the_half_turn():
    angles = torch.tensor([0.0, 0.1, 0.2, math.pi / 2, math.pi])
    shares = angular_shares(angles)
    assert float(angular_shares(torch.arange(9) * math.pi / 9).sum()) == pytest.approx(math.pi)
    assert (shares >= 0).all()
    assert float(shares.sum()) <= math.pi + 1e-6


@pytest.mark.parametrize("shift", [0.0, 0.5, -3.3])
def test_the_axis_is_found_by_the_mass_of_the_object(shift):
    angles = np.arange(30) * np.pi / 30
    found, how = axis_of(noisy_sinogram(shift=shift)[None], angles)
    assert found == pytest.approx(23.5 + shift, abs=0.1)
    assert "mass" in how


def test_an_object_that_is_cut_off_has_no_centre_of_mass_and_is_explained_instead():
    cut = sinogram(side=64, views=60, shift=2)[:, 14:50]
    angles = np.arange(60) * np.pi / 60
    assert centre_of_mass(cut, angles) is None
    assert best_explained_centre(cut, angles) == pytest.approx(31.5 + 2 - 14, abs=1.5)


def test_the_law_of_photon_noise_is_read_off_the_sinogram():
    counts = photon_counts(side=128, views=60, photons=1e4)
    integrals = -np.log(counts / 1e4).astype(np.float32)
    level, slope = log_variance(integrals, np.ones(integrals.shape, bool))
    assert slope == pytest.approx(1, abs=0.4)
    assert level == pytest.approx(-math.log(1e4), abs=0.8)


def test_noise_that_is_alike_everywhere_is_called_so():
    values = noisy_sinogram(side=128, views=60, sigma=1.0)
    level, slope = log_variance(values, np.ones(values.shape, bool))
    assert slope * np.ptp(values) < 0.7
    assert math.exp(level / 2) == pytest.approx(1.0, rel=0.4)
