"""The sliding-window transform against a plain loop, and what it does to pictures."""

import numpy as np
import pytest
import torch
from laws import assert_matches
from noises import boards
from scipy.fft import dctn, idctn
from torch.nn import functional

from dipcli.classical.dct import (
    SIDES,
    THRESHOLD,
    colour_axes,
    dct_denoise,
    is_white,
    noise_power,
    white_axes,
    white_power,
)
from dipcli.metrics import psnr_db

SIDE = SIDES[2]


def plainly(channel, sigma, guide=None):
    """One pass over one channel: each window transformed, shrunk and put back, one after the other."""
    padded = np.pad(channel, SIDE, mode="reflect")
    guides = None if guide is None else np.pad(guide, SIDE, mode="reflect")
    window = np.outer(np.kaiser(SIDE, 2.0), np.kaiser(SIDE, 2.0))
    total, weights = np.zeros_like(padded), np.zeros_like(padded)
    for i in range(padded.shape[0] - SIDE + 1):
        for j in range(padded.shape[1] - SIDE + 1):
            here = np.s_[i : i + SIDE, j : j + SIDE]
            block = dctn(padded[here], norm="ortho")
            if guides is None:
                gain = (np.abs(block) > THRESHOLD * sigma).astype(float)
            else:
                known = dctn(guides[here], norm="ortho") ** 2
                gain = known / (known + sigma**2)
            gain[0, 0] = 1
            weight = window / (gain**2 * sigma**2).sum()
            total[here] += idctn(block * gain, norm="ortho") * weight
            weights[here] += weight
    inside = np.s_[SIDE:-SIDE, SIDE:-SIDE]
    return (total / weights)[inside]


def denoised(image, sigma):
    """By white noise of this deviation."""
    return dct_denoise(image, white_power(image, sigma))


@pytest.mark.parametrize("n_channels", [1, 3])
def test_it_equals_a_plain_loop_over_all_windows(scene, n_channels):
    noisy = (scene(n_channels, 24, 24) + 0.1 * torch.randn(n_channels, 24, 24)).double()
    axes = colour_axes(noisy).numpy()
    mixed = np.tensordot(axes, noisy.numpy(), 1)
    expected = np.stack([plainly(channel, 0.1, plainly(channel, 0.1)) for channel in mixed])
    actual = dct_denoise(noisy, white_power(noisy, 0.1), step=1)
    assert_matches(actual, np.tensordot(axes.T, expected, 1), tolerance=1e-9)  # float64 on both sides


@pytest.mark.parametrize("shape", [(1, 60), (3, 18, 30), (1, 16, 9, 12)], ids=str)
def test_a_constant_picture_stays_constant(shape):
    constant = torch.full(shape, 0.4)
    assert_matches(denoised(constant, 0.1), constant, tolerance=1e-5)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_it_gains_three_decibels_and_more(scene, n_channels):
    clean = scene(n_channels, 48, 40)
    noisy = clean + 0.1 * torch.randn(clean.shape)
    assert psnr_db(denoised(noisy, 0.1), clean) > psnr_db(noisy, clean) + 3


@pytest.mark.parametrize("shape", [(1, 512), (1, 20, 20, 20)], ids=["line", "volume"])
def test_lines_and_volumes_gain_too(shape):
    clean = torch.linspace(0.2, 0.8, shape[-1]).expand(shape)
    noisy = clean + 0.1 * torch.randn(shape)
    assert psnr_db(denoised(noisy, 0.1), clean) > psnr_db(noisy, clean) + 3


def test_without_noise_to_speak_of_the_picture_stays(picture):
    assert psnr_db(denoised(picture, 0.001), picture) > 50


def test_the_picture_is_left_as_it_was(picture):
    before = picture.clone()
    denoised(picture, 0.1)
    assert torch.equal(picture, before)


def test_colour_axes_are_orthonormal():
    axes = colour_axes(torch.rand(3, 4, 4, dtype=torch.float64))
    assert_matches(axes @ axes.T, torch.eye(3, dtype=torch.float64), tolerance=1e-12)


