"""Linear least squares through any operator, by conjugate gradients; autograd supplies the adjoint."""

from collections.abc import Callable

import torch
from torch import Tensor

Operator = Callable[[Tensor], Tensor]


def adjoint(operator: Operator, like: Tensor) -> Operator:
    """The adjoint of a linear operator on real images shaped like `like`: Re <A x, y> = <x, A* y>."""
    pull = torch.func.vjp(operator, like)[1]

    def back(measured: Tensor) -> Tensor:
        image: Tensor = pull(measured)[0]
        return image

    return back


def least_squares(
    operator: Operator, measurement: Tensor, image: Tensor, damping: float = 0.0, *, iterations: int = 10
) -> Tensor:
    """The x with least |A x - measurement|² + damping·|x - image|², starting from `image`.

    Source: Hestenes and Stiefel, Methods of conjugate gradients, 1952.
    """
    back = adjoint(operator, image)

    def normal(x: Tensor) -> Tensor:
        return back(operator(x)) + damping * x

    residual = back(measurement - operator(image))
    direction, energy = residual, residual.square().sum()
    least = 1e-12 * energy
    for _ in range(iterations):
        if energy <= least:
            break
        curved = normal(direction)
        length = energy / (direction * curved).sum()
        image = image + length * direction
        residual = residual - length * curved
        before, energy = energy, residual.square().sum()
        direction = residual + energy / before * direction
    return image
