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
    operator: Operator,
    measurement: Tensor,
    image: Tensor,
    damping: float = 0.0,
    *,
    iterations: int = 10,
    precondition: Operator | None = None,
) -> Tensor:
    """The x with least |A x - measurement|² + damping·|x - image|², starting from `image`.

    `precondition` is about the inverse of A*A + damping: the better, the fewer iterations are needed.
    """
    back = adjoint(operator, image)

    def normal(x: Tensor) -> Tensor:
        return back(operator(x)) + damping * x

    residual = back(measurement - operator(image))
    return conjugate_gradients(normal, image, residual, iterations=iterations, precondition=precondition)


def conjugate_gradients(
    normal: Operator,
    start: Tensor,
    residual: Tensor,
    *,
    iterations: int,
    converged: float = 1e-12,
    precondition: Operator | None = None,
) -> Tensor:
    """The solution of normal(x) = normal(start) + residual, for a Hermitian operator that is not negative.

    Ends where the residual's energy has fallen to the share `converged`. Source: Hestenes and Stiefel, Methods of
    conjugate gradients, 1952.
    """

    def turned(residual: Tensor) -> tuple[Tensor, Tensor]:
        """The residual, preconditioned, and its energy."""
        if precondition is None:
            return residual, residual.abs().square().sum()
        ahead = precondition(residual)
        return ahead, (residual.conj() * ahead).real.sum()

    direction, energy = turned(residual)
    found, least = start, converged * energy
    for _ in range(iterations):
        if energy <= least:
            break
        curved = normal(direction)
        length = energy / (direction.conj() * curved).real.sum()
        found = found + length * direction
        residual = residual - length * curved
        before = energy
        ahead, energy = turned(residual)
        direction = ahead + energy / before * direction
    return found
