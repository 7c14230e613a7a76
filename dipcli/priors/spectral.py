"""A decoder whose layers can amplify little, so that high frequencies are learnt slowly, if at all.

Source: Shi, Mettes, Maji and Snoek, On Measuring and Controlling the Spectral Bias of the Deep Image Prior, IJCV
2022, arXiv 2107.01125 (§4: Lipschitz-controlled convolutions, Gaussian up-sampling).
"""

from typing import final

import torch
from torch import Tensor, nn

from dipcli.options.engine import PriorOptions
from dipcli.priors.layers import convolution, doubling

LEAK = 0.01


def build_spectral(space: tuple[int, ...], n_in: int, n_out: int, options: PriorOptions) -> nn.Module:
    """Seeds (batch, n_in, *small) -> (batch, n_out, *space), where space is small · 2 ** len(options.width).

    One scale without doubling, as the coarsest, then two convolutions after each.
    """
    n_axes, cap = len(space), options.lipschitz
    layers: list[nn.Module] = []
    before = n_in
    for scale, width in enumerate((options.width[-1], *reversed(options.width))):
        if scale:
            layers.append(doubling(n_axes, options.upsample))
        for _ in range(2 if scale else 1):
            layers += [CappedConvolution(n_axes, before, width, 3, cap), _Centred(width), nn.LeakyReLU(LEAK)]
            before = width
    return nn.Sequential(*layers, CappedConvolution(n_axes, before, n_out, 1, cap))


@final
class CappedConvolution(nn.Module):
    """A convolution divided by max(1, σ/λ); σ is the largest singular value of its matrix (out, in · taps)."""

    def __init__(self, n_axes: int, n_in: int, n_out: int, side: int, cap: float) -> None:
        super().__init__()
        self.convolution = convolution(n_axes, n_in, n_out, side, bias=False)
        nn.init.kaiming_uniform_(self.convolution.get_parameter("weight"))  # nothing else keeps the scale
        self.bias = nn.Parameter(torch.zeros(n_out, *[1] * n_axes))
        self._cap = cap

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, n_in, *space) -> (batch, n_out, *space)."""
        convolved: Tensor = self.convolution(features)
        return convolved / (self._norm() / self._cap).clamp(min=1) + self.bias

    @torch.no_grad()
    def _norm(self) -> Tensor:
        """The largest singular value, which no gradient goes through, as in the published code."""
        weight = self.convolution.get_parameter("weight")
        with torch.autocast(weight.device.type, enabled=False):
            matrix = weight.reshape(len(weight), -1).float()
            squares: Tensor = torch.linalg.eigvalsh(matrix @ matrix.T)
        return squares[-1].clamp(min=0).sqrt()


@final
class _Centred(nn.Module):
    """Batch normalisation of the mean alone, and a learnt shift: it amplifies nothing."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(n_channels))

    def forward(self, features: Tensor) -> Tensor:
        axes = tuple(range(2, features.ndim))
        shift = self.shift.reshape(1, -1, *[1] * len(axes))
        return features - features.mean(axes, keepdim=True) + shift
