"""Metrics equal to scikit-image's."""

import itertools

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dipcli.metrics import (
    foreground,
    nmse,
    peak_psnr_db,
    peak_ssim,
    psnr_db,
    psnr_up_to_shift_db,
    ssim,
)


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


def test_psnr_is_told_of_the_picture_as_it_is():
    reference = torch.rand(1, 8, 8)
    assert psnr_db(reference + 10, reference) == pytest.approx(-20)


def test_psnr_leaves_out_what_either_lacks():
    reference = torch.rand(1, 8, 8)
    picture = reference + 0.1
    picture[0, 0, 0] = torch.nan
    reference[0, 5, 5] = torch.nan
    assert psnr_db(picture, reference) == pytest.approx(20, abs=1e-4)


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


# Of magnitudes in any unit, as fastMRI scores them: the peak is the reference's.


def volumes(*shape, unit=1.0):
    """A volume and a noisy copy of it."""
    reference = unit * torch.rand(shape, generator=torch.Generator().manual_seed(1))
    return reference + 0.1 * unit * torch.randn(shape), reference


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e13])
@pytest.mark.parametrize("shape", [(1, 7, 9), (3, 24, 20)], ids=str)
def test_peak_ssim_is_scikit_images_mean_over_slices(shape, unit):
    picture, reference = volumes(*shape, unit=unit)
    expected = [
        structural_similarity(y.double().numpy(), x.double().numpy(), data_range=float(reference.max()))
        for x, y in zip(picture, reference, strict=True)
    ]
    assert peak_ssim(picture, reference) == pytest.approx(np.mean(expected), abs=1e-6)


def test_peak_ssim_over_the_foreground_is_the_mean_of_its_map():
    picture, reference = volumes(2, 24, 20)
    where = reference > 0.5
    maps = [
        structural_similarity(
            y.double().numpy(), x.double().numpy(), data_range=float(reference.max()), full=True
        )[1]
        for x, y in zip(picture, reference, strict=True)
    ]
    inner = np.stack(maps)[:, 3:-3, 3:-3][where[:, 3:-3, 3:-3].numpy()]
    assert peak_ssim(picture, reference, where) == pytest.approx(inner.mean(), abs=1e-6)


def test_peak_psnr_by_hand():
    reference = torch.tensor([[[4.0, 2.0], [0.0, 0.0]]])
    picture = torch.tensor([[[4.0, 2.0], [0.0, -2.0]]])  # a mean squared error of 1, of a peak of 4
    assert peak_psnr_db(picture, reference) == pytest.approx(10 * np.log10(16), abs=1e-9)
    assert peak_psnr_db(picture, reference, reference == 0) == pytest.approx(10 * np.log10(8), abs=1e-9)


def test_peak_psnr_is_scikit_images_over_all_slices():
    picture, reference = volumes(3, 24, 20, unit=50.0)
    expected = peak_signal_noise_ratio(
        reference.double().numpy(), picture.double().numpy(), data_range=float(reference.max())
    )
    assert peak_psnr_db(picture, reference) == pytest.approx(expected, abs=1e-6)


def test_nmse_by_hand():
    assert nmse(torch.tensor([[[3.0, 0.0]]]), torch.tensor([[[3.0, 4.0]]])) == pytest.approx(16 / 25)


@pytest.mark.parametrize("unit", [1e-6, 1e13])
def test_scores_do_not_depend_on_the_unit(unit):
    picture, reference = volumes(1, 24, 20)
    for score in (peak_psnr_db, peak_ssim, nmse):
        assert score(unit * picture, unit * reference) == pytest.approx(score(picture, reference), rel=1e-4)


def test_the_scores_of_the_truth_are_perfect():
    reference = torch.rand(1, 24, 20)
    assert peak_ssim(reference, reference) == pytest.approx(1, abs=1e-9)
    assert nmse(reference, reference) == 0
    assert peak_psnr_db(reference, reference) > 200


def test_the_foreground_is_what_is_brighter_than_a_share_of_the_peak():
    magnitudes = torch.tensor([[[0.11, 0.13, 1.0]], [[0.5, 0.0, 0.1]]])
    assert foreground(magnitudes).tolist() == [[[False, True, True]], [[True, False, False]]]
    assert foreground(magnitudes, 0.4).tolist() == [[[False, False, True]], [[True, False, False]]]


def test_dark_holes_belong_to_the_foreground():
    ring = torch.zeros(2, 7, 7)
    ring[:, 1:6, 1:6] = 1
    ring[:, 3, 3] = 0
    inside = foreground(ring)
    assert bool(inside[:, 1:6, 1:6].all())
    assert int(inside.sum()) == 50


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-9, 10)])
def test_a_shift_by_whole_pixels_is_forgiven(shift):
    reference = torch.rand(1, 80, 90)
    assert psnr_up_to_shift_db(reference.roll(shift, (1, 2)), reference) > 150


def test_a_shift_by_half_a_pixel_is_forgiven_too():
    picture = torch.rand(1, 80, 90)
    reference = 0.5 * (picture + picture.roll(-1, 2))  # by half a pixel, as linear interpolation has it
    assert psnr_up_to_shift_db(picture, reference) > 150


def test_a_shift_that_is_too_far_is_an_error():
    reference = torch.rand(1, 80, 90)
    assert psnr_up_to_shift_db(reference.roll(12, 1), reference) < 15


def test_the_best_shift_is_the_one_that_trying_all_of_them_finds():
    draw = torch.Generator().manual_seed(4)
    reference = torch.rand(2, 40, 48, generator=draw)
    picture = reference.lerp(reference.roll(1, 2), 0.4).roll(2, 1) + 0.02 * torch.randn(2, 40, 48, generator=draw)
    planes = picture.double().numpy()
    steps = np.arange(-4, 4.1, 0.25)
    errors = [
        np.mean((ndimage.shift(planes, (0, -down, -right), order=1)[:, 10:-10, 10:-10] - inner) ** 2)
        for inner in [reference.double().numpy()[:, 10:-10, 10:-10]]
        for down, right in itertools.product(steps, steps)
    ]
    found = psnr_up_to_shift_db(picture, reference, reach=4, border=10)
    assert found == pytest.approx(-10 * np.log10(min(errors)), abs=1e-6)


def test_noise_is_not_forgiven():
    reference = torch.rand(1, 60, 60).mul(0.5).add(0.25)
    noisy = reference + 0.1 * torch.randn(1, 60, 60).clamp(-2, 2)
    assert psnr_up_to_shift_db(noisy, reference) == pytest.approx(psnr_db(noisy, reference), abs=1)
