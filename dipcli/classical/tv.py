"""Least squares with total variation through any linear operator.

Source: Rudin, Osher and Fatemi, 1992, doi 10.1016/0167-2789(92)90242-F; Goldstein and Osher, The split Bregman
method, 2009, doi 10.1137/080725891 (the splitting); Block, Uecker and Frahm, 2007, doi 10.1002/mrm.21236 (coils).
"""

import math

import torch
from torch import Tensor

from dipcli.classical.least_squares import Operator, least_squares
from dipcli.grid import slopes


def tv_least_squares(
    operator: Operator,
    measurement: Tensor,
    image: Tensor,
    weight: float,
    *,
    split: float = 0.1,
    rounds: int = 30,
    iterations: int = 8,
) -> Tensor:
    """The x with least ½|A x - measurement|² + weight·Σ|slopes(x)|, starting from `image` (channels, *space).

    The length of a slope is taken over axes and channels together. `split` decides how fast, not whereto.
    """
    root = math.sqrt(split)
    flat = _flatten(measurement)
    target = slopes(image)
    bregman = torch.zeros_like(target)

    def both(x: Tensor) -> Tensor:
        return torch.cat([_flatten(operator(x)), root * slopes(x).flatten()])

    for _ in range(rounds):
        wanted = torch.cat([flat, root * (target - bregman).flatten()])
        image = least_squares(both, wanted, image, iterations=iterations)
        raised = slopes(image) + bregman
        length = torch.linalg.vector_norm(raised, dim=(0, 1), keepdim=True)
        target = raised * (1 - weight / split / length.clamp(min=1e-12)).clamp(min=0)
        bregman = raised - target
    return image


def _flatten(values: Tensor) -> Tensor:
    return (torch.view_as_real(values) if values.is_complex() else values).flatten()
