"""The chain of ridge combinations of patch groups."""

import pytest
import torch
from laws import assert_matches
from noises import gaussian

from dipcli.classical.dct import dct_denoise, draw_noise, white_power
from dipcli.classical.nonlocal_ridge import (
    Chain,
    denoise_correlated_patch_groups,
    denoise_patch_groups,
    patch_covariance,
)
from dipcli.metrics import psnr_db

SIGMA = 0.1


def noisy_and_pilot(clean, sigma=SIGMA):
    noisy = gaussian(clean, sigma)
    return noisy, dct_denoise(noisy, white_power(noisy, sigma))


def test_each_pass_is_better_than_the_one_before_it_began(scene):
    clean = scene(3, 72, 64)
    noisy, pilot = noisy_and_pilot(clean)
    one, four = (denoise_patch_groups(noisy, pilot, SIGMA, Chain(passes=n)) for n in (1, 4))
    assert psnr_db(one, clean) > psnr_db(pilot, clean) + 0.3
    assert psnr_db(four, clean) > psnr_db(one, clean)


@pytest.mark.parametrize("shape", [(1, 16, 17), (2, 40, 23), (3, 19, 61), (5, 24, 24)], ids=str)
def test_any_size_and_number_of_channels_comes_back(scene, shape):
    noisy, pilot = noisy_and_pilot(scene(*shape))
    restored = denoise_patch_groups(noisy, pilot, SIGMA, Chain(passes=2))
    assert restored.shape == noisy.shape
    assert bool(restored.isfinite().all())


@pytest.mark.parametrize("shape", [(1, 2, 16, 17), (3, 5, 24, 19)], ids=str)
def test_volumes_of_any_size_come_back(scene, shape):
    clean = scene(shape[0], *shape[2:])[:, None].expand(shape).contiguous()
    noisy = gaussian(clean, SIGMA)
    restored = denoise_patch_groups(noisy, noisy, SIGMA, Chain(passes=2))
    assert restored.shape == noisy.shape
    assert psnr_db(restored, clean) > psnr_db(noisy, clean)


def test_a_plane_is_helped_by_those_before_and_after_it(scene):
    clean = scene(1, 56, 48)[:, None].expand(1, 5, 56, 48).contiguous()
    noisy = gaussian(clean, SIGMA)
    pilot = torch.stack([dct_denoise(plane, white_power(plane, SIGMA)) for plane in noisy.unbind(1)], 1)
    alone, together = (denoise_patch_groups(noisy, pilot, SIGMA, Chain(passes=3, near=near)) for near in (0, 2))
    one = denoise_patch_groups(noisy[:, 2], pilot[:, 2], SIGMA, Chain(passes=3))
    assert psnr_db(together, clean) > psnr_db(alone, clean) + 0.5
    assert psnr_db(alone[:, 2], one) > 50  # but for the mean that is taken away, the same


def test_without_noise_nothing_is_changed(scene):
    clean = scene(1, 24, 24)
    assert torch.equal(denoise_patch_groups(clean, clean, 0.0), clean)


def test_a_flat_picture_is_as_flat_as_its_noise_allows():
    flat = torch.full((3, 40, 40), 0.5)
    noisy, pilot = noisy_and_pilot(flat)
    restored = denoise_patch_groups(noisy, pilot, SIGMA, Chain(passes=6))
    assert float((restored - 0.5).square().mean().sqrt()) < SIGMA / 10


def test_a_picture_without_any_noise_in_it_stays_finite():
    flat = torch.full((1, 32, 32), 0.25)
    assert_matches(denoise_patch_groups(flat, flat, SIGMA, Chain(passes=6)), flat, tolerance=1e-4)


def test_the_unit_of_the_values_does_not_matter(scene):
    noisy, pilot = noisy_and_pilot(scene(3, 40, 36))
    small = denoise_patch_groups(noisy, pilot, SIGMA, Chain(passes=2))
    large = denoise_patch_groups(1000 * noisy, 1000 * pilot, 1000 * SIGMA, Chain(passes=2))
    assert_matches(large / 1000, small, tolerance=1e-3)


def test_memory_decides_how_much_is_done_at_a_time_and_nothing_else(scene):
    noisy, pilot = noisy_and_pilot(scene(1, 200, 90))
    whole, parts = (
        denoise_patch_groups(noisy, pilot, SIGMA, Chain(passes=2, memory=memory)) for memory in (1 << 30, 1 << 22)
    )
    assert_matches(parts, whole, tolerance=1e-3)


def test_each_channel_may_have_its_own_noise(scene):
    clean = scene(2, 48, 48)
    deviations = torch.tensor([0.02, 0.15])
    torch.manual_seed(0)
    noisy = clean + deviations[:, None, None] * torch.randn(clean.shape)
    restored = denoise_patch_groups(noisy, noisy.clone(), deviations, Chain(passes=2))
    errors = (restored - clean).square().mean((1, 2)).sqrt()
    assert bool((errors < deviations).all())


def test_what_is_given_is_left_alone(scene):
    noisy, pilot = noisy_and_pilot(scene(1, 32, 32))
    before = noisy.clone(), pilot.clone()
    denoise_patch_groups(noisy, pilot, SIGMA, Chain(passes=2))
    assert torch.equal(noisy, before[0])
    assert torch.equal(pilot, before[1])


def blotches(image):
    """The power (channels, 1, 1, 12, 12) of noise that falls with frequency."""
    at = torch.arange(12.0)
    line = torch.exp(-at / 4)
    return SIGMA**2 * (line[:, None] * line).expand(len(image), 1, 1, 12, 12)


def test_correlated_noise_is_whitened(scene):
    clean = scene(3, 96, 96)
    power = blotches(clean)
    noisy = clean + draw_noise(clean.shape, power, torch.Generator().manual_seed(3))
    pilot = dct_denoise(noisy, power)
    restored = denoise_correlated_patch_groups(noisy, pilot, power[:, 0, 0])
    as_if_white = denoise_patch_groups(noisy, pilot, float(power.mean().sqrt()))
    assert psnr_db(restored, clean) > psnr_db(pilot, clean) + 0.3
    assert psnr_db(restored, clean) > psnr_db(as_if_white, clean) + 0.3


def test_of_white_noise_the_covariance_in_a_patch_is_the_identity():
    white = white_power(torch.zeros(1, 64, 64), 1.0)[:, 0, 0].expand(1, 12, 12)
    assert_matches(patch_covariance(white, 6)[0].float(), torch.eye(36), tolerance=1e-5)
