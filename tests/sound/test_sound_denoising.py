"""Noise is removed from sound, and what is no noise stays."""

import numpy as np
import pytest
import torch
from voices import RATE, hiss, voice

from dipcli.metrics import si_sdr_db
from dipcli.pipeline.medium import Control
from dipcli.sound import denoising
from dipcli.sound.clicks import mend_clicks
from dipcli.sound.denoising import Recording, state_sound, without_noise
from dipcli.sound.spectral import has_bass, inverse, noise_power, transform, window_of


def restored(*channels, strength=1.0):
    statement = state_sound(Recording(torch.from_numpy(np.stack(channels)), RATE), strength, Control())
    return statement.classical[1].numpy(), statement


def ratio_db(samples, truth):
    return si_sdr_db(torch.from_numpy(samples)[None], torch.from_numpy(truth)[None])


def test_the_transform_comes_back():
    samples = voice(0.7)
    window = window_of(RATE)
    np.testing.assert_allclose(inverse(transform(samples, window), window, len(samples)), samples, atol=1e-6)


def test_si_sdr_of_a_known_case():
    truth, wrong = torch.tensor([[1.0, -1, 1, -1]]), torch.tensor([[0.1, 0.1, -0.1, -0.1]])
    assert si_sdr_db(5 * (truth + wrong) + 3, truth) == pytest.approx(20, abs=1e-3)


@pytest.mark.parametrize("level", [0.003, 0.03, 0.1])
def test_a_voice_in_hiss_comes_out_cleaner(level):
    clean = voice()
    noisy = clean + hiss(clean, level)
    found, _ = restored(noisy)
    assert ratio_db(found[0], clean) > ratio_db(noisy, clean) + (1 if level < 0.01 else 4)


def test_channels_are_restored_one_by_one():
    clean = voice()
    first, second = clean + hiss(clean, 0.05), clean[::-1] + hiss(clean, 0.01, seed=2)
    both, _ = restored(first, second)
    alone, _ = restored(second)
    assert np.array_equal(both[1], alone[0])


def test_a_part_of_the_noise_can_be_kept():
    noisy = voice() + hiss(voice(), 0.05)
    whole, half, none = (restored(noisy, strength=strength)[0] for strength in (1.0, 0.5, 0.0))
    np.testing.assert_allclose(half, (whole + noisy) / 2, atol=1e-6)
    assert np.array_equal(none[0], noisy)


def test_silence_and_a_few_samples_come_back():
    for samples in (np.zeros(RATE, np.float32), voice(0.01)):
        assert np.array_equal(restored(samples)[0][0], samples)


def test_the_power_of_noise_is_found():
    noise = hiss(np.zeros(4 * RATE), 0.1)
    power = np.abs(transform(noise, window_of(RATE))) ** 2
    found = noise_power(power)[20:-20].mean(0)
    truth = power[20:-20].mean(0)
    assert np.median(np.abs(10 * np.log10(found / truth))) < 1.5


def test_long_recordings_have_no_seams(monkeypatch):
    monkeypatch.setattr(denoising, "OVERLAP_SECONDS", 1.0)
    noisy = voice(6) + hiss(voice(6), 0.03)
    whole, _ = without_noise(noisy, RATE, is_cut=True)
    monkeypatch.setattr(denoising, "BLOCK_SECONDS", 2.0)
    parts, _ = without_noise(noisy, RATE, is_cut=True)
    assert ratio_db(parts, whole) > 20
    step = np.abs(np.diff(parts)) - np.abs(np.diff(whole))
    assert np.abs(step[2 * RATE - 5 : 2 * RATE + 5]).max() < 0.02


def test_clicks_are_mended_and_a_voice_has_none():
    clean = (voice() + hiss(voice(), 0.003)).astype(np.float32)
    clicked = clean.copy()
    at = np.random.default_rng(3).integers(200, len(clean) - 200, 12)
    clicked[at] += 0.8
    mended, count = mend_clicks(clicked, RATE)
    assert mend_clicks(clean, RATE)[1] == 0
    assert count >= 11
    assert ratio_db(mended, clean) > ratio_db(clicked, clean) + 12


def test_bass_is_no_rumble():
    at = np.arange(4 * RATE) / RATE
    rumble = np.convolve(np.random.default_rng(0).normal(size=len(at)), np.ones(200) / 20, "same")
    assert not has_bass(rumble, RATE)
    assert not has_bass(rumble + np.sin(2 * np.pi * 50 * at), RATE)  # the mains
    assert has_bass(0.1 * rumble + 10 * np.sin(2 * np.pi * 41.2 * at), RATE)
