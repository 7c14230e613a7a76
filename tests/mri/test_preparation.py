"""What is done to k-space before it is reconstructed: whitening, and the readout's oversampling."""

import numpy as np
import pytest
from laws import assert_matches
from scans import full_kspace, noise_of, to_images

from dipcli.mri.preparation import centre_offset, crop_readout, whiten

MIXING = np.array([[2, 0, 0], [1 + 1j, 0.5, 0], [0.3j, -0.4, 3]], np.complex64)  # of the noise of three coils


def coloured(samples, seed=0):
    return MIXING @ noise_of((3, samples), seed=seed)


def deviations(values):
    """The covariance of the coils' real parts, where real and imaginary parts are alike."""
    return values @ values.conj().T / (2 * values.shape[1])


def test_whitened_noise_has_the_identity_as_its_covariance():
    noise = coloured(5000)
    white = whiten(noise.reshape(1, 3, 50, 100), noise).reshape(3, -1)
    assert_matches(deviations(white), np.eye(3), tolerance=1e-3)  # it was measured on these very samples


def test_noise_that_was_not_used_to_measure_it_is_whitened_too():
    white = whiten(coloured(20_000, seed=1).reshape(1, 3, 100, 200), coloured(20_000))
    assert_matches(deviations(white.reshape(3, -1)), np.eye(3), tolerance=0.03)  # standard error 0.007


def test_whitening_mixes_the_coils_of_every_slice_alike():
    kspace = full_kspace(3, slices=2)
    white = whiten(kspace, coloured(500))
    assert white.shape == kspace.shape
    assert white.dtype == np.complex64
    mixing = np.linalg.lstsq(kspace[0].reshape(3, -1).T, white[0].reshape(3, -1).T, rcond=None)[0].T
    assert_matches(np.tensordot(mixing, kspace[1], 1), white[1], tolerance=1e-4)


def test_a_single_coil_is_divided_by_its_noise():
    kspace = full_kspace(1)
    noise = np.array([[3 + 1j, -1 + 3j, 1 - 3j, -3 - 1j]], np.complex64)  # mean square of all parts: 40 / (2·3)
    assert_matches(whiten(kspace, noise), kspace / (40 / 6) ** 0.5)


def test_a_longer_dwell_time_has_less_noise():
    kspace, noise = full_kspace(3), coloured(500)
    assert_matches(whiten(kspace, noise, dwell_ratio=4.0), 2 * whiten(kspace, noise), tolerance=1e-5)


@pytest.mark.parametrize("height", [24, 25])
@pytest.mark.parametrize("side", [12, 13, 24])
def test_cropping_the_readout_is_cropping_the_image(height, side):
    kspace = full_kspace(height=height, slices=2)
    cropped = crop_readout(kspace, side)
    start = (height - side) // 2
    assert cropped.shape == (2, 4, side, 20)
    assert_matches(to_images(cropped), to_images(kspace)[:, :, start : start + side], tolerance=1e-5)


def test_cropping_the_readout_keeps_lines_that_were_not_measured_empty():
    kspace = full_kspace()
    kspace[..., 3] = 0
    assert not crop_readout(kspace, 12)[..., 3].any()


def test_cropping_the_readout_keeps_the_deviation_of_the_noise():
    noise = noise_of((1, 4, 200, 50), 3.0)
    assert crop_readout(noise, 100).real.std() == pytest.approx(3.0, rel=0.03)  # 20,000 values: 0.5 %


@pytest.mark.parametrize("shape", [(24, 20), (25, 21)], ids=str)
def test_a_scan_with_its_centre_in_the_middle_has_no_offset(shape):
    assert centre_offset(full_kspace(4, *shape)) == (0, 0)


@pytest.mark.parametrize(
    ("moved", "expected"), [((6, 0), (0.25, 0)), ((0, -5), (0, 0.25)), ((-12, 10), (0.5, 0.5))]
)
def test_the_offset_of_the_centre_is_told_in_shares_of_the_sides(moved, expected):
    assert centre_offset(np.roll(full_kspace(slices=2), moved, (2, 3))) == expected


def test_large_values_do_not_overflow():
    assert centre_offset(full_kspace() * np.float32(1e30)) == (0, 0)
