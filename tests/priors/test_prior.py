"""A prior returns its unknown: the right shape, the right values, random only where it should be."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import assert_matches
from torch import nn

from dipcli.errors import OptionError
from dipcli.options.engine import PriorOptions
from dipcli.priors.prior import build_prior
from dipcli.problem import Unknown

NETWORKS = ("skip", "decoder", "convdecoder", "projector", "siren", "spectral")
CONVOLUTIONS = nn.Conv1d | nn.Conv2d | nn.Conv3d


def options(prior="skip", **changes):
    return PriorOptions(**{"prior": prior, "width": (4,) * 3, "skip_width": (2,), "seed_channels": 3, **changes})


def convolutions(module):
    return [m for m in module.modules() if isinstance(m, CONVOLUTIONS)]


@pytest.mark.parametrize("network", NETWORKS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(space=st.lists(st.integers(16, 41), min_size=1, max_size=2), channels=st.integers(1, 3))
def test_estimates_of_lines_and_pictures_have_the_shape_asked_for(network, space, channels):
    unknown = Unknown((channels, *space))
    assert build_prior(unknown, options(network))().shape == unknown.shape


@pytest.mark.parametrize("network", NETWORKS)
def test_estimates_of_volumes_have_the_shape_asked_for(network):
    assert build_prior(Unknown((2, 17, 16, 19)), options(network))().shape == (2, 17, 16, 19)


@pytest.mark.parametrize(
    "changes",
    [
        {"upsample": "nearest"},
        {"downsample": "average"},
        {"filter_size": 5},
        {"pointwise": False},
        {"learn": "both"},
    ],
    ids=str,
)
def test_every_kind_of_hourglass_keeps_odd_sizes(changes):
    assert build_prior(Unknown((1, 33, 21)), options(**changes))().shape == (1, 33, 21)


def test_the_smallest_picture_works_with_the_stock_network():
    assert build_prior(Unknown((1, 16, 16)), PriorOptions())().shape == (1, 16, 16)


def test_unit_values_lie_in_0_to_1():
    estimate = build_prior(Unknown((3, 16, 16), "unit"), options(seed_scale=10.0))().detach()
    assert 0 <= float(estimate.min()) <= float(estimate.max()) <= 1


@pytest.mark.parametrize("values", ["real", "angle"])
def test_real_values_and_angles_are_not_bounded(values):
    prior = build_prior(Unknown((1, 16, 16), values), options())
    with torch.no_grad():
        prior.network[-1].weight.mul_(1000)
    assert float(prior().detach().abs().max()) > 2 * math.pi


def test_a_simplex_is_positive_and_sums_to_one():
    estimate = build_prior(Unknown((1, 17, 17), "simplex"), options("siren"))().detach()
    assert float(estimate.min()) >= 0
    assert_matches(estimate.sum(), 1.0)


def test_estimates_are_float32():
    assert build_prior(Unknown((1, 16, 16)), options())().dtype == torch.float32


@pytest.mark.parametrize("network", NETWORKS)
def test_jitter_makes_calls_differ(network):
    prior = build_prior(Unknown((1, 16, 16)), options(network, jitter=0.1))
    assert not torch.equal(prior(), prior())


@pytest.mark.parametrize("network", NETWORKS)
def test_without_jitter_calls_are_the_same(network):
    prior = build_prior(Unknown((1, 16, 16)), options(network, jitter=0.0))
    assert torch.equal(prior(), prior())


def test_jitter_leaves_the_seed_as_it_was():
    prior = build_prior(Unknown((1, 16, 16)), options(jitter=0.5))
    before = prior.seed.clone()
    prior()
    assert torch.equal(prior.seed, before)


def test_the_random_state_decides_what_is_drawn():
    torch.manual_seed(5)
    first = build_prior(Unknown((1, 16, 16)), options(jitter=0.0))()
    torch.manual_seed(5)
    assert torch.equal(first, build_prior(Unknown((1, 16, 16)), options(jitter=0.0))())


@pytest.mark.parametrize("network", ["skip", "decoder", "projector"])
def test_learning_the_seed_freezes_every_convolution(network):
    prior = build_prior(Unknown((1, 32, 32)), options(network, learn="seed"))
    assert convolutions(prior)
    assert not [p for m in convolutions(prior) for p in m.parameters() if p.requires_grad]
    assert prior.seed.requires_grad


def test_learning_the_weights_keeps_the_seed():
    prior = build_prior(Unknown((1, 32, 32)), options(learn="weights"))
    assert not prior.seed.requires_grad
    assert all(p.requires_grad for p in prior.network.parameters())


def test_learning_both_frees_weights_and_seed():
    prior = build_prior(Unknown((1, 32, 32)), options(learn="both"))
    assert all(p.requires_grad for p in prior.parameters())


def test_gradients_reach_all_that_is_learnt():
    prior = build_prior(Unknown((1, 32, 32)), options(learn="both"))
    prior().square().sum().backward()
    assert all(p.grad is not None for p in prior.parameters())


def test_normalisation_is_the_same_in_eval_mode():
    prior = build_prior(Unknown((1, 16, 16)), options(jitter=0.0))
    trained = prior()
    assert torch.equal(prior.eval()(), trained)


def test_the_options_of_the_unknown_come_first():
    unknown = Unknown((1, 32, 32), prior=options("siren", width=(4,)))
    assert len(convolutions(build_prior(unknown, options("skip")))) == 2


@pytest.mark.parametrize(("side", "expected"), [(16, 3), (32, 4), (64, 5)])
def test_small_unknowns_get_fewer_scales(side, expected):
    prior = build_prior(Unknown((1, side, 64)), PriorOptions(prior="decoder", width=(4,) * 5, seed_channels=2))
    assert prior.seed.shape[-1] == 64 // 2**expected


def test_one_skip_width_serves_all_scales():
    one, three = (build_prior(Unknown((1, 32, 32)), options(skip_width=w)) for w in ((2,), (2, 2, 2)))
    assert [p.shape for p in one.parameters()] == [p.shape for p in three.parameters()]


def test_a_picture_too_small_for_a_network_is_an_option_error():
    with pytest.raises(OptionError, match="at least 16"):
        build_prior(Unknown((1, 40, 15)), options())


def test_four_axes_are_an_option_error():
    with pytest.raises(OptionError, match="4 axes"):
        build_prior(Unknown((1, 16, 16, 16, 16)), options())


def test_skip_widths_of_other_scales_are_an_option_error():
    with pytest.raises(OptionError, match="--skip-width names 2 scales, --width 3"):
        build_prior(Unknown((1, 32, 32)), options(skip_width=(2, 2)))


def test_a_coordinate_network_has_no_seed_to_learn():
    with pytest.raises(OptionError, match="--learn weights"):
        build_prior(Unknown((1, 32, 32)), options("siren", learn="seed"))


def test_pointwise_networks_leave_two_values_on_a_side():
    options = PriorOptions(width=(4,) * 5, filter_size=1, seed_channels=4)
    assert build_prior(Unknown((1, 16, 16)), options)().shape == (1, 16, 16)


def guided(change=0.0, **changes):
    guide = torch.rand(1, 17, 21, generator=torch.Generator().manual_seed(1))
    unknown = Unknown(guide.shape, guide=guide + change)
    torch.manual_seed(3)
    return build_prior(unknown, options(**{"seed_kind": "guide", "jitter": 0.1, **changes}))


def test_a_probe_without_a_change_is_the_last_estimate():
    prior = guided()
    estimate = prior()
    assert torch.equal(prior.probe(torch.zeros(1, 17, 21)), estimate)


def test_a_probe_is_what_a_changed_guide_would_give():
    """But for mean and deviation of the guide, which a small change hardly moves."""
    change = 0.01 * torch.randn(1, 17, 21, generator=torch.Generator().manual_seed(2))
    prior, other = guided(jitter=0.0), guided(change, jitter=0.0)
    before, probed, after = prior().detach(), prior.probe(change).detach(), other().detach()
    assert 0 < float((probed - after).norm()) < 0.3 * float((probed - before).norm())


@pytest.mark.parametrize("changes", [{"seed_kind": "uniform"}, {"from_guide": True}], ids=str)
def test_only_a_network_that_is_fed_its_guide_alone_can_be_probed(changes):
    with pytest.raises(ValueError, match="probed"):
        guided(**changes).probe(torch.zeros(1, 17, 21))


def test_free_values_are_the_seed_itself():
    unknown = Unknown((2, 9, 7), "real")
    prior = build_prior(unknown, options("free", seed_kind="normal", jitter=0.0))
    assert torch.equal(prior(), prior.seed[0])
    assert [(name, each.requires_grad) for name, each in prior.named_parameters()] == [("seed", True)]
