"""Maps from k-space without a calibration block are those of the coils, but for a phase that all share."""

import numpy as np
import pytest
import torch
from scans import full_kspace, noise_of, some_lines, true_image, true_maps

from dipcli.mri.joint_maps import joint_maps


def likeness(found, truth):
    """|<found, true>| of maps at every point of the object, at least; 1 where they are the same."""
    inside = np.abs(true_image(48, 40)) > 0.2
    return np.quantile(np.abs((found.conj() * truth).sum(0))[inside], 0.1)


@pytest.mark.parametrize("lines", [some_lines(40, 3, 2), some_lines(40, 3, 3)], ids=["one in 2", "one in 3"])
def test_maps_are_found_without_a_calibration_block(lines):
    kspace = full_kspace(4, 48, 40, sigma=0.001)[0] * lines
    sampled = torch.from_numpy(np.broadcast_to(lines, (48, 40)).copy())
    (found,) = joint_maps(torch.from_numpy(kspace), sampled).numpy()
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), 1, atol=1e-4)
    assert likeness(found, true_maps(4, 48, 40)) > 0.95


def test_neither_unit_nor_seed_matters():
    kspace = torch.from_numpy(full_kspace()[0] * some_lines(centre=1))
    sampled = torch.from_numpy(np.broadcast_to(some_lines(centre=1), (24, 20)).copy())
    torch.testing.assert_close(
        joint_maps(kspace, sampled), joint_maps(1e6 * kspace, sampled), atol=1e-3, rtol=1e-3
    )


def test_noise_alone_gives_finite_maps():
    kspace = torch.from_numpy(noise_of((4, 24, 20)))
    assert bool(torch.isfinite(joint_maps(kspace, torch.ones(24, 20, dtype=torch.bool)).abs()).all())