def test_channels_of_unlike_contrast_have_principal_axes():
    shared, other = torch.rand(2, 40, 40)
    image = torch.stack([shared, 0.2 * shared + 0.01 * other, other])
    axes = white_axes(image)
    assert_matches(axes @ axes.T, torch.eye(3), tolerance=1e-5)
    covariance = torch.cov(torch.tensordot(axes, image, dims=1).flatten(1))
    assert_matches(covariance, covariance.diagonal().diag(), tolerance=1e-4)
    assert torch.equal(white_axes(torch.rand(3, 40, 40)), colour_axes(image))


def test_a_channel_of_much_noise_is_helped_by_the_others():
    clean = torch.rand(1, 12, 12).repeat_interleave(8, 1).repeat_interleave(8, 2).expand(3, -1, -1)
    gains = torch.tensor([1.0, 0.2, 1.0])[:, None, None]  # the second channel had five times the noise
    noisy = clean * gains + 0.05 * torch.randn(3, 96, 96)
    alone = dct_denoise(noisy[1:2], white_power(noisy[1:2], 0.05))
    together = dct_denoise(noisy, white_power(noisy, 0.05))[1:2]
    assert psnr_db(together, (clean * gains)[1:2]) > psnr_db(alone, (clean * gains)[1:2]) + 3


def smoothed(noise):
    """The same noise, correlated with its neighbours, of deviation 1 again."""
    return functional.avg_pool2d(noise[None], 3, 1, 1)[0] * 3


def test_white_noise_is_taken_as_white(scene):
    noisy = scene(1, 96, 96) + 0.1 * torch.randn(1, 96, 96)
    assert_matches(noise_power(noisy, 0.1), torch.full((1, 1, 1, SIDE, SIDE), 0.01))


@pytest.mark.parametrize("level", [0.0, 0.005, 0.02])
def test_texture_with_a_direction_is_not_taken_for_correlated_noise(level):
    noisy = boards() + level * torch.randn(1, 192, 192)
    assert is_white(noise_power(noisy, max(level, 0.001)))


def test_texture_without_colours_is_not_taken_for_correlated_noise():
    texture = smoothed(smoothed(torch.randn(1, 192, 192)))
    gray = 0.5 + 0.1 * texture.expand(3, -1, -1)
    assert is_white(noise_power(gray + 0.02 * torch.randn(3, 192, 192), 0.02))
    coloured = gray + 0.02 * torch.stack([smoothed(torch.randn(1, 192, 192))[0] for _ in range(3)])
    assert not is_white(noise_power(coloured, 0.02))


def test_correlated_noise_is_noticed_and_measured(scene):
    noisy = scene(1, 96, 96) + 0.1 * smoothed(torch.randn(1, 96, 96))
    power = noise_power(noisy, 0.1)[0, 0, 0]
    assert float(power[1:4, 1:4].mean()) > 10 * float(power[9:, 9:].mean())
    assert float(power.mean()) == pytest.approx(0.01, rel=0.3)  # Parseval


def test_knowing_the_correlation_pays(scene):
    clean = scene(1, 96, 96)
    noisy = clean + 0.1 * smoothed(torch.randn(1, 96, 96))
    measured = dct_denoise(noisy, noise_power(noisy, 0.1))
    assert psnr_db(measured, clean) > psnr_db(denoised(noisy, 0.1), clean) + 0.2


def test_too_few_windows_are_taken_as_white():
    noise = smoothed(torch.randn(1, 40, 40))
    assert_matches(noise_power(noise, 0.1), torch.full((1, 1, 1, SIDE, SIDE), 0.01))


def test_flat_areas_leave_nothing_but_numbers():
    page = torch.ones(1, 96, 96)
    page[:, :32] = (0.5 + 0.05 * torch.randn(1, 32, 96)).clamp(0, 1)
    for image in (page, torch.full((3, 96, 96), 0.5)):
        assert bool(denoised(image, 0.05).isfinite().all())


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 17, 40), (1, 20), (1, 8, 9, 10)])
def test_pictures_smaller_than_two_windows_are_denoised_in_smaller_windows(shape):
    assert denoised(torch.rand(shape), 0.1).shape == shape
