"""What is decided about a blurred frame: its kernel, what is mask, and whether the result is."""

import math
from dataclasses import replace

import pytest
import torch
from blurs import blur, hook, middle_of, shapes
from laws import assert_matches
from noises import gaussian

from dipcli.blur import deblurring, searched_part
from dipcli.blur.blur import gaussian_kernel, motion_kernel
from dipcli.blur.blurred_frame import look_at
from dipcli.blur.deblurring import state_deblurring
from dipcli.blur.doubts import RETURNED
from dipcli.blur.edge_kernels import framed, similarity
from dipcli.blur.options import DeblurOptions
from dipcli.blur.searched_part import choose_part
from dipcli.engine.restore import restore
from dipcli.errors import InputError, OptionError
from dipcli.metrics import psnr_db, psnr_up_to_shift_db
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions

ENGINE = EngineOptions(
    PriorOptions(width=(4,), skip_width=(2,), seed_kind="guide", seed_scale=0.3, jitter=0.0),
    DescentOptions(learning_rate=0.01),
    StoppingOptions(stop="never", averaging=0.0, iterations=3),
)
FOUND = 0.7  # similarity of kernels
QUICK = {"method": "tv", "kernel_size": 9, "restarts": 0}


@pytest.fixture(scope="module")
def sharp():
    return shapes(100, 108)


@pytest.fixture(scope="module")
def blurred(sharp):
    return blur(sharp, hook())


def state(frame, kernel=None, truth=None, **options):
    return state_deblurring(frame, DeblurOptions(**options, engine=ENGINE), kernel, truth)


def finished(statement):
    if statement.problem is None:
        return statement.finished({})
    result = restore(statement.problem, statement.engine)
    return statement.finished(result.estimate)


@pytest.mark.parametrize("method", ["auto", "tv", "wiener", "rl"])
def test_with_a_known_kernel_nothing_is_fitted_and_the_picture_is_sharper(sharp, blurred, method):
    statement = state(blurred, hook(), method=method)
    restoration = finished(statement)
    truth = middle_of(sharp, blurred)
    assert statement.problem is None
    assert restoration.picture.shape == blurred.shape
    assert psnr_db(restoration.picture, truth) > psnr_db(blurred, truth) + 3
    assert restoration.objects["kernel"] is not None
    assert restoration.warnings == ()


def test_a_network_may_make_the_picture_behind_a_known_kernel(blurred):
    statement = state(blurred, hook(), method="prior")
    assert statement.problem is not None
    assert finished(statement).picture.shape == blurred.shape


def test_the_kernel_is_found_and_the_picture_is_sharper(sharp, blurred):
    restoration = finished(state(blurred, truth=hook(), **QUICK))
    truth = middle_of(sharp, blurred)
    assert restoration.warnings == ()
    assert similarity(restoration.objects["kernel"], hook()) > FOUND
    assert restoration.metrics["kernel_similarity"] > FOUND
    assert psnr_up_to_shift_db(restoration.picture, truth) > psnr_up_to_shift_db(blurred, truth) + 3


def test_noise_is_not_taken_for_edges(blurred):
    torch.manual_seed(0)
    noisy = gaussian(blurred, 0.05)
    gray = look_at(noisy, DeblurOptions())[0].denoised_gray()
    clean = blurred.mean(0)
    assert float((gray - clean).square().mean().sqrt()) < 0.5 * 0.05


def test_colours_share_one_kernel(sharp):
    colours = torch.cat([sharp, 1 - sharp, 0.5 * sharp])
    frame = blur(colours, hook())
    restoration = finished(state(frame, **QUICK))
    assert restoration.objects["kernel"].ndim == 2
    assert restoration.picture.shape == frame.shape
    assert psnr_up_to_shift_db(restoration.picture.clamp(0, 1), middle_of(colours, frame)) > psnr_up_to_shift_db(
        frame, middle_of(colours, frame)
    )


def test_a_sharp_picture_comes_back_with_a_warning(sharp):
    restoration = finished(state(sharp, **QUICK))
    assert "No blur was found" in restoration.warnings[0]
    assert psnr_db(restoration.picture, sharp) > 35


def test_an_unbelievable_result_may_be_kept(sharp):
    restoration = finished(state(sharp, keep=True, **QUICK))
    assert restoration.warnings == ("No blur was found.",)
    assert not torch.equal(restoration.picture, sharp)


