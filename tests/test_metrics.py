"""Metrics equal to scikit-image's."""

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dipcli.metrics import psnr_db, ssim


def noisy(picture):
    return (picture + 0.1 * torch.randn(picture.shape)).clamp(0, 1)


def by_skimage(picture, reference):
    return structural_similarity(
        reference.double().numpy(),
        picture.double().numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=0,
    )


def test_psnr_equals_scikit_image(picture):
    other = noisy(picture)
    expected = peak_signal_noise_ratio(picture.double().numpy(), other.double().numpy(), data_range=1)
    assert psnr_db(other, picture) == pytest.approx(expected, abs=1e-6)


def test_psnr_of_nine_values_by_hand():
    reference = torch.full((1, 3, 3), 0.5)
    picture = reference.clone()
    picture[0, 1, 1] = 0.8  # a mean squared error of 0.01
    assert psnr_db(picture, reference) == pytest.approx(20.0, abs=1e-5)


def test_psnr_is_told_of_the_clipped_picture():
    reference = torch.rand(1, 8, 8)
    assert psnr_db(reference + 5, reference) == psnr_db(torch.ones(1, 8, 8), reference)


def test_psnr_of_the_truth_is_finite():
    assert psnr_db(torch.full((1, 3, 3), 0.5), torch.full((1, 3, 3), 0.5)) == 200


@pytest.mark.parametrize("shape", [(1, 11, 11), (1, 32, 21), (3, 48, 40)], ids=str)
def test_ssim_equals_scikit_image(scene, shape):
    reference = scene(*shape)
    picture = noisy(reference)
    assert ssim(picture, reference) == pytest.approx(by_skimage(picture, reference), abs=1e-6)


def test_ssim_of_a_volume_equals_scikit_image():
    reference = torch.rand(1, 12, 13, 14)
    picture = noisy(reference)
    assert ssim(picture, reference) == pytest.approx(by_skimage(picture, reference), abs=1e-6)


def test_ssim_of_the_truth_is_one(picture):
    assert ssim(picture, picture) == pytest.approx(1.0, abs=1e-9)
