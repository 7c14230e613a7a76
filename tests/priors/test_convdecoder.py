"""The convolutional decoder: what its scales are, and what each consists of."""

import pytest
import torch
from torch import nn

from dipcli.options.engine import PriorOptions
from dipcli.priors.convdecoder import scale_sizes
from dipcli.priors.layers import LinearResizing, normalisation
from dipcli.priors.prior import build_prior
from dipcli.problem import Unknown


def options(layers=4, **changes):
    return PriorOptions(**{"prior": "convdecoder", "width": (4,) * layers, "seed_channels": 3, **changes})


@pytest.mark.parametrize("space", [(24, 20), (33, 21), (230, 180), (17,), (16, 17, 18)], ids=str)
@pytest.mark.parametrize("layers", [2, 4, 7])
def test_scales_grow_by_one_ratio_up_to_the_picture(space, layers):
    sizes = scale_sizes(space, options(layers))
    assert sizes[-1] == space
    assert len(sizes) == layers
    for axis, side in enumerate(space):
        ratio = (side / sizes[0][axis]) ** (1 / (layers - 1))
        # Each is rounded up.
        assert all(-1e-9 < size[axis] - sizes[0][axis] * ratio**k < 1 + 1e-9 for k, size in enumerate(sizes))


@pytest.mark.parametrize(("side", "expected"), [(20, 4), (64, 8), (66, 8), (230, 29)])
def test_the_coarsest_scale_is_halved_as_often_as_it_is_doubled(side, expected):
    assert scale_sizes((side, side), options(4))[0] == (expected, expected)


def test_the_coarsest_scale_can_be_told():
    assert scale_sizes((24, 20), options(3, coarsest=(6, 5))) == [(6, 5), (12, 10), (24, 20)]


def test_the_seed_has_the_size_of_the_coarsest_scale():
    prior = build_prior(Unknown((2, 24, 20)), options(3, coarsest=(6, 5)))
    assert prior.seed.shape == (1, 3, 6, 5)


def test_every_scale_convolves_then_rectifies_then_normalises():
    """As in the published code; the last scale has two convolutions, and behind them is a bare one of 1x1."""
    network = build_prior(Unknown((2, 24, 20)), options(3)).network
    kinds = [type(layer) for layer in network]
    block = [nn.Conv2d, nn.ReLU, type(normalisation(2, 4))]
    assert kinds == [LinearResizing, *block, LinearResizing, *block, *block, nn.Conv2d]
    sides = [layer.kernel_size for layer in network if isinstance(layer, nn.Conv2d)]
    assert sides == [(3, 3), (3, 3), (3, 3), (1, 1)]


@pytest.mark.parametrize("bias", [True, False])
def test_constants_in_the_convolutions_are_an_option(bias):
    network = build_prior(Unknown((2, 24, 20)), options(bias=bias)).network
    assert {layer.bias is not None for layer in network if isinstance(layer, nn.Conv2d)} == {bias}


@pytest.mark.parametrize("upsample", ["nearest", "linear"])
def test_every_upsampling_keeps_odd_sizes(upsample):
    assert build_prior(Unknown((6, 33, 21)), options(5, upsample=upsample))().shape == (6, 33, 21)


def test_every_scale_has_a_width_of_its_own():
    network = build_prior(Unknown((2, 24, 20)), options(width=(5, 6, 7))).network
    assert [layer.out_channels for layer in network if isinstance(layer, nn.Conv2d)] == [5, 6, 7, 2]


def test_more_scales_than_halvings_are_no_problem():
    assert build_prior(Unknown((2, 16, 16)), options(9))().shape == (2, 16, 16)


def test_its_seed_can_be_learnt():
    prior = build_prior(Unknown((2, 24, 20)), options(3, learn="seed"))
    prior().square().sum().backward()
    assert prior.seed.grad is not None
    assert bool(torch.isfinite(prior.seed.grad).all())