@pytest.mark.parametrize("keep", [True, False])
def test_a_picture_whose_kernel_is_not_believed_comes_back_unless_it_is_kept(blurred, monkeypatch, keep):
    compare_parts = deblurring.compare_parts
    monkeypatch.setattr(
        deblurring, "compare_parts", lambda *parts: replace(compare_parts(*parts), is_believed=False)
    )
    statement = state(blurred, keep=keep, **QUICK)
    restoration = finished(statement)
    assert torch.equal(restoration.picture, blurred) is not keep
    assert restoration.warnings == (() if keep else (RETURNED,))
    assert similarity(restoration.objects["kernel"], hook()) > FOUND


def test_a_frame_without_an_edge_comes_back_with_a_warning():
    frame = torch.full((1, 80, 80), 0.5)
    restoration = finished(state(frame, **QUICK))
    assert restoration.warnings
    assert torch.equal(restoration.picture, frame)


@pytest.mark.parametrize("init", ["classical", "none"])
@pytest.mark.parametrize("kernel_prior", ["siren", "mlp"])
def test_two_networks_are_fitted(blurred, init, kernel_prior):
    statement = state(blurred, init=init, kernel_prior=kernel_prior, **QUICK)
    image, kernel = statement.problem.unknowns.values()
    assert kernel.values == "simplex"
    assert kernel.prior.prior == kernel_prior
    assert [a - b + 1 for a, b in zip(image.shape[1:], kernel.shape[1:], strict=True)] == [*blurred.shape[1:]]
    found = restore(statement.problem, statement.engine).estimate["kernel"]
    assert float(found.sum()) == pytest.approx(1, abs=1e-4)


def test_the_networks_start_where_the_edges_led_to(blurred):
    statement = state(blurred, **QUICK)
    start = statement.problem.unknowns["kernel"].guide[0]
    assert similarity(start, hook()) > FOUND
    first = restore(statement.problem, statement.engine).estimate["kernel"][0]
    assert similarity(first, start) > 0.95


@pytest.mark.parametrize("method", ["patches", "tv"])
def test_a_light_that_is_clipped_stays_bright(sharp, method):
    bright = sharp.clone()
    bright[:, 44:56, 48:60] = 3.0
    frame = blur(bright, hook()).clamp(max=1)
    restoration = finished(state(frame, hook(), method=method))
    lit = middle_of(bright, frame) > 2
    assert float(restoration.picture[lit].mean()) > 0.95


def test_texture_is_not_taken_for_noise():
    texture = torch.rand(1, 120, 120, generator=torch.Generator().manual_seed(0))
    frame = blur(texture, gaussian_kernel(1.0))
    noise = 0.02 * torch.randn(frame.shape, generator=torch.Generator().manual_seed(1))
    known = {"kernel": gaussian_kernel(1.0), "method": "tv"}
    assert state(frame, **known).decisions["noise"] == "hardly any"
    assert state(frame + noise, **known).decisions["noise"] == "σ ≈ 0.020"


def test_clipped_and_missing_values_are_not_believed(blurred):
    frame = blurred.clone()
    frame[:, 20:24, 30:40] = 1.0
    frame[:, 60, 50] = math.nan
    statement = state(frame, hook(), method="prior", keep=True)  # what stands there was never blurred
    hidden = statement.problem.weight == 0
    assert bool(hidden[:, 19:25, 29:41].all())  # and what lies next to them
    assert bool(hidden[:, 59:62, 49:52].all())
    assert not bool(hidden[:, 30:50].any())
    assert statement.decisions["masked"].endswith("missing or clipped")
    assert bool(finished(statement).picture.isfinite().all())


def test_noise_is_found_out_or_given(blurred):
    assert state(gaussian(blurred, 0.05), hook(), method="tv").decisions["noise"].startswith("σ ≈ 0.0")
    assert state(blurred, hook(), method="tv", sigma=0.1).decisions["noise"] == "σ ≈ 0.100"


def test_light_is_deblurred_where_values_are_its_power(sharp):
    frame = blur(sharp**2.2, hook()).clamp(min=0) ** (1 / 2.2)
    truth = middle_of(sharp, frame)
    linear, plain = (finished(state(frame, hook(), method="tv", gamma=g)).picture for g in (2.2, 1.0))
    assert psnr_db(linear, truth) > psnr_db(plain, truth)


