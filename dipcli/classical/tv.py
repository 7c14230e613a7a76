"""Least squares with total variation through any linear operator.

Source: Rudin, Osher and Fatemi, 1992, doi 10.1016/0167-2789(92)90242-F; Goldstein and Osher, The split Bregman
method, 2009, doi 10.1137/080725891 (the splitting); Block, Uecker and Frahm, 2007, doi 10.1002/mrm.21236 (coils).
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from dipcli.classical.least_squares import Operator, least_squares
from dipcli.grid import slopes

# From an operator, what it should give, and a start, to the least squares.
Solve = Callable[[Operator, Tensor, Tensor], Tensor]
EIGHT_STEPS: Solve = partial(least_squares, iterations=8)


def tv_least_squares(
    operator: Operator,
    measurement: Tensor,
    image: Tensor,
    weight: float,
    *,
    split: float = 0.1,
    rounds: int = 30,
    solve: Solve = EIGHT_STEPS,
) -> Tensor:
    """The x with least ½|A x - measurement|² + weight·Σ|slopes(x)|, starting from `image` (channels, *space).

    The length of a slope is taken over axes and channels together. `split` decides how fast, not whereto; so does
    `solve`, which finds the least squares of each round.
    """
    root = math.sqrt(split)
    flat = _flatten(measurement)
    target = slopes(image)
    bregman = torch.zeros_like(target)

    def both(x: Tensor) -> Tensor:
        return torch.cat([_flatten(operator(x)), root * slopes(x).flatten()])

    for _ in range(rounds):
        wanted = torch.cat([flat, root * (target - bregman).flatten()])
        image = solve(both, wanted, image)
        raised = slopes(image) + bregman
        length = torch.linalg.vector_norm(raised, dim=(0, 1), keepdim=True)
        target = raised * (1 - weight / split / length.clamp(min=1e-12)).clamp(min=0)
        bregman = raised - target
    return image


def _flatten(values: Tensor) -> Tensor:
    return (torch.view_as_real(values) if values.is_complex() else values).flatten()
