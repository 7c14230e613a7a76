"""The noise of one picture, from that picture alone: which law, which level, which values are outliers.

The law is var(noise) = gaussian² + shot²·x + speckle²·x² at the clean value x in [0, 1], before the file
clipped the sum to [0, 1]. Its measured counterpart is a curve: the quietest blocks of similar brightness show
noise rather than texture. Source of the laws: Foi et al., 2008, doi 10.1109/TIP.2008.2001399 (clipped
signal-dependent noise).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special  # scipy.stats would take a second longer to import

Array = NDArray[np.float64]

GRID = np.linspace(0.0, 1.0, 257)  # the clean values of every table
LEVELS = np.geomspace(0.002, 1.0, 90)
FEWEST_BLOCKS = 12
QUIET = 0.35  # the quantile of the blocks' variances that is taken for noise
_NORMAL = special.ndtri((np.arange(255) + 0.5) / 255)
_FEW_PHOTONS = 500.0  # below this many at white, counts are not nearly normal


@dataclass(frozen=True)
class NoiseLaw:
    """Standard deviations of the three parts at x = 1; a picture has one of them, or two and more."""

    gaussian: float = 0.0
    shot: float = 0.0
    speckle: float = 0.0

    @property
    def sigma(self) -> float:
        """The standard deviation at mid-gray, before clipping."""
        return float(np.sqrt(self.gaussian**2 + self.shot**2 / 2 + self.speckle**2 / 4))

    def __str__(self) -> str:
        parts = []
        if self.gaussian:
            parts.append(f"Gaussian, σ ≈ {self.gaussian:.3f}")
        if self.shot:
            parts.append(f"shot, about {1 / self.shot**2:.3g} photons at white")
        if self.speckle:
            parts.append(f"speckle, σ ≈ {self.speckle:.2f} of the signal")
        return " + ".join(parts) or "none"


def outcomes(law: NoiseLaw) -> tuple[Array, Array]:
    """Noisy, clipped values (257, n) for each clean value of GRID, and their probabilities (257 or 1, n)."""
    if law == NoiseLaw(shot=law.shot) and 0 < 1 / law.shot**2 < _FEW_PHOTONS:
        white = 1 / law.shot**2
        counts = np.arange(int(white + 8 * np.sqrt(white) + 12))
        expected = np.maximum(GRID, 1e-9)[:, None] * white
        chances = np.exp(special.xlogy(counts, expected) - expected - special.gammaln(counts + 1))
        values = np.broadcast_to(np.minimum(counts / white, 1), chances.shape)
        return values, chances / chances.sum(1, keepdims=True)
    spread = np.sqrt(law.gaussian**2 + law.shot**2 * GRID + law.speckle**2 * GRID**2)
    values = np.clip(GRID[:, None] + spread[:, None] * _NORMAL, 0, 1)
    return values, np.full((1, _NORMAL.size), 1 / _NORMAL.size)


@cache
def moments(law: NoiseLaw) -> tuple[Array, Array]:
    """Mean and variance (257,) of the noisy, clipped values for each clean value of GRID."""
    values, chances = outcomes(law)
    mean = (values * chances).sum(1)
    return mean, ((values - mean[:, None]) ** 2 * chances).sum(1)


def noise_curve(picture: Array) -> Array:
    """Points (brightness, variance of the noise), (n, 2), of a picture (channels, *space) with NaN where missing.

    Noise is taken to be white: of correlated noise too little is seen. Where too little is known, n is 0.
    """
    n_axes = picture.ndim - 1
    missing = round(float(1 - np.isfinite(picture).mean()), 1)
    side = _side(n_axes, missing)
    blocks = np.concatenate([_blocks(channel, side) for channel in picture])
    blocks = blocks[np.isfinite(blocks).all(1)]
    blocks = blocks[np.argsort(blocks[:, 0])]
    if len(blocks) < FEWEST_BLOCKS:
        return np.empty((0, 2))
    calibration = _calibration(n_axes, missing)
    bins = np.array_split(blocks, min(20, len(blocks) // FEWEST_BLOCKS))
    return np.array([(np.median(b[:, 0]), np.quantile(b[:, 1], QUIET) / calibration) for b in bins])


def fit_law(curve: Array) -> NoiseLaw:
    """The one-parameter law whose clipped moments follow the curve best; no noise for an empty curve."""
    if not len(curve):
        return NoiseLaw()
    pure = [NoiseLaw(**{kind: float(level)}) for kind in ("gaussian", "shot", "speckle") for level in LEVELS]
    return min(pure, key=lambda law: misfit(law, curve))


def misfit(law: NoiseLaw, curve: Array) -> float:
    """Mean distance |log variance - log predicted|, each at most 1.5: textured blocks count little."""
    mean, variance = moments(law)
    predicted = np.interp(curve[:, 0], mean, variance)
    distance = np.abs(np.log(np.maximum(curve[:, 1], 1e-7)) - np.log(np.maximum(predicted, 1e-7)))
    return float(np.minimum(distance, 1.5).mean())


def _side(n_axes: int, missing: float) -> int:
    """Of the blocks: wide enough to hold a dozen complete differences, though this share is missing."""
    complete = (1 - missing) ** 2**n_axes
    needed = (FEWEST_BLOCKS / max(complete, 1e-6)) ** (1 / n_axes)
    smallest = {1: 32, 2: 8, 3: 4}[n_axes]
    return int(max(smallest, math.ceil(needed)))


def _blocks(channel: Array, side: int) -> Array:
    """Mean and high-pass variance of each block of one channel (*space), (n, 2); NaN where too little is known."""
    rough, smooth = channel, channel
    for axis in range(channel.ndim):
        rough = np.diff(rough, axis=axis) / np.sqrt(2)
        smooth = smooth.take(np.arange(smooth.shape[axis] - 1), axis=axis)
    counts = [n // side for n in rough.shape]
    shape = [size for count in counts for size in (count, side)]
    inside = tuple(range(1, 2 * channel.ndim, 2))
    cut = tuple(slice(count * side) for count in counts)
    squares = np.square(rough[cut]).reshape(shape)
    known = np.isfinite(squares).sum(inside)
    variance = np.where(np.isfinite(squares), squares, 0).sum(inside) / np.maximum(known, 1)
    levels = smooth[cut].reshape(shape)
    mean = np.where(np.isfinite(levels), levels, 0).sum(inside) / np.maximum(np.isfinite(levels).sum(inside), 1)
    variance[known < FEWEST_BLOCKS // 2] = np.nan
    return np.stack([mean.ravel(), variance.ravel()], axis=1)


@cache
def _calibration(n_axes: int, missing: float) -> float:
    """What `QUIET` of the blocks' variances is for white noise of variance 1 with this share missing."""
    random = np.random.default_rng(0)
    noise = random.standard_normal({1: (2**18,), 2: (513, 513), 3: (65, 65, 65)}[n_axes])
    noise[random.random(noise.shape) < missing] = np.nan
    variances = _blocks(noise, _side(n_axes, missing))[:, 1]
    return float(np.nanquantile(variances, QUIET))


def weakest_component(channel: NDArray[np.float64], side: int = 5, most: int = 100_000) -> float:
    """Deviation along the weakest principal component of the patches of one channel (*space).

    White noise is in every component, so this is the most of it that there can be; a little fine texture is
    enough to make it too large, and never too small. Source: Pyatykh, Hesser and Zheng, Image noise level
    estimation by principal component analysis, 2013, doi 10.1109/TIP.2012.2221728.
    """
    windows = np.lib.stride_tricks.sliding_window_view(channel, (side,) * channel.ndim)
    patches = windows.reshape(-1, side**channel.ndim) if windows.size < 25 * most else None
    if patches is None:
        flat = np.random.default_rng(0).integers(0, np.prod(windows.shape[: channel.ndim]), most)
        patches = windows[np.unravel_index(flat, windows.shape[: channel.ndim])].reshape(most, -1)
    spread = np.linalg.eigvalsh(np.cov(patches, rowvar=False))[0]
    shrinkage = 1 - math.sqrt(patches.shape[1] / len(patches))
    return math.sqrt(max(spread, 0.0)) / max(shrinkage, 0.1)