def test_the_part_with_most_edges_is_searched(blurred, monkeypatch):
    monkeypatch.setattr(searched_part, "PART", 100)
    frame = torch.full((1, 140, 220), 0.5)
    frame[:, 40:132, 116:216] = blurred
    rows, columns = choose_part(look_at(frame, DeblurOptions())[0], DeblurOptions())
    statement = state(frame, **QUICK)
    assert (abs(rows.start - 40), abs(columns.start - 116)) <= (8, 8)
    assert finished(statement).picture.shape == frame.shape


def test_an_uneven_blur_is_said(sharp, monkeypatch):
    monkeypatch.setattr(searched_part, "PART", 88)
    across, down = (blur(sharp, motion_kernel(11, angle)) for angle in (0, 90))
    uneven, even = torch.cat([across, down], 2), torch.cat([down, down.flip(0)], 2)
    quick = QUICK | {"kernel_size": 17}
    said = state(uneven, **quick)
    assert any("may not be even" in warning for warning in said.warnings)
    assert "kernel_map" in said.finished({}).objects
    assert state(even, **quick).warnings == ()


def test_the_part_may_be_told(blurred):
    statement = state(blurred, crop="10,20,64,70", **QUICK)
    assert statement.part == (..., slice(20, 90), slice(10, 74))
    assert "sought in 64x70 pixels" in statement.decisions["kernel"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"crop": "0,0,4000,70"}, "is no part of 100x92"),
        ({"crop": "0,0,20,70"}, "sides of at least 32"),
        ({"kernel_size": 61}, "--kernel-size 61 is more than half of a side of 92"),
    ],
)
def test_what_does_not_fit_is_refused(blurred, options, match):
    with pytest.raises(OptionError, match=match):
        state(blurred, **options)


def test_the_networks_make_the_whole_picture_where_that_is_asked_for(blurred, monkeypatch):
    monkeypatch.setattr(searched_part, "PART", 64)
    restoration = finished(state(blurred, keep=True, **(QUICK | {"method": "prior"})))
    assert restoration.picture.shape == blurred.shape


def test_a_kernel_that_its_window_cuts_off_is_said(sharp):
    frame = blur(sharp, motion_kernel(13, 30))
    assert any(
        "beyond its 5 pixels" in warning for warning in state(frame, **(QUICK | {"kernel_size": 5})).warnings
    )
    assert state(frame, **(QUICK | {"kernel_size": 19})).warnings == ()


def test_a_part_and_a_picture_by_networks_exclude_each_other():
    with pytest.raises(OptionError, match="--crop cannot go with --method prior"):
        DeblurOptions(crop="0,0,40,40", method="prior")


@pytest.mark.parametrize("crop", ["10,20", "a,b,c,d", "1,2,3,4,5", "-1,0,40,40"])
def test_a_part_that_is_no_rectangle_is_refused(crop):
    with pytest.raises(OptionError, match="is no rectangle; give left,top,width,height"):
        DeblurOptions(crop=crop)


def test_a_kernel_that_is_larger_than_the_frame_is_refused(blurred):
    with pytest.raises(OptionError, match="A kernel of 95 pixels does not fit"):
        state(blurred, framed(hook(), 95))


def test_a_frame_that_is_all_clipped_is_refused():
    with pytest.raises(InputError, match="100% of the frame is missing or clipped"):
        state(torch.ones(1, 40, 40))


@pytest.mark.parametrize("shape", [(1, 40), (1, 20, 20, 20)], ids=["signal", "volume"])
def test_only_pictures_are_deblurred(shape):
    with pytest.raises(InputError, match="Only pictures can be deblurred"):
        state(torch.rand(shape))


def test_the_frame_is_left_as_it_was(blurred):
    before = blurred.clone()
    finished(state(blurred, **QUICK))
    assert torch.equal(blurred, before)


def test_an_even_kernel_shifts_nothing(sharp):
    frame = blur(sharp, gaussian_kernel(1.2))
    restoration = finished(state(frame, keep=True, **QUICK))
    truth = middle_of(sharp, frame)
    assert (
        psnr_up_to_shift_db(restoration.picture, truth) - psnr_up_to_shift_db(restoration.picture, truth, reach=1)
        < 0.1
    )
    assert_matches(restoration.picture.mean(), frame.mean(), tolerance=0.05)
