"""Partial Fourier: an image of smooth phase is told by one side of k-space; one of wild phase is left alone."""

import numpy as np
import pytest
import torch
from scan_files import as_npy
from scans import as_slice, full_kspace, noise_of, some_lines, to_images, to_kspace, true_image

from dipcli.mri.encoding import CoilEncoding, SenseEncoding
from dipcli.mri.partial_fourier import constrain_phase, extent_along
from tests.commands import record_of

DAMPING = 1e-3


def scan_of(kspace):
    """Its measured values, and where they are, the brightest point being 1."""
    scan = as_slice(kspace / np.abs(to_images(kspace)).max())
    return scan.kspace, scan.sampled


def without_low_lines(kspace, n_missing):
    kept = np.arange(kspace.shape[-1]) >= n_missing
    return kspace * kept


def smooth(coils=1):
    return without_low_lines(full_kspace(coils, 48, 64, sigma=0.002)[0], 24)


def wild():
    magnitude = np.abs(true_image(48, 64))
    phase = 2 * np.pi * np.random.default_rng(0).random((48, 64))
    return without_low_lines(to_kspace((magnitude * np.exp(1j * phase))[None]), 24)


@pytest.mark.parametrize("coils", [1, 3])
def test_smooth_phase_is_put_into_the_encoding(coils):
    kspace, sampled = scan_of(smooth(coils))
    encoding, said = constrain_phase(CoilEncoding(sampled), kspace, DAMPING)
    assert encoding.phase.shape == kspace.shape
    torch.testing.assert_close(encoding.phase.abs(), torch.ones(kspace.shape))
    assert said.startswith("38% of the lines missing on one side; smooth phase")


def test_wild_phase_is_not():
    kspace, sampled = scan_of(wild())
    encoding, said = constrain_phase(CoilEncoding(sampled), kspace, DAMPING)
    assert encoding.phase is None
    assert "no phase constraint" in said


def test_a_partial_echo_counts_too():
    kspace, sampled = scan_of(np.ascontiguousarray(smooth().swapaxes(1, 2)))
    encoding, said = constrain_phase(CoilEncoding(sampled), kspace, DAMPING)
    assert encoding.phase is not None
    assert "of the readout missing" in said


@pytest.mark.parametrize("lines", [some_lines(64), some_lines(64, 6, 5), np.arange(64) > 1])
def test_k_space_that_reaches_as_far_on_both_sides_is_whole(lines):
    kspace, sampled = scan_of(full_kspace(2, 48, 64)[0] * lines)
    plain = CoilEncoding(sampled)
    assert constrain_phase(plain, kspace, DAMPING) == (plain, None)


@pytest.mark.parametrize("seed", range(8))
def test_random_lines_are_whole(seed):
    lines = np.random.default_rng(seed).random(128) < 0.2
    lines[56:72] = True
    sampled = torch.from_numpy(np.broadcast_to(lines, (4, 128)).copy())
    assert not extent_along(sampled, 1).is_partial


def test_which_side_is_short_does_not_matter():
    sampled = torch.ones(4, 64, dtype=torch.bool)
    low, high = sampled.clone(), sampled.clone()
    low[:, :24], high[:, 40:] = False, False
    assert extent_along(low, 1).is_low
    assert not extent_along(high, 1).is_low
    assert extent_along(low, 1).is_partial
    assert extent_along(high, 1).is_partial


@pytest.mark.parametrize("n_maps", [1, 2])
def test_the_phase_of_an_encoding_is_that_of_its_images(n_maps):
    random = torch.Generator().manual_seed(0)
    maps = torch.randn(n_maps, 3, 6, 5, dtype=torch.complex64, generator=random)
    phase = torch.sgn(torch.randn(n_maps, 6, 5, dtype=torch.complex64, generator=random))
    sampled = torch.ones(6, 5, dtype=torch.bool)
    image = torch.randn(2 * n_maps, 6, 5, generator=random)
    with_phase, turned = SenseEncoding(sampled, maps, phase), SenseEncoding(sampled, maps * phase[:, None])
    torch.testing.assert_close(with_phase.coils(image), turned.coils(image))
    coils = torch.from_numpy(noise_of((3, 6, 5)))
    torch.testing.assert_close(with_phase.join(coils), turned.join(coils))


def test_the_program_has_more_of_a_partial_scan_than_zero_filling(program, tmp_path):
    path = as_npy(tmp_path / "a.npy", smooth(4))
    truth = np.linalg.norm(to_images(full_kspace(4, 48, 64, sigma=0)[0]), axis=0).astype(np.float32)
    np.save(tmp_path / "t.npy", truth[None])
    flags = ("--reference", tmp_path / "t.npy", "--threads", "1")
    done = program("mri", path, "-o", tmp_path / "r.npy", *flags)
    assert done.exit_code == 0, done.stderr
    record = record_of(tmp_path / "r.npy")
    assert "smooth phase" in record["decisions"]["partial_fourier"]
    assert record["metrics"]["psnr_db"] > record["metrics"]["zero_filled_psnr_db"] + 3
