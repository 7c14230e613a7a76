"""A decoder of bounded gain: no layer amplifies more than it may, and constants stay as they are."""

import pytest
import torch
from laws import assert_matches

from dipcli.errors import OptionError
from dipcli.options.presets import STOCK
from dipcli.priors.layers import doubling, resizing
from dipcli.priors.prior import build_prior
from dipcli.priors.spectral import CappedConvolution
from dipcli.problem import Unknown


def gain(layer, seed=0):
    """The largest singular value of what a layer multiplies patches with."""
    weight = layer.convolution.weight.detach()
    found = torch.linalg.matrix_norm(weight.reshape(len(weight), -1), ord=2)
    ones = torch.randn(1, weight.shape[1], 9, 9, generator=torch.Generator().manual_seed(seed))
    scale = layer(ones).detach().norm() / layer.convolution(ones).detach().norm()
    return float(found * scale)


def test_a_layer_amplifies_no_more_than_it_may():
    layer = CappedConvolution(2, 4, 6, 3, 1.4)
    layer.convolution.weight.data.mul_(50)
    assert gain(layer) == pytest.approx(1.4, rel=1e-3)


def test_a_layer_that_amplifies_little_is_left_alone():
    layer, features = CappedConvolution(2, 4, 6, 3, 1.4), torch.rand(1, 4, 9, 9)
    layer.convolution.weight.data.mul_(0.1)
    assert_matches(layer(features).detach(), layer.convolution(features).detach())


@pytest.mark.parametrize("n_axes", [1, 2, 3])
def test_gaussian_doubling_keeps_what_is_constant(n_axes):
    constant = torch.full((1, 2, *[5] * n_axes), 0.3)
    doubled = doubling(n_axes, "gaussian")(constant)
    assert doubled.shape == (1, 2, *[10] * n_axes)
    assert_matches(doubled, torch.full_like(doubled, 0.3))


def test_gaussian_doubling_is_smoother_than_linear():
    noise = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))

    def roughness(mode):
        return float(doubling(2, mode)(noise).diff(dim=-1).square().mean())

    assert roughness("gaussian") < roughness("linear") < roughness("nearest")


def test_gaussian_doubling_only_doubles():
    with pytest.raises(OptionError, match="--upsample linear"):
        resizing((7, 9), "gaussian")


def test_waves_are_sines_and_cosines():
    prior = build_prior(Unknown((1, 64, 64)), STOCK["spectral"].prior)
    assert prior.seed.shape[1] == 32
    assert_matches(
        prior.seed[0, :16].square() + prior.seed[0, 16:].square(), torch.ones(16, *prior.seed.shape[2:])
    )
