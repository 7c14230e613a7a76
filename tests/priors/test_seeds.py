"""What networks are fed: noise, coordinates or the classical estimate."""

import math

import pytest
import torch
from laws import assert_matches

from dipcli.errors import OptionError
from dipcli.options.engine import PriorOptions
from dipcli.priors.prior import build_prior
from dipcli.problem import Unknown


def build(unknown, **changes):
    base = {"width": (4, 4), "skip_width": (2,), "seed_channels": 8}
    return build_prior(unknown, PriorOptions(**{**base, **changes}))


def test_a_uniform_seed_fills_0_to_the_scale():
    seed = build(Unknown((1, 32, 32)), seed_scale=0.1).seed
    assert float(seed.min()) >= 0
    assert float(seed.max()) <= 0.1
    assert float(seed.mean()) == pytest.approx(0.05, abs=0.002)  # 8,192 draws: standard error 0.0003


def test_a_normal_seed_has_the_scale_as_its_deviation():
    seed = build(Unknown((1, 32, 32)), seed_kind="normal", seed_scale=0.5).seed
    assert float(seed.std()) == pytest.approx(0.5, rel=0.04)  # standard error 0.8 %


def test_a_seed_is_padded_to_what_the_scales_need():
    assert build(Unknown((1, 17, 30))).seed.shape == (1, 8, 20, 32)


def test_a_meshgrid_seed_holds_the_coordinates_from_0_to_1():
    seed = build(Unknown((3, 16, 20)), seed_kind="meshgrid").seed[0]
    assert seed.shape == (2, 16, 20)
    assert_matches(seed[0, :, 3], torch.linspace(0, 1, 16))
    assert_matches(seed[1, 5], torch.linspace(0, 1, 20))


def test_a_coordinate_network_sees_minus_1_to_1():
    seed = build(Unknown((3, 16, 20)), prior="siren").seed[0]
    assert seed.shape == (2, 16, 20)
    assert (float(seed.min()), float(seed.max())) == (-1.0, 1.0)


def test_a_guide_seed_is_the_standardised_guide():
    guide = torch.rand(3, 16, 20)
    seed = build(Unknown((3, 16, 20), guide=guide), seed_kind="guide", seed_scale=0.2).seed
    assert_matches(seed[0], (guide - guide.mean()) / guide.std() * 0.2)


def test_the_border_of_a_guide_is_repeated_where_the_network_needs_more():
    guide = torch.rand(1, 17, 16)
    seed = build(Unknown((1, 17, 16), guide=guide), seed_kind="guide").seed
    assert seed.shape == (1, 1, 20, 16)
    assert torch.equal(seed[0, :, 0], seed[0, :, 1])  # one row above, two below
    assert torch.equal(seed[0, :, 18], seed[0, :, 17])
    assert torch.equal(seed[0, :, 19], seed[0, :, 17])


@pytest.mark.parametrize("shape", [(2, 19), (1, 17, 18), (1, 17, 18, 19)], ids=str)
def test_guides_work_on_lines_pictures_and_volumes(shape):
    prior = build(Unknown(shape, guide=torch.rand(shape)), seed_kind="guide")
    assert prior().shape == shape


def test_a_constant_guide_is_a_seed_of_zeros():
    seed = build(Unknown((1, 16, 16), guide=torch.full((1, 16, 16), 0.5)), seed_kind="guide").seed
    assert torch.equal(seed, torch.zeros_like(seed))


def test_a_guide_is_left_as_it_was():
    guide = torch.rand(1, 16, 16)
    before = guide.clone()
    build(Unknown((1, 16, 16), guide=guide), seed_kind="guide")
    assert torch.equal(guide, before)


def test_a_guide_seed_without_a_guide_is_an_option_error():
    with pytest.raises(OptionError, match="--seed-kind"):
        build(Unknown((1, 16, 16)), seed_kind="guide")


def test_a_decoder_takes_no_guide():
    with pytest.raises(OptionError, match="--prior decoder"):
        build(Unknown((1, 32, 32), guide=torch.rand(1, 32, 32)), prior="decoder", seed_kind="guide")


@pytest.mark.parametrize(
    ("layer", "bound"),
    [(0, 1 / 2), (2, math.sqrt(6 / 64) / 30), (4, math.sqrt(6 / 64) / 30)],
    ids=["first", "hidden", "last"],
)
def test_sines_are_initialised_within_their_published_bounds(layer, bound):
    prior = build(Unknown((3, 16, 16)), prior="siren", width=(64, 64))
    largest = float(prior.network[layer].weight.detach().abs().max())
    assert 0.9 * bound < largest <= bound * (1 + 1e-6)  # of 128 uniform draws the largest is above 0.9
