"""Laws that hold for every object of a kind; each helper fails with what broke it."""

import torch
from torch.testing import assert_close


def assert_matches(actual, expected, *, tolerance=1e-6):
    """Equal shapes, and values within `tolerance` of the largest expected one (1e-6: a few float32 roundings)."""
    actual, expected = torch.as_tensor(actual), torch.as_tensor(expected)
    assert actual.shape == expected.shape, f"{tuple(actual.shape)} is not {tuple(expected.shape)}"
    scale = max(float(expected.abs().max()), 1e-30)
    assert_close(actual, expected.to(actual.dtype), rtol=0, atol=tolerance * scale)


def assert_linear(function, shape, *, tolerance=1e-5):
    """f(a·x + y) is a·f(x) + f(y); float32 sums of some thousand terms are good to 1e-5."""
    x, y = torch.randn(shape), torch.randn(shape)
    assert_matches(function(2.5 * x + y), 2.5 * function(x) + function(y), tolerance=tolerance)


def assert_adjoint(function, shape, *, tolerance=1e-5):
    """<f(x), y> is <x, f*(y)>, with the adjoint f* by autograd."""
    x = torch.randn(shape, requires_grad=True)
    image = function(x)
    y = torch.randn_like(image)
    (adjoint,) = torch.autograd.grad(image, x, y)
    left, right = torch.vdot(image.flatten(), y.flatten()).real, torch.dot(x.flatten(), adjoint.flatten())
    bound = tolerance * float(image.detach().norm() * y.norm())
    assert abs(float(left.detach() - right.detach())) <= bound


def assert_differentiable(function, *points):
    """Autograd agrees with central differences in every argument, in float64."""
    assert torch.autograd.gradcheck(function, tuple(point.detach().double().requires_grad_() for point in points))
