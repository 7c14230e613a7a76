"""What is decided about a small frame, and that the large one reduces to it again."""

import math

import numpy as np
import pytest
import torch
from laws import assert_matches
from noises import gaussian
from PIL import Image

from dipcli.engine.restore import restore
from dipcli.errors import OptionError
from dipcli.metrics import psnr_db
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.pictures.downscaling import KERNELS, Decimation
from dipcli.pictures.options import UpscaleOptions
from dipcli.pictures.upscaling import state_upscaling, workload_of

ENGINE = EngineOptions(
    PriorOptions(width=(4,), skip_width=(2,), seed_kind="guide", jitter=0.0),
    DescentOptions(),
    StoppingOptions(stop="never", averaging=0.0, iterations=3),
)


def state(measurement, **options):
    return state_upscaling(measurement, UpscaleOptions(**options, engine=ENGINE))


def restored(measurement, **options):
    """The finished picture and its checks."""
    statement = state(measurement, **options)
    picture = statement.finished(restore(statement.problem, statement.engine).estimate).picture
    return picture, statement.checks(picture)


def reduced(picture, low, kernel="bicubic"):
    return Decimation(picture.shape[1:], low, kernel)(picture)


@pytest.fixture
def small(scene):
    """A scene of 28 x 24 pixels, reduced to a half."""
    return reduced(scene(3, 28, 24), (14, 12)).clamp(0, 1)


@pytest.mark.parametrize(
    ("shape", "factor", "expected"),
    [
        ((3, 16, 18), 2, (3, 32, 36)),
        ((1, 10, 12), 3, (1, 30, 36)),
        ((1, 16, 18), 1.5, (1, 24, 27)),
        ((2, 16, 19), 1.3, (2, 21, 25)),
        ((1, 10, 11), 2.7, (1, 27, 30)),
        ((1, 40), 2.5, (1, 100)),
        ((1, 10, 11, 12), 1.6, (1, 16, 18, 19)),
    ],
    ids=str,
)
def test_every_side_grows_by_the_factor(shape, factor, expected):
    statement = state(torch.rand(shape), factor=factor, classical=0.5)
    assert statement.classical[1].shape == expected
    assert statement.decisions["size"] == "x".join(str(side) for side in reversed(expected[1:]))
    assert restore(statement.problem, statement.engine).picture.shape == expected


@pytest.mark.parametrize("kernel", KERNELS)
def test_reduced_again_the_picture_is_the_small_one(scene, kernel):
    low = reduced(scene(3, 28, 24), (14, 12), kernel).clamp(0, 1)
    picture, checks = restored(low, kernel=kernel)
    assert set(checks) == {"consistency_rmse"}
    # The network alone, after three steps, is ten times as far.
    assert checks["consistency_rmse"] < 0.02
    again = reduced(picture.clamp(0, 1), (14, 12), kernel)
    assert float((again - low).square().mean().sqrt()) == pytest.approx(checks["consistency_rmse"], rel=1e-3)


def test_the_check_sees_a_picture_that_does_not_reduce_to_the_small_one(small):
    assert state(small).checks(torch.rand(3, 28, 24))["consistency_rmse"] > 0.1


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernel_is_the_one_that_is_asked_for(small, kernel):
    statement = state(small, kernel=kernel)
    assert statement.decisions["kernel"] == kernel
    image = torch.rand(3, 28, 24)
    assert_matches(statement.problem.operator(image), reduced(image, (14, 12), kernel))


def test_the_classical_picture_is_nearer_to_the_truth_than_bicubic_interpolation(scene):
    clean = scene(3, 48, 40)
    small = reduced(clean, (24, 20)).clamp(0, 1)
    planes = [Image.fromarray(plane).resize((40, 48), Image.Resampling.BICUBIC) for plane in small.numpy()]
    bicubic = torch.from_numpy(np.stack([np.array(plane) for plane in planes]))
    method, classical = state(small).classical
    assert method == "patch groups"
    assert psnr_db(classical, clean) > psnr_db(bicubic, clean) + 1


def test_colour_is_kept(scene, small):
    picture, _ = restored(small)
    assert_matches(picture.mean((1, 2)), scene(3, 28, 24).mean((1, 2)), tolerance=0.01)


def test_a_gray_picture_in_three_channels_stays_gray():
    gray = reduced(torch.rand(1, 28, 24), (14, 12)).expand(3, 14, 12)
    classical = state(gray).classical[1]
    assert float((classical - classical.mean(0)).abs().max()) < 1e-4


def test_missing_values_are_tolerated(scene, small):
    measured = small.clone()
    measured[:, 5:9, 5:7] = math.nan
    picture, checks = restored(measured)
    assert bool(picture.isfinite().all())
    assert checks["consistency_rmse"] < 0.02
    assert torch.equal(state(measured).problem.weight == 0, measured.isnan())


