"""What is decided about a noisy frame, and what follows from it."""

import re
from dataclasses import replace

import pytest
import torch
from laws import assert_matches
from noises import LAWS, gaussian, impulses, without
from torch.nn import functional

from dipcli.engine.restore import restore
from dipcli.errors import InputError
from dipcli.metrics import psnr_db
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.pictures import noise_model
from dipcli.pictures.denoising import decide, state_denoising
from dipcli.pictures.noise_model import analyse
from dipcli.pictures.options import DenoiseOptions

ENGINE = EngineOptions(
    PriorOptions(width=(4,), skip_width=(2,), seed_kind="guide", jitter=0.0),
    DescentOptions(),
    StoppingOptions(stop="never", averaging=0.0, iterations=3),
)


STOPPED = replace(ENGINE, stopping=StoppingOptions(averaging=0.0, iterations=3))


def state(measurement, **options):
    """Stated without the trial that decides whether a network is fitted."""
    return state_denoising(measurement, DenoiseOptions(**{"classical": 0.5, "engine": ENGINE, **options}))


def restored(measurement, **options):
    return restore(state(measurement, **options).problem, ENGINE).picture


@pytest.mark.parametrize(
    ("kind", "level", "text"),
    [("gaussian", 0.1, "Gaussian"), ("shot", 0.15, "shot"), ("speckle", 0.25, "speckle")],
)
def test_the_noise_is_named(scene, kind, level, text):
    facts = state(LAWS[kind](scene(3, 96, 80), level)).decisions
    assert facts["noise"].startswith(text)
    assert facts["loss"] == "rmse on variance-stabilised values"


def test_salt_and_pepper_are_named_with_their_share(scene):
    noisy, _ = impulses(scene(3, 64, 64), 0.3)
    assert re.match(r"salt and pepper on (29|30|31)% of the values", state(noisy).decisions["noise"])


def test_both_kinds_of_noise_are_named(scene):
    noisy, _ = impulses(gaussian(scene(3, 96, 96), 0.08), 0.2)
    noise = state(noisy).decisions["noise"]
    assert re.match(r"salt and pepper on (19|20|21)% of the values \+ Gaussian, σ ≈ 0\.0[78]", noise)


def test_noise_that_is_smooth_is_noise(scene):
    smooth = functional.avg_pool2d(torch.randn(3, 1, 200, 200), 9, 1)[:, 0, :192, :192]
    statement = state(scene(3, 192, 192) + 0.05 * smooth / smooth.std())
    assert "correlated between pixels" in statement.decisions["noise"]
    assert statement.problem is not None


@pytest.mark.parametrize("n_channels", [2, 3, 5])
def test_channels_of_unlike_noise_have_laws_of_their_own(scene, n_channels):
    clean = scene(n_channels, 96, 96)
    noisy = gaussian(clean, 0.02)
    noisy[1] = gaussian(clean[1], 0.15)
    statement = state(noisy, passes=1)
    named = statement.decisions["noise"].removeprefix("by channel: ").split(" | ")
    levels = [float(re.fullmatch(r"Gaussian, σ ≈ ([0-9.]+)", law)[1]) for law in named]
    assert levels == pytest.approx([0.15 if channel == 1 else 0.02 for channel in range(n_channels)], rel=0.2)
    left = (statement.classical[1] - clean).square().mean((1, 2)).sqrt()
    assert float(left[1]) < 0.06
    assert float(left[0]) < 0.02


def test_channels_of_the_same_noise_have_one_law(scene):
    assert not analyse(gaussian(scene(3, 96, 96), 0.1)).channel_laws


def test_a_clean_picture_is_warned_about(scene):
    statement = state(scene(3, 96, 96))
    assert statement.decisions["noise"] == "hardly any"
    assert statement.warnings


def test_a_noisy_picture_is_not_warned_about(scene):
    assert not state(gaussian(scene(3, 64, 64), 0.1)).warnings


@pytest.mark.parametrize("loss", ["mse", "rmse", "l1", "huber", "poisson"])
def test_an_explicit_loss_is_fitted_to_the_values_as_they_are(scene, loss):
    noisy = gaussian(scene(1, 32, 32), 0.1)
    statement = state(noisy, loss=loss)
    assert statement.decisions["loss"] == loss
    assert torch.equal(statement.problem.measurement, noisy)


