"""Which patterns are said to be under-sampled: those of objects that fill much more than half of the field."""

import numpy as np
import pytest

from dipcli.diffraction.crystals import Crystal, simulate_counts, simulate_crystal
from dipcli.diffraction.oversampling import folded_axes


def counts_of(truth, shape, photons, seed=0):
    """A pattern of so many pixels, of an object of any size."""
    intensity = np.abs(np.fft.fftshift(np.fft.fftn(truth, [2 * n for n in shape], range(len(shape))))) ** 2
    random = np.random.default_rng(seed)
    return simulate_counts(intensity[tuple(slice(0, None, 2) for _ in shape)], photons, random).astype(np.float32)


def crystal(side, phase_range=1.0, n_axes=2, seed=0):
    return simulate_crystal(Crystal(side, n_axes, phase_range), np.random.default_rng(seed))


def folded(counts, mask=None):
    return folded_axes(counts, np.ones(counts.shape, bool) if mask is None else mask)


@pytest.mark.parametrize("photons", [1e4, 1e6, 1e9])
@pytest.mark.parametrize("phase_range", [0, 8])
@pytest.mark.parametrize("side", [16, 40, 64])
def test_small_objects_are_sampled_well(side, phase_range, photons):
    for seed in range(3):
        assert folded(counts_of(crystal(side, phase_range, seed=seed), (128, 128), photons, seed)) == []


@pytest.mark.parametrize("photons", [1e5, 1e9])
@pytest.mark.parametrize("phase_range", [0, 1])
def test_large_objects_are_not(phase_range, photons):
    assert folded(counts_of(crystal(110, phase_range), (128, 128), photons)) == [0, 1]


def test_a_rectangle_of_12_by_16_pixels_is_sampled_well():
    assert folded(counts_of(np.ones((12, 16)), (128, 128), 1e6)) == []


def test_only_the_long_axis_is_folded():
    assert folded(counts_of(np.ones((30, 100)), (128, 128), 1e6)) == [1]


def test_volumes_are_judged_too():
    assert folded(counts_of(crystal(20, n_axes=3), (48, 48, 48), 1e6)) == []
    assert folded(counts_of(crystal(42, n_axes=3), (48, 48, 48), 1e6)) == [0, 1, 2]


def test_neither_unit_nor_background_matters():
    counts = counts_of(crystal(40), (128, 128), 1e6)
    noisy = counts * 1e-6 + 1e-7 * np.random.default_rng(0).random(counts.shape, np.float32)
    assert folded(noisy) == folded(counts + 3) == []


def test_neither_a_hot_pixel_nor_a_streak_matters():
    counts = counts_of(crystal(24), (128, 128), 1e6)
    hot, streaked = counts.copy(), counts.copy()
    hot[5, 90] = counts.max()
    streaked[:, 20] = 0.05 * counts.max()
    assert folded(hot) == folded(streaked) == []


def test_a_gap_does_not_matter():
    counts = counts_of(crystal(50), (128, 128), 1e7)
    mask = np.ones(counts.shape, bool)
    mask[:, 80:86] = False
    assert folded(np.where(mask, counts, 0), mask) == []