def test_what_is_missing_does_not_enter_the_check(small):
    measured = small.clone()
    measured[:, 5:9, 5:7] = math.nan
    image = torch.rand(3, 28, 24)
    missed = (reduced(image, (14, 12)) - small)[~measured.isnan()]
    check = state(measured).checks(image)["consistency_rmse"]
    assert check == pytest.approx(float(missed.square().mean().sqrt()), rel=1e-4)


def test_a_shallow_volume_is_refused():
    with pytest.raises(OptionError, match="leave --volume out"):
        workload_of(torch.zeros(1, 5, 20, 20), UpscaleOptions())


@pytest.mark.parametrize(("shape", "factor"), [((1, 20, 20), 1.02), ((1, 16, 90), 1.03)])
def test_a_factor_that_adds_no_pixel_is_refused(shape, factor):
    with pytest.raises(OptionError, match=rf"--factor {factor} adds no pixel to a side of {min(shape[1:])}"):
        state(torch.rand(shape), factor=factor)


@pytest.mark.parametrize("factor", [1, 0.5, 0, -2])
def test_a_factor_that_enlarges_nothing_is_refused(factor):
    with pytest.raises(OptionError, match=rf"--factor {factor} enlarges nothing"):
        UpscaleOptions(factor=factor)


def test_noise_is_noticed(scene):
    low = gaussian(scene(1, 48, 48), 0.08)
    assert state(low, factor=1.05).decisions["noise"].startswith("σ ≈ 0.0")


def test_a_clean_picture_has_hardly_any_noise(small):
    assert state(small).decisions["noise"] == "hardly any"


def test_noise_that_is_given_is_believed(small):
    assert state(small, sigma=0.1).decisions["noise"] == "σ ≈ 0.100"


def test_no_network_is_fitted_to_a_noisy_picture_unless_it_is_asked_for(small):
    statement = state(small, sigma=0.1)
    assert statement.problem is None
    assert statement.options["classical"] == 1
    assert statement.decisions["network"].startswith("not fitted")
    assert state(small, sigma=0.1, classical=0.5).problem is not None
    assert "network" not in state(small).decisions


def test_noise_is_taken_away(scene):
    clean = scene(1, 80, 96)
    noisy = gaussian(reduced(clean, (40, 48)), 0.1)
    statement = state(noisy, sigma=0.1)
    enlarged = Decimation((80, 96), (40, 48), "bicubic").enlarge(noisy, 1e-3)
    errors = [float((picture - clean).square().mean()) for picture in (statement.classical[1], enlarged)]
    assert errors[0] < 0.2 * errors[1]


def test_the_more_noise_the_less_is_explained(small):
    image, noisy = torch.rand(3, 28, 24), gaussian(small, 0.1)
    weak, strong = (state(noisy, sigma=sigma) for sigma in (0.0, 0.1))
    rmses = [one.checks(one.finished({"image": image}).picture)["consistency_rmse"] for one in (weak, strong)]
    assert rmses[0] < rmses[1]


@pytest.mark.parametrize(("tv_weight", "n_penalties"), [(0.0, 0), (0.3, 1)])
def test_total_variation_has_the_weight_that_is_given(small, tv_weight, n_penalties):
    penalties = state(small, tv_weight=tv_weight).problem.penalties
    assert [penalty.weight for penalty in penalties] == [tv_weight] * n_penalties


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_classical_share_is_mixed_in(small, share):
    statement, image = state(small, classical=share), torch.rand(3, 28, 24)
    picture = statement.problem.picture({"image": image})
    assert_matches(picture, image.lerp(statement.classical[1], share))


def test_nothing_is_fitted_where_the_classical_answer_is_all(small):
    statement = state(small, classical=1.0)
    assert statement.problem is None
    assert statement.finished({}).picture.shape == statement.classical[1].shape


def test_the_measurement_is_left_as_it_was(small):
    before = small.clone()
    state(small)
    assert torch.equal(small, before)


@pytest.mark.parametrize(("method", "called"), [("tv", "total variation"), ("pnp", "patch groups")])
def test_a_method_by_name_is_alone(scene, method, called):
    low = reduced(scene(3, 80, 72), (40, 36)).clamp(0, 1)
    statement = state(low, method=method)
    assert statement.problem is None
    assert statement.classical[0] == called
    assert not workload_of(low, UpscaleOptions(method=method, engine=ENGINE)).unknowns


def test_total_variation_explains_the_small_picture(scene):
    truth = scene(3, 80, 72)
    low = reduced(truth, (40, 36)).clamp(0, 1)
    statement = state(low, method="tv")
    start = Decimation(truth.shape[1:], (40, 36), "bicubic").enlarge(low, 1e-3)
    picture = statement.finished({}).picture
    assert statement.checks(picture)["consistency_rmse"] < 0.01
    assert psnr_db(picture, truth) > psnr_db(start, truth)


def test_a_method_without_a_network_has_no_share_to_give():
    with pytest.raises(OptionError, match="--method tv"):
        UpscaleOptions(method="tv", classical=0.5)