def test_an_explicit_loss_fits_impulses_too(scene):
    noisy, _ = impulses(scene(1, 48, 48), 0.3)
    assert state(noisy, loss="l1").problem.weight is None


def test_impulses_count_as_missing(scene):
    noisy, struck = impulses(scene(3, 64, 64), 0.3)
    hidden = state(noisy).problem.weight == 0
    assert float((hidden == struck).float().mean()) > 0.99


def test_missing_values_have_no_weight(scene):
    noisy = without(gaussian(scene(1, 48, 48), 0.1), 0.3)
    assert torch.equal(state(noisy).problem.weight == 0, noisy.isnan())
    assert torch.equal(state(noisy, loss="l1").problem.weight == 0, noisy.isnan())


def test_a_complete_frame_needs_no_weight(scene):
    assert state(gaussian(scene(1, 48, 48), 0.1)).problem.weight is None


@pytest.mark.parametrize("options", [{}, {"loss": "l1"}], ids=["auto", "l1"])
def test_missing_values_are_filled_in(scene, options):
    noisy = without(gaussian(scene(1, 32, 32), 0.1), 0.3)
    picture = restored(noisy, **options)
    assert picture.shape == noisy.shape
    assert bool(picture.isfinite().all())


def test_beside_pure_impulses_exact_values_are_kept_bit_for_bit(scene):
    clean = scene(3, 48, 48)
    noisy, _ = impulses(clean, 0.3)
    kept = state(noisy).problem.weight > 0
    assert torch.equal(restored(noisy)[kept], noisy[kept])


def test_beside_impulses_noisy_values_are_restored(scene):
    noisy, _ = impulses(gaussian(scene(3, 96, 96), 0.1), 0.2)
    kept = state(noisy).problem.weight > 0
    assert float((restored(noisy)[kept] - noisy[kept]).abs().mean()) > 0.02


@pytest.mark.parametrize("options", [{}, {"loss": "mse"}], ids=["auto", "mse"])
def test_with_a_classical_share_of_one_nothing_is_fitted(scene, options):
    statement = state(gaussian(scene(1, 48, 48), 0.1), classical=1.0, **options)
    assert statement.problem is None
    assert statement.classical[0] == "patch groups"
    assert torch.equal(statement.finished({}).picture, statement.classical[1])


def test_signals_have_windows_instead_of_patch_groups(scene):
    assert state(gaussian(scene(1, 1, 90)[:, 0], 0.1)).classical[0] == "DCT thresholding"


@pytest.mark.parametrize("planes", [2, 5, 16])
def test_planes_of_a_volume_help_each_other(scene, planes):
    clean = scene(1, 40, 36)[:, None].expand(1, planes, 40, 36).contiguous()
    noisy = gaussian(clean, 0.1)
    together = state(noisy, classical=1.0)
    alone = torch.stack([state(plane, classical=1.0).classical[1] for plane in noisy.unbind(1)], 1)
    assert together.classical[0] == "patch groups"
    assert psnr_db(together.classical[1], clean) > psnr_db(alone, clean) + 0.2


def test_a_volume_too_shallow_for_a_network_has_none(scene):
    clean = scene(1, 40, 36)[:, None].expand(1, 5, 40, 36).contiguous()
    statement = state(gaussian(clean, 0.1), classical=None, engine=STOPPED)
    assert statement.problem is None
    assert "too few planes" in statement.decisions["network"]


def test_the_network_has_the_share_that_it_earns_in_a_trial(scene):
    statement = state(gaussian(scene(3, 64, 64), 0.1), classical=None, engine=STOPPED)
    assert "in a trial" in statement.decisions["network"]
    assert statement.options["classical"] == 1 or statement.problem is not None


def test_without_a_stopping_rule_there_is_no_trial(scene):
    statement = state(gaussian(scene(3, 64, 64), 0.1), classical=None)
    assert "network" not in statement.decisions
    assert statement.problem is not None


def test_beside_pure_impulses_no_network_is_fitted_and_the_measured_values_return(scene):
    noisy, struck = impulses(scene(3, 48, 48), 0.3)
    statement = state(noisy, classical=None)
    assert statement.problem is None
    kept = noisy == statement.finished({}).picture
    assert float((kept != struck).float().mean()) > 0.99


