"""Sensitivities from the middle of k-space are the true ones, up to the phase that nobody can know."""

import numpy as np
import pytest
import torch
from laws import assert_matches
from scans import folded_kspace, full_kspace, noise_of, to_images, true_image, true_maps

from dipcli.mri.espirit import CROP, espirit


def middle(kspace, lines, rows=None):
    """The calibration block of k-space (coils, height, width)."""
    height, width = kspace.shape[1:]
    rows = rows or height
    top, left = height // 2 - rows // 2, width // 2 - lines // 2
    return torch.from_numpy(np.ascontiguousarray(kspace[:, top : top + rows, left : left + lines]))


def explained(found, kspace):
    """What the maps cannot explain of the coil images, as a share of the brightest point."""
    images, maps = to_images(kspace), found.maps.numpy()
    joined = (maps.conj() * images).sum(1)
    left = np.linalg.norm((maps * joined[:, None]).sum(0) - images, axis=0)
    return left / np.linalg.norm(images, axis=0).max()


@pytest.mark.parametrize(
    ("lines", "rows"), [(20, 24), (12, 24), (12, 12), (8, 24), (5, 24), (4, 24), (4, 4)], ids=str
)
def test_maps_are_the_true_ones_up_to_phase_where_there_is_signal(lines, rows):
    maps = espirit(middle(full_kspace(sigma=0.0)[0], lines, rows), (24, 20)).maps[0].numpy()
    alike = np.abs((maps.conj() * true_maps()).sum(0))[np.abs(true_image()) > 0]
    # Four lines do not resolve the maps: they are blurred, by a per cent at worst.
    assert alike.min() > (0.998 if min(lines, rows) >= 8 else 0.98)
    assert alike.mean() > 0.997


@pytest.mark.parametrize("space", [(24, 20), (25, 21), (48, 40)], ids=str)
def test_maps_lie_on_the_grid_that_is_asked_for(space):
    """The calibration block alone does not tell how large the grid is: the frequencies in it are counted."""
    kspace = full_kspace(4, *space, sigma=0.0)[0]
    found = espirit(middle(kspace, 12, 12), space)
    assert found.maps.shape == (1, 4, *space)
    assert found.eigenvalues.shape == (1, *space)
    alike = np.abs((found.maps[0].numpy().conj() * true_maps(4, *space)).sum(0))
    assert alike[np.abs(true_image(*space)) > 0].min() > 0.99


def test_maps_have_norm_1_or_0():
    norms = torch.linalg.vector_norm(espirit(middle(full_kspace()[0], 12), (24, 20)).maps[0], dim=0)
    assert_matches(norms, (norms > 0.5).float(), tolerance=1e-5)


def test_maps_are_0_where_the_eigenvalue_is_small():
    found = espirit(middle(full_kspace()[0], 20), (24, 20))
    assert torch.equal(found.maps.abs().sum(1) > 0, found.eigenvalues > CROP)
    assert bool((found.eigenvalues <= CROP).any())


def test_the_first_coil_has_a_real_map():
    first = espirit(middle(full_kspace()[0], 12), (24, 20)).maps[0, 0]
    assert float(first.imag.abs().max()) < 1e-6
    assert float(first.real.min()) >= 0


def test_eigenvalues_are_1_where_there_is_signal():
    values = espirit(middle(full_kspace(sigma=0.0)[0], 20), (24, 20)).eigenvalues[0].numpy()
    assert values[np.abs(true_image()) > 0].min() > 0.95
    assert values.max() < 1.001


def test_where_the_image_is_folded_a_second_set_sees_something():
    kspace, folded = folded_kspace()
    values = espirit(middle(kspace, 12), (24, 20), n_maps=2).eigenvalues[1].numpy()
    assert values[folded].min() > 0.9
    assert np.median(values[~folded]) < 0.6


def test_two_sets_explain_a_folded_image_and_one_does_not():
    kspace, folded = folded_kspace()
    one, two = (espirit(middle(kspace, 12), (24, 20), n_maps=count) for count in (1, 2))
    assert explained(two, kspace)[folded].max() < 0.03
    assert explained(one, kspace)[folded].max() > 0.1


def test_the_sets_are_orthogonal():
    maps = espirit(middle(folded_kspace()[0], 12), (24, 20), n_maps=2).maps
    assert float((maps[0].conj() * maps[1]).sum(0).abs().max()) < 1e-5


def test_noise_alone_sees_nothing():
    noise = noise_of((4, 24, 20))
    found = espirit(middle(noise, 20), (24, 20), sigma=1.0)
    assert not bool(found.maps.any())
    assert bool(espirit(middle(noise, 20), (24, 20)).maps.any())  # for which it would be taken without `sigma`


def test_noise_that_is_known_is_kept_out_of_the_maps():
    kspace = full_kspace(sigma=0.15)[0]
    inside = np.abs(true_image()) > 0

    def error(sigma):
        maps = espirit(middle(kspace, 20), (24, 20), sigma=sigma).maps[0].numpy()
        return (1 - np.abs((maps.conj() * true_maps()).sum(0)))[inside].mean()

    assert error(0.15) < error(0.0)


def test_the_scale_of_kspace_does_not_matter():
    kspace = full_kspace()[0]
    one, other = (espirit(middle(kspace * np.float32(scale), 12), (24, 20)).maps for scale in (1.0, 1e6))
    assert_matches(other, one, tolerance=1e-3)


def test_two_coils_are_enough():
    kspace = full_kspace(2, sigma=0.0)[0]
    maps = espirit(middle(kspace, 12), (24, 20)).maps[0].numpy()
    assert np.abs((maps.conj() * true_maps(2)).sum(0))[np.abs(true_image()) > 0].min() > 0.99
