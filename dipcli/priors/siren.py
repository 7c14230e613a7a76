"""A picture as a function of its coordinates, by a network of sines.

Source: Sitzmann et al., Implicit Neural Representations with Periodic Activation Functions, NeurIPS 2020,
arXiv 2006.09661, §3.2 (initialisation).
"""

import math
from typing import final

import torch
from torch import Tensor, nn

from dipcli.options.engine import PriorOptions
from dipcli.priors.layers import convolution


def build_siren(space: tuple[int, ...], n_in: int, n_out: int, options: PriorOptions) -> nn.Module:
    """Coordinates in [-1, 1] (batch, n_in, *space) -> (batch, n_out, *space), the same at every pixel."""
    n_axes, widths = len(space), (n_in, *options.width)
    layers: list[nn.Module] = []
    for depth, (before, after) in enumerate(zip(widths, options.width, strict=False)):
        linear = convolution(n_axes, before, after)
        _initialise(linear, 1 / before if depth == 0 else math.sqrt(6 / before) / options.omega)
        layers += [linear, _Sine(options.omega)]
    last = convolution(n_axes, widths[-1], n_out)
    _initialise(last, math.sqrt(6 / widths[-1]) / options.omega)
    return nn.Sequential(*layers, last)


def _initialise(linear: nn.Module, bound: float) -> None:
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.uniform_(-bound, bound)


@final
class _Sine(nn.Module):
    def __init__(self, omega: float) -> None:
        super().__init__()
        self.omega = omega

    def forward(self, features: Tensor) -> Tensor:
        return torch.sin(self.omega * features)
