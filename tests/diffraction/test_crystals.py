"""What is simulated is what was asked for."""

import numpy as np
import pytest

from dipcli.diffraction.crystals import Crystal, detector_mask, simulate_counts, simulate_crystal


def draw(seed=0, n_axes=2, side=32, **options):
    return simulate_crystal(Crystal(side, n_axes, **options), np.random.default_rng(seed))


@pytest.mark.parametrize("n_axes", [2, 3])
def test_a_crystal_is_uniform_inside_and_leaves_a_border(n_axes):
    crystal = np.abs(draw(n_axes=n_axes))
    assert crystal.shape == (32,) * n_axes
    assert crystal.max() == pytest.approx(1)
    assert np.median(crystal[crystal > 0.5]) == pytest.approx(1)
    assert 0.2 < (crystal > 0.5).mean() < 0.8
    for axis in range(n_axes):
        assert not crystal.take([0, -1], axis).any()


@pytest.mark.parametrize("phase_range", [0.5, 3.0])
def test_the_strain_spans_what_was_asked_for(phase_range):
    crystal = draw(phase_range=phase_range)
    phases = np.angle(crystal[np.abs(crystal) > 0.5])
    assert phases.max() - phases.min() == pytest.approx(phase_range, rel=1e-3)


def test_the_phase_winds_round_a_dislocation():
    crystal = draw(side=48, phase_range=0.0, dislocations=1)
    loops = np.angle(crystal)

    def step(a, b):
        return np.angle(np.exp(1j * (b - a)))

    winding = (
        step(loops[:-1, :-1], loops[1:, :-1])
        + step(loops[1:, :-1], loops[1:, 1:])
        + step(loops[1:, 1:], loops[:-1, 1:])
        + step(loops[:-1, 1:], loops[:-1, :-1])
    )[12:-12, 12:-12]
    assert np.sum(np.abs(winding) > np.pi) == 1


def test_other_seeds_make_other_crystals():
    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_counts_are_whole_and_as_many_as_asked():
    intensity = np.random.default_rng(0).random((32, 32))
    counts = simulate_counts(intensity, 1e6, np.random.default_rng(0))
    assert np.array_equal(counts, counts.round())
    assert counts.sum() == pytest.approx(1e6, rel=0.01)


def test_infinitely_many_photons_have_no_noise():
    intensity = np.random.default_rng(0).random((8, 8))
    counts = simulate_counts(intensity, np.inf, np.random.default_rng(0))
    assert np.allclose(counts / counts.sum(), intensity / intensity.sum())


@pytest.mark.parametrize("size", [5, 4])
def test_a_beamstop_hides_the_centre(size):
    hidden = detector_mask((32, 32), size, 0)
    assert hidden.sum() == size**2
    assert hidden[16, 16]


def test_gaps_cross_two_axes_and_miss_the_centre():
    hidden = detector_mask((16, 32, 32), 0, 2)
    assert hidden.any((0, 1)).all()
    assert not hidden[8, 16, 16]
    assert hidden[:, :, 19].all()
