"""Few edges and bends, as many as free pixels want; and what several objects have in common."""

import itertools

import numpy as np
import pytest
import torch
from laws import assert_matches
from patterns import simulated

from dipcli.diffraction.multistart import free_pixels
from dipcli.diffraction.projections import Pattern, transform
from dipcli.diffraction.reproducibility import agreement
from dipcli.diffraction.sparse import SparseSettings, bends, fit, scale_of, sparse_object, unseen
from dipcli.symmetries import error, flip, move


@pytest.fixture
def truth():
    image = torch.from_numpy(np.pad(simulated()[1], 8))[None]
    return image / image.norm()


def noisy_pattern(truth, photons=1e5):
    intensity = transform(truth)[0].abs().square()
    counts = torch.poisson(photons * intensity, generator=torch.Generator().manual_seed(0))
    amplitude = counts.sqrt()
    return Pattern(amplitude / amplitude.norm(), torch.ones_like(amplitude))


def test_a_ramp_of_the_phase_is_no_bend():
    at = torch.arange(32.0)
    flat, steep = (torch.polar(torch.ones(1, 32, 32), slope * at.expand(1, 32, 32)) for slope in (0.0, 0.1))
    inner = (slice(None), slice(2, -2), slice(2, -2))
    random = torch.randn(1, 32, 32, dtype=torch.complex64)
    assert float(bends(steep[inner])) < 0.2 * float(bends(random[inner]))
    assert float(bends(flat)) < 0.01


def test_a_fit_lowers_the_error_that_noise_makes(truth):
    pattern = noisy_pattern(truth)
    room = truth.abs() > 0
    noise = 0.15 * truth.abs().max() * torch.randn(truth.shape, dtype=torch.complex64)
    start = truth + noise * room
    free = free_pixels(pattern.mask, 0.05)
    shown = Pattern(pattern.amplitude, pattern.mask - free)
    found = sparse_object(start, room, shown, free, SparseSettings(120))
    assert error(found.image, truth) < 0.7 * error(start, truth)
    assert found.free < unseen(start, shown, free)


def test_a_fit_stays_in_its_room_and_is_as_bright_as_the_pattern(truth):
    pattern = noisy_pattern(truth)
    room = truth.abs() > 0
    found, _ = fit(truth, room, pattern, 0.01, SparseSettings(5))
    assert not bool((found.abs() > 0)[~room].any())
    assert float(scale_of(found, pattern)) == pytest.approx(1, abs=1e-4)


def test_what_is_not_known_has_no_influence_on_a_fit(truth):
    pattern = noisy_pattern(truth)
    known = torch.ones_like(pattern.amplitude)
    known[3:5, 4:9] = 0
    fits = [
        fit(
            truth,
            truth.abs() > 0,
            Pattern(torch.where(known > 0, pattern.amplitude, hidden), known),
            0.01,
            SparseSettings(5),
        )
        for hidden in (torch.zeros(()), torch.full((), 5.0))
    ]
    assert torch.equal(fits[0][0], fits[1][0])


def test_equal_objects_have_one_mode_and_a_transfer_of_1(truth):
    copies = torch.cat([truth, flip(truth) * 1j, move(truth, (2.0, -1.0))]).to(torch.complex64)
    common = agreement(copies)
    assert float(common.weights[0]) > 1 - 1e-5
    assert max(common.errors) < 1e-3  # float32
    assert float(common.prtf[:, 1].min()) > 0.99
    assert common.resolution is None
    assert_matches(common.modes[0], truth[0], tolerance=1e-3)


def test_objects_that_differ_in_fine_detail_have_a_resolution(truth):
    spectrum = transform(truth)
    far = torch.fft.fftfreq(32).square()
    outer = (far[:, None] + far).sqrt() > 0.2
    copies = []
    for seed in range(24):
        phases = 6.28 * torch.rand(32, 32, generator=torch.Generator().manual_seed(seed))
        copies.append(torch.where(outer, spectrum * torch.exp(1j * phases), spectrum))
    common = agreement(torch.fft.ifftn(torch.cat(copies), dim=(1, 2), norm="ortho"))
    assert common.resolution == pytest.approx(2.4, abs=0.2)


def noisy_copies(truth, count, sigma=0.3):
    random = torch.Generator().manual_seed(2)
    inside = truth.abs() > 0.5 * truth.abs().max()
    noise = torch.randn((count, *truth.shape[1:]), generator=random, dtype=torch.complex64)
    return truth + sigma * truth.abs().max() * noise * inside


def test_the_median_difference_is_that_of_pairs(truth):
    copies = noisy_copies(truth, 6)
    between = [error(one[None], other[None]) for one, other in itertools.combinations(copies, 2)]
    common = agreement(copies)
    assert common.difference == pytest.approx(sorted(between)[7], abs=0.02)
    assert agreement(copies[:1]).difference is None


def test_means_of_halves_differ_as_those_of_as_many_others(truth):
    copies = noisy_copies(truth, 16)
    common = agreement(copies[:8])
    others = error(copies[8:12].mean(0, keepdim=True), copies[12:].mean(0, keepdim=True))
    assert common.difference_of_halves == pytest.approx(others, rel=0.2)
    assert common.difference_of_halves < 0.6 * common.difference
    assert agreement(copies[:3]).difference_of_halves is None


def test_the_spread_is_where_objects_differ(truth):
    copies = truth.repeat(4, 1, 1)
    copies[:, 14:17, 14:17] *= torch.tensor([0.5, 1.0, 1.5, 2.0])[:, None, None]
    spread = agreement(copies.to(torch.complex64)).spread[0]
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[14:17, 14:17] = True
    assert float(spread[inside].min()) > 5 * float(spread[~inside].max())
    assert not bool(agreement(truth.to(torch.complex64)).spread.any())
