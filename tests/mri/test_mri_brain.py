"""The real scan of eight coils, where it is at hand: zero-filled numbers that were measured by other programs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dipcli.fourier import ifft
from dipcli.metrics import foreground, peak_psnr_db, peak_ssim
from dipcli.mri.encoding import root_sum_of_squares
from dipcli.mri.options import ReadingOptions
from dipcli.mri.readers import load_scan
from dipcli.mri.reconstruction import noise_level
from dipcli.mri.sampling import calibration_block, sampling_mask

DATA = Path(__file__).parents[3] / "shared" / "data" / "mri"

pytestmark = pytest.mark.skipif(not (DATA / "full.cfl").is_file(), reason="the scan is not in the repository")


@pytest.fixture(scope="module")
def full():
    return load_scan(DATA / "full.cfl", ReadingOptions())


@pytest.fixture(scope="module")
def half():
    return load_scan(DATA / "und2x2.cfl", ReadingOptions())


def image(kspace):
    return root_sum_of_squares(ifft(torch.from_numpy(kspace)))


def scores(kspace, mask):
    """Full PSNR and SSIM, and both over the foreground, of zero-filling."""
    truth, blank = image(kspace), image(kspace * mask)
    inside = foreground(truth)
    pairs = [(peak_psnr_db(blank, truth, where), peak_ssim(blank, truth, where)) for where in (None, inside)]
    return [score for pair in pairs for score in pair]


def assert_scores(found, psnr, ssim, inner_psnr=None, inner_ssim=None):
    """Within 0.02 dB, and in all written digits of the SSIM."""
    for actual, expected, margin in zip(
        found, (psnr, ssim, inner_psnr, inner_ssim), (0.02, 1e-3) * 2, strict=True
    ):
        assert expected is None or actual == pytest.approx(expected, abs=margin)


def test_the_scan_is_full(full):
    assert full.kspace.shape == (1, 8, 230, 180)
    assert full.sampled.all()
    assert not full.warnings


# field/mri.md §6: fastMRI's mask, of seed 0.
@pytest.mark.parametrize(
    ("acceleration", "expected"), [(4, (23.35, 0.682, 21.54, 0.647)), (8, (21.83, 0.615, 19.95, 0.556))]
)
def test_zero_filling_of_random_lines_has_the_known_scores(full, acceleration, expected):
    mask = sampling_mask((230, 180), acceleration, "random", center_fraction=0.08, seed=0)
    assert_scores(scores(full.kspace[0], mask), *expected)


def test_zero_filling_of_every_second_point_has_the_known_scores(full, half):
    assert_scores(scores(full.kspace[0], half.sampled[0]), 23.42, 0.683, 21.69, 0.663)


def test_zero_filling_of_the_middle_has_the_known_scores(full):
    kspace = np.ascontiguousarray(full.kspace[0][:, 51:179, 26:154])
    mask = sampling_mask((128, 128), 4, "random", center_fraction=0.08, seed=0)
    assert_scores(scores(kspace, mask), 22.36, 0.634)


def test_the_undersampled_scan_is_a_part_of_the_full_one(full, half):
    assert np.array_equal(half.kspace, full.kspace * half.sampled[:, None])
    assert half.sampled.size / half.sampled.sum() == pytest.approx(3.89, abs=0.005)
    rows, lines = calibration_block(half.sampled[0])
    assert (rows.stop - rows.start, lines.stop - lines.start) == (20, 20)


@pytest.mark.parametrize("name", ["full", "half"])
def test_the_noise_is_that_of_the_empty_corners(request, full, name):
    """Where nothing is, the real and imaginary parts of the coil images are noise alone."""
    scan = request.getfixturevalue(name)
    corner = ifft(torch.from_numpy(full.kspace[0]))[:, :12, :12]
    expected = float(torch.view_as_real(corner).std())
    scale = float(image(full.kspace[0]).max())
    found = scale * noise_level(torch.from_numpy(scan.kspace[0]) / scale, torch.from_numpy(scan.sampled[0]))
    assert found == pytest.approx(expected, rel=0.15)
