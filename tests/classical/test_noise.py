"""The law and the level of noise are recovered from one picture."""

import numpy as np
import pytest
import torch
from noises import LAWS, boards, gaussian, without

from dipcli.classical.noise import NoiseLaw, fit_law, misfit, moments
from dipcli.classical.noise_curve import noise_curve, weakest_component


def found(picture):
    return fit_law(noise_curve(picture.double().numpy()))


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize(
    ("kind", "level"),
    [("gaussian", 0.03), ("gaussian", 0.15), ("shot", 0.1), ("shot", 0.25), ("speckle", 0.1), ("speckle", 0.3)],
)
def test_the_law_is_recovered_within_15_percent(scene, kind, level, missing):
    law = found(without(LAWS[kind](scene(3, 112, 112), level), missing))
    assert [name for name in LAWS if getattr(law, name)] == [kind]
    assert getattr(law, kind) == pytest.approx(level, rel=0.15)


@pytest.mark.parametrize("level", [0.005, 0.02, 0.05])
def test_faint_noise_is_told_from_texture(level):
    texture = boards()
    assert float(texture.diff(dim=1).std()) > 0.1  # many times the noise
    assert found(gaussian(texture, level)).sigma == pytest.approx(level, rel=0.15)


def test_texture_alone_is_hardly_any_noise():
    assert found(boards()).sigma < 0.004


def test_texture_in_a_part_of_a_picture_does_not_bend_the_law(scene):
    picture = scene(1, 192, 192)
    picture[:, :60] = 0.7 * picture[:, :60] + 0.3 * torch.rand(1, 60, 192)
    law = found(gaussian(picture, 0.03))
    assert (law.parabola, law.shot, law.speckle) == (None, 0, 0)
    assert law.gaussian == pytest.approx(0.03, rel=0.15)


def test_the_parabola_stays_within_reach_of_what_is_seen():
    brightness = np.linspace(0.3, 0.5, 20)
    curve = np.stack([brightness, 1e-4 + 0.05 * (brightness - 0.4) ** 2], axis=1)
    variances = fit_law(curve).variance(np.linspace(0, 1, 9))
    assert curve[:, 1].min() / 3 < variances.min()
    assert variances.max() < 3 * curve[:, 1].max()


@pytest.mark.parametrize("shape", [(1, 4096), (1, 48, 48, 48)], ids=["line", "volume"])
def test_the_level_is_recovered_on_lines_and_volumes(shape):
    ramp = torch.linspace(0.2, 0.8, shape[-1]).expand(shape)
    assert found(gaussian(ramp, 0.1)).sigma == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize("shape", [(1, 16, 17), (1, 90)], ids=["picture", "signal"])
def test_what_is_too_small_for_patches_has_a_level(shape):
    ramp = torch.linspace(0.3, 0.7, shape[-1]).expand(shape)
    assert found(gaussian(ramp, 0.1)).sigma == pytest.approx(0.1, rel=0.35)  # a median of a hundred differences


def test_a_clean_picture_has_hardly_any_noise(scene):
    assert found(scene(3, 96, 96)).sigma < 0.004


@pytest.mark.parametrize(
    "picture",
    [torch.rand(1, 6, 6), torch.full((3, 96, 96), torch.nan)],
    ids=["tiny", "empty"],
)
def test_where_too_little_is_known_no_noise_is_found(picture):
    assert noise_curve(picture.double().numpy()).shape == (0, 2)
    assert found(picture) == NoiseLaw()


@pytest.mark.parametrize(
    "law",
    [NoiseLaw(gaussian=0.2), NoiseLaw(shot=0.1), NoiseLaw(shot=0.03), NoiseLaw(speckle=0.4)],
    ids=str,
)
def test_moments_are_those_of_simulated_noise(law):
    (kind,) = [name for name in LAWS if getattr(law, name)]
    at = [16, 64, 128, 200, 250]  # of the 257 clean values
    clean = torch.tensor(at)[:, None].expand(-1, 100_000) / 256
    simulated = LAWS[kind](clean, getattr(law, kind)).double().numpy()
    mean, variance = moments(law)
    # 100,000 draws: standard errors of 0.1 % of the range and of 0.5 % of the variance; 3 % for 255 quantiles.
    assert simulated.mean(1) == pytest.approx(mean[at], abs=0.003)
    assert simulated.var(1) == pytest.approx(variance[at], rel=0.03)


def test_the_law_itself_fits_its_own_moments_best():
    law = NoiseLaw(shot=0.1)
    curve = np.stack(moments(law), axis=1)[10:-10]
    assert misfit(law, curve) < 1e-6
    assert misfit(law, curve) < misfit(NoiseLaw(gaussian=0.07), curve)


def test_sigma_is_the_deviation_at_mid_gray():
    assert NoiseLaw(0.3, 0.4 * 2**0.5, 1.0).sigma == pytest.approx((0.09 + 0.16 + 0.25) ** 0.5)


@pytest.mark.parametrize(
    ("law", "text"),
    [
        (NoiseLaw(), "none"),
        (NoiseLaw(gaussian=0.1), "Gaussian, σ ≈ 0.100"),
        (NoiseLaw(shot=0.1), "shot, about 100 photons at white"),
        (NoiseLaw(speckle=0.2), "speckle, σ ≈ 0.20 of the signal"),
    ],
    ids=["none", "gaussian", "shot", "speckle"],
)
def test_a_law_reads_as_a_sentence(law, text):
    assert str(law) == text


@pytest.mark.parametrize("shape", [(4000,), (64, 64), (20, 20, 20)], ids=["line", "picture", "volume"])
def test_the_weakest_component_of_noise_is_its_deviation(shape):
    noise = np.random.default_rng(0).normal(0.5, 0.07, shape)
    assert weakest_component(noise) == pytest.approx(0.07, rel=0.05)


@pytest.mark.parametrize("level", [0.03, 0.1])
def test_the_weakest_component_is_never_less_than_the_noise(scene, level):
    channel = gaussian(scene(1, 96, 96), level)[0].double().numpy()
    assert 0.95 * level < weakest_component(channel) < 1.5 * level


@pytest.mark.parametrize("shape", [(64,), (32, 40), (16, 16, 16)], ids=["line", "picture", "volume"])
def test_a_ramp_and_a_constant_have_no_weakest_component_to_speak_of(shape):
    ramp = np.broadcast_to(np.linspace(0.1, 0.9, shape[-1]), shape)
    assert weakest_component(ramp) < 1e-6
    assert weakest_component(np.full(shape, 0.3)) < 1e-6


def test_of_a_large_picture_the_same_patches_are_looked_at_every_time():
    noise = np.random.default_rng(0).normal(0.5, 0.07, (80, 80))
    some = weakest_component(noise, most=2000)
    assert some == weakest_component(noise, most=2000)
    assert some != weakest_component(noise)
    assert some == pytest.approx(0.07, rel=0.1)


def test_the_smallest_picture_has_a_weakest_component():
    assert weakest_component(np.random.default_rng(0).normal(0.5, 0.07, (16, 16))) == pytest.approx(0.07, rel=0.3)
