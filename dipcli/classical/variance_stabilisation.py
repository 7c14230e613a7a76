"""Variance stabilisation: a scale of values on which the noise is the same everywhere.

Source: Anscombe, 1948; Mäkitalo and Foi, 2011, doi 10.1109/TIP.2010.2056693 (the exact unbiased inverse), here
by tables for any law of noise, clipping included.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from dipcli.classical.noise import GRID, NoiseLaw, moments, outcomes

FLOOR = 0.3  # deviations below this share of the largest count as this share


class VarianceStabiliser(nn.Module):
    """`forward` maps values in [0, 1] onto [0, 1] with noise of deviation `sigma`; `inverse` maps back.

    forward: f(y) = ∫ dm / sd(m), normalised. inverse: E[f(noisy)] -> the clean value, so that neither the
    curvature of f nor the clipping of the noise leaves a bias in an average.
    """

    def __init__(self, law: NoiseLaw) -> None:
        super().__init__()
        mean, variance = moments(law)
        at = np.linspace(0, 1, 1025)
        deviation = np.sqrt(np.maximum(np.interp(at, mean, variance), FLOOR**2 * variance.max()))
        steps = (1 / deviation[1:] + 1 / deviation[:-1]) / 2 * np.diff(at)
        stabilised = np.concatenate([[0], np.cumsum(steps)])
        stabilised /= stabilised[-1]
        values, chances = outcomes(law)
        values = np.interp(values, at, stabilised)
        expected = (values * chances).sum(1)
        spread = ((values - expected[:, None]) ** 2 * chances).sum(1)
        self.sigma = float(np.sqrt(np.median(spread)))
        expected = np.maximum.accumulate(expected + 1e-7 * np.arange(expected.size))
        backwards = np.interp(np.linspace(0, 1, 4097), expected, GRID)
        self.register_buffer("forwards", torch.from_numpy(stabilised.astype(np.float32)))
        self.register_buffer("backwards", torch.from_numpy(backwards.astype(np.float32)))
        self.forwards: Tensor
        self.backwards: Tensor

    def forward(self, image: Tensor) -> Tensor:
        """Values in [0, 1] -> stabilised values in [0, 1]."""
        return _look_up(image, self.forwards)

    def inverse(self, image: Tensor) -> Tensor:
        """Stabilised values of a noise-free picture -> values in [0, 1]."""
        return _look_up(image, self.backwards)


class ChannelStabilisers(nn.Module):
    """The same for images (channels, *space) with a law for each channel: their noise is then equal."""

    def __init__(self, laws: Sequence[NoiseLaw]) -> None:
        super().__init__()
        each = [VarianceStabiliser(law) for law in laws]
        self.sigma = min(stabiliser.sigma for stabiliser in each)
        self._gains = [self.sigma / stabiliser.sigma for stabiliser in each]
        self._each = nn.ModuleList(each)

    def forward(self, image: Tensor) -> Tensor:
        """Values in [0, 1] -> stabilised values in [0, 1]."""
        pairs = zip(self._each, self._gains, image, strict=True)
        return torch.stack([one(channel) * gain for one, gain, channel in pairs])

    def inverse(self, image: Tensor) -> Tensor:
        """Stabilised values of a noise-free picture -> values in [0, 1]."""
        pairs = zip(self._each, self._gains, image, strict=True)
        return torch.stack([cast(VarianceStabiliser, one).inverse(channel / gain) for one, gain, channel in pairs])


def _look_up(values: Tensor, table: Tensor) -> Tensor:
    """The table's values for 0 ... 1, linear in between, constant outside; NaN stays NaN."""
    place = values.clamp(0, 1) * (table.numel() - 1)
    left = place.nan_to_num().long().clamp(max=table.numel() - 2)
    return torch.lerp(table[left], table[left + 1], place - left)
