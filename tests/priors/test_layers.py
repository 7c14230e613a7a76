"""What layers compute on CUDA, where the gradients of PyTorch's own have no certain order: the same as they do."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from dipcli.priors.layers import convolution, doubled_linearly, halved, reflected, resized_linearly

SHAPES = {1: (7,), 2: (6, 9), 3: (4, 6, 5)}
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
POOLED = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
AXES = pytest.mark.parametrize("n_axes", [1, 2, 3])


def assert_alike(ours, theirs, n_axes):
    """Values and gradients."""
    torch.manual_seed(0)
    features = torch.randn(2, 3, *SHAPES[n_axes], requires_grad=True)
    weights = torch.randn_like(theirs(features))
    for value, expected in (
        (ours(features), theirs(features)),
        *zip(
            torch.autograd.grad((ours(features) * weights).sum(), features),
            torch.autograd.grad((theirs(features) * weights).sum(), features),
            strict=True,
        ),
    ):
        torch.testing.assert_close(value, expected, atol=1e-5, rtol=1e-5)


@AXES
@pytest.mark.parametrize("margin", [1, 2, 3])
def test_borders_are_reflected(n_axes, margin):
    def theirs(features):
        return functional.pad(features, [margin] * 2 * n_axes, mode="reflect")

    assert_alike(lambda features: reflected(features, margin), theirs, n_axes)


@AXES
def test_samples_are_doubled(n_axes):
    def theirs(features):
        return functional.interpolate(features, scale_factor=2, mode=LINEAR[n_axes], align_corners=False)

    assert_alike(doubled_linearly, theirs, n_axes)


@AXES
@pytest.mark.parametrize("factor", [1.7, 3.0])
def test_samples_are_resized(n_axes, factor):
    size = tuple(round(factor * n) for n in SHAPES[n_axes])

    def theirs(features):
        return functional.interpolate(features, size=size, mode=LINEAR[n_axes], align_corners=False)

    assert_alike(lambda features: resized_linearly(features, size), theirs, n_axes)


@AXES
def test_blocks_are_averaged(n_axes):
    assert_alike(halved, lambda features: POOLED[n_axes](features, 2), n_axes)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_that_of_pytorch_with_its_values_at_the_start(stride):
    torch.manual_seed(0)
    theirs = nn.Conv2d(3, 4, 5, stride=stride, padding=2, padding_mode="reflect")
    torch.manual_seed(0)
    ours = convolution(2, 3, 4, 5, stride=stride)
    features = torch.randn(1, 3, 12, 9)
    assert torch.equal(ours(features), theirs(features))
    assert list(ours.state_dict()) == list(theirs.state_dict())
