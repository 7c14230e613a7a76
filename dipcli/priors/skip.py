"""The hourglass with skip connections of the deep image prior.

Source: Ulyanov, Vedaldi and Lempitsky, Deep Image Prior, CVPR 2018, arXiv 1711.10925, supplementary material.
"""

from typing import final

import torch
from torch import Tensor, nn

from dipcli.options.engine import PriorOptions
from dipcli.priors.layers import Halving, convolution, doubling, normalisation

LEAK = 0.2


def build_skip(space: tuple[int, ...], n_in: int, n_out: int, options: PriorOptions) -> nn.Module:
    """Seeds (batch, n_in, *space) -> (batch, n_out, *space); sides divisible by 2 ** len(options.width)."""
    n_axes = len(space)
    return nn.Sequential(_Scale(n_axes, n_in, 0, options), convolution(n_axes, options.width[0], n_out))


def _unit(n_axes: int, n_in: int, n_out: int, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(
        convolution(n_axes, n_in, n_out, kernel_size),
        normalisation(n_axes, n_out),
        nn.LeakyReLU(LEAK, inplace=True),
    )


def _halving_unit(n_axes: int, n_in: int, n_out: int, options: PriorOptions) -> nn.Sequential:
    stride = 2 if options.downsample == "stride" else 1
    layers = [convolution(n_axes, n_in, n_out, options.filter_size, stride=stride)]
    if options.downsample == "average":
        layers.append(Halving())
    return nn.Sequential(*layers, normalisation(n_axes, n_out), nn.LeakyReLU(LEAK, inplace=True))


@final
class _Scale(nn.Module):
    """One scale and all that are coarser: halve, recurse, double, join with the skip, convolve."""

    def __init__(self, n_axes: int, n_in: int, level: int, options: PriorOptions) -> None:
        super().__init__()
        width, n_skip = options.width[level], options.skip_width[level]
        is_coarsest = level + 1 == len(options.width)
        n_deeper = width if is_coarsest else options.width[level + 1]
        self.skip = _unit(n_axes, n_in, n_skip, 1) if n_skip else None
        self.deeper = nn.Sequential(
            _halving_unit(n_axes, n_in, width, options),
            _unit(n_axes, width, width, options.filter_size),
            nn.Identity() if is_coarsest else _Scale(n_axes, width, level + 1, options),
            doubling(n_axes, options.upsample),
        )
        self.joined = nn.Sequential(
            normalisation(n_axes, n_skip + n_deeper),
            _unit(n_axes, n_skip + n_deeper, width, 3),
            _unit(n_axes, width, width, 1) if options.pointwise else nn.Identity(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, n_in, *space) -> (batch, width, *space)."""
        deeper: Tensor = self.deeper(features)
        if self.skip is not None:
            deeper = torch.cat([self.skip(features), deeper], dim=1)
        joined: Tensor = self.joined(deeper)
        return joined
