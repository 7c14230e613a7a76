"""Variance stabilisation: a scale of values on which the noise is the same everywhere.

Source: Anscombe, 1948; Mäkitalo and Foi, 2011, doi 10.1109/TIP.2010.2056693 (the exact unbiased inverse), here
by tables for any law of noise, clipping included.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dipcli.classical.noise import GRID, NoiseLaw, moments, outcomes

Array = NDArray[np.float64]

FLOOR = 0.3  # deviations below this share of the largest count as this share
LEAST_DEVIATION = 0.1  # the same beside an estimate, where the darkest values are not all that there is
LEAST_SLOPE = 1e-3  # of the mean noisy value along the clean one, where nearly all are clipped


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


class LinearisedStabiliser(nn.Module):
    """The same for images (channels, *space) of which an estimate is known: by a straight line for each value.

    Beside an estimate m, y becomes f(m) + (y - E[y]) / sd(m), whose noise is even and as little skewed as that of
    y. f' = (dE[y] / dm) / sd(m), so that a mistake in m enters by its square. What it is for: the scale of
    `VarianceStabiliser` makes a long tail of the darkest outcomes of strong speckle. Its idea is that of iterated
    stabilisation: Azzari and Foi, 2016, doi 10.1109/LSP.2016.2580600.
    """

    def __init__(self, laws: Sequence[NoiseLaw], estimate: Tensor) -> None:
        """`laws` are those of the channels of the estimate, in [0, 1], or one for them all."""
        super().__init__()
        lines = [_Line(law) for law in laws] * (len(estimate) if len(laws) == 1 else 1)
        longest = max(line.length for line in lines)
        self.sigma = 1 / longest
        found = [line.beside(channel) for line, channel in zip(lines, estimate, strict=True)]
        means, deviations, places = (torch.stack(channels) for channels in zip(*found, strict=True))
        self.register_buffer("means", means)
        self.register_buffer("deviations", deviations * longest)
        self.register_buffer("places", places / longest)
        self.means: Tensor
        self.deviations: Tensor
        self.places: Tensor
        self._backwards = [(line.length / longest, line.backwards) for line in lines]

    def forward(self, image: Tensor) -> Tensor:
        """Values in [0, 1] -> stabilised values, most of them in [0, 1]."""
        return self.places + (image - self.means) / self.deviations

    def inverse(self, image: Tensor) -> Tensor:
        """Stabilised values of a noise-free picture -> values in [0, 1]."""
        each = zip(image, self._backwards, strict=True)
        return torch.stack([_look_up(channel / reach, table.to(channel)) for channel, (reach, table) in each])


class _Line:
    """The tables of one law: mean, deviation and place on the new scale for clean values 0 ... 1."""

    def __init__(self, law: NoiseLaw) -> None:
        mean, variance = moments(law)
        deviation = np.sqrt(np.maximum(variance, LEAST_DEVIATION**2 * variance.max()))
        slopes = np.maximum(np.gradient(mean, GRID), LEAST_SLOPE) / deviation
        places = np.concatenate([[0], np.cumsum((slopes[1:] + slopes[:-1]) / 2 * np.diff(GRID))])
        self.length = float(places[-1])
        self._tables = [torch.from_numpy(table.astype(np.float32)) for table in (mean, deviation, places)]
        backwards = np.interp(np.linspace(0, self.length, 4097), places, GRID)
        self.backwards = torch.from_numpy(backwards.astype(np.float32))

    def beside(self, channel: Tensor) -> list[Tensor]:
        """Mean, deviation and place, each of the shape of an estimate (*space) in [0, 1]."""
        return [_look_up(channel, table.to(channel.device)) for table in self._tables]


@lru_cache(maxsize=256)
def kept_information(law: NoiseLaw) -> float:
    """The share of what noisy values say of the clean ones that their stabilised values say, over all clean ones.

    Either is the squared slope of the mean along the clean value over the variance.
    """
    scale = VarianceStabiliser(law)
    values, chances = outcomes(law)
    stabilised = np.interp(values, np.linspace(0, 1, scale.forwards.numel()), scale.forwards.numpy())
    own, theirs = (_information(each, chances) for each in (values, stabilised))
    known = own > 0
    return float(np.minimum(theirs[known] / own[known], 1).mean()) if known.any() else 1.0


def _information(values: Array, chances: Array) -> Array:
    mean = (values * chances).sum(1)
    variance = ((values - mean[:, None]) ** 2 * chances).sum(1)
    slope = np.gradient(mean, GRID)
    information: Array = np.divide(slope**2, variance, out=np.zeros_like(slope), where=variance > 0)
    return information


def _look_up(values: Tensor, table: Tensor) -> Tensor:
    """The table's values for 0 ... 1, linear in between, constant outside; NaN stays NaN."""
    place = values.clamp(0, 1) * (table.numel() - 1)
    left = place.nan_to_num().long().clamp(max=table.numel() - 2)
    return torch.lerp(table[left], table[left + 1], place - left)