def test_strong_speckle_is_better_stabilised_by_lines(scene, monkeypatch):
    clean = scene(1, 96, 96)
    noisy = LAWS["speckle"](clean, 0.45)

    def classical():
        return state(noisy, classical=1.0).classical[1]

    beside_lines = classical()
    monkeypatch.setattr(noise_model, "KEPT", 0.0)
    assert psnr_db(beside_lines, clean) > psnr_db(classical(), clean) + 0.5


def test_missing_values_are_filled_in_beside_strong_speckle(scene):
    clean = scene(1, 96, 96)
    noisy = without(LAWS["speckle"](clean, 0.45), 0.2)
    assert psnr_db(state(noisy, classical=1.0).classical[1], clean) > 20


def test_tiles_are_stated_by_one_law_and_one_share(scene):
    noisy = gaussian(scene(1, 96, 96), 0.1)
    whole = state(noisy, classical=None, engine=STOPPED)
    tiled = decide(noisy, DenoiseOptions(engine=STOPPED))(noisy[:, :40, :40])
    assert tiled.decisions["noise"] == whole.decisions["noise"]
    assert tiled.options["classical"] == pytest.approx(whole.options["classical"])


def test_a_classical_share_of_zero_is_the_network_alone(scene):
    statement = state(gaussian(scene(1, 48, 48), 0.1), classical=0.0, loss="mse")
    image = torch.rand(1, 48, 48)
    assert torch.equal(statement.problem.picture({"image": image}), image)


def test_a_classical_share_of_one_half_lies_in_between(scene):
    statement = state(gaussian(scene(1, 48, 48), 0.1), loss="mse")
    image = torch.rand(1, 48, 48)
    assert_matches(statement.problem.picture({"image": image}), (image + statement.classical[1]) / 2)


def test_sigma_that_is_given_is_believed(scene):
    assert state(gaussian(scene(1, 48, 48), 0.1), sigma=0.2).decisions["noise"] == "Gaussian, σ ≈ 0.200"


def test_sigma_of_zero_is_hardly_any_noise(scene):
    assert state(gaussian(scene(1, 48, 48), 0.1), sigma=0.0).decisions["noise"] == "hardly any"


def test_total_variation_follows_the_noise_level(scene):
    clean = scene(1, 48, 48)
    weak, strong = (state(gaussian(clean, s), sigma=s).problem.penalties[0].weight for s in (0.05, 0.2))
    assert strong == pytest.approx(2 * weak, rel=0.05)


@pytest.mark.parametrize(("tv_weight", "n_penalties"), [(0.0, 0), (0.3, 1)])
def test_total_variation_has_the_weight_that_is_given(scene, tv_weight, n_penalties):
    penalties = state(gaussian(scene(1, 48, 48), 0.1), tv_weight=tv_weight).problem.penalties
    assert [penalty.weight for penalty in penalties] == [tv_weight] * n_penalties


def test_the_measurement_is_left_as_it_was(scene):
    noisy = without(gaussian(scene(1, 48, 48), 0.1), 0.2)
    before = noisy.clone()
    state(noisy)
    assert torch.equal(noisy.nan_to_num(-1), before.nan_to_num(-1))


def test_a_volume_is_restored(scene):
    volume = scene(1, 20, 20)[:, None].expand(1, 16, 20, 20)
    assert restored(gaussian(volume, 0.1)).shape == (1, 16, 20, 20)


def test_analysis_tells_missing_from_impulses(scene):
    struck, _ = impulses(scene(1, 64, 64), 0.3)
    noise = analyse(without(struck, 0.2))
    assert not bool((~noise.mask & noise.impulses).any())
    assert float(noise.mask.float().mean()) == pytest.approx(0.8, abs=0.03)
    assert float(noise.impulses.float().mean()) == pytest.approx(0.24, abs=0.03)


def test_a_frame_without_any_value_is_an_error():
    with pytest.raises(InputError, match="nothing to restore"):
        state(torch.full((1, 32, 32), torch.nan))


def test_a_small_picture_is_restored(scene):
    assert restored(gaussian(scene(3, 16, 17), 0.1)).shape == (3, 16, 17)
