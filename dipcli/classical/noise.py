"""The noise of one picture, from that picture alone: which law, which level, which values are outliers.

The law is var(noise) = gaussian² + shot²·(x - zero) + speckle²·(x - zero)² at the clean value x in [0, 1], or,
where none of these follows what is seen, any parabola; before the file clipped the sum to [0, 1]. Its measured
counterpart is a curve: the quietest blocks of similar brightness show noise rather than texture. Source of the
laws: Foi et al., 2008, doi 10.1109/TIP.2008.2001399 (clipped signal-dependent noise).
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special  # scipy.stats would take a second longer to import

Array = NDArray[np.float64]

GRID = np.linspace(0.0, 1.0, 257)  # the clean values of every table
LEVELS = np.geomspace(0.002, 1.0, 90)  # of a picture of full contrast
FEWEST_BLOCKS = 12
FEWEST_DIFFERENCES = 48
QUIET = 0.35  # the quantile of the blocks' variances that is taken for noise
_BLACK = 0.2  # of the contrast: how near to no signal the darkest values of a law without any there must be
_NORMAL_MEDIAN = 0.6745  # of the absolute value
_NORMAL = special.ndtri((np.arange(255) + 0.5) / 255)
_FEW_PHOTONS = 500.0  # below this many at white, counts are not nearly normal
_ONE_KIND = 0.06  # by how much a parabola may misfit less, where noise is of one kind: it follows texture, too
_LEAST_VARIANCE = 1e-7  # that is distinguished from none in a picture of full contrast


@dataclass(frozen=True)
class NoiseLaw:
    """Standard deviations of the three parts at 1 above `zero`; a picture has one of them, or two and more.

    `parabola` has the variances at 0, 1/2 and 1 of a law that is none of these; the others are then 0.
    """

    gaussian: float = 0.0
    shot: float = 0.0
    speckle: float = 0.0
    zero: float = 0.0  # the value of no signal
    parabola: tuple[float, float, float] | None = None

    @property
    def sigma(self) -> float:
        """The standard deviation at mid-gray, before clipping."""
        return float(np.sqrt(self.variance(np.array(0.5))))

    def variance(self, clean: Array) -> Array:
        """Of the noise at clean values, before clipping."""
        if self.parabola is not None:
            dark, middle, bright = self.parabola
            curve = dark + (4 * middle - 3 * dark - bright) * clean + 2 * (dark - 2 * middle + bright) * clean**2
            return np.maximum(curve, max(0.01 * max(self.parabola), 1e-12))
        signal = np.maximum(clean - self.zero, 0)
        return self.gaussian**2 + self.shot**2 * signal + self.speckle**2 * signal**2

    def described(self, white: float = 1.0) -> str:
        """In words, with deviations in a unit that is `white` long."""
        if self.parabola is not None:
            dark, middle, bright = (math.sqrt(float(v)) / white for v in self.variance(np.array([0, 0.5, 1.0])))
            return (
                f"of mixed kinds, σ ≈ {_short(dark)} in the dark, {_short(middle)}, {_short(bright)} in the light"
            )
        parts = []
        if self.gaussian:
            parts.append(f"Gaussian, σ ≈ {_short(self.gaussian / white)}")
        if self.shot:
            parts.append(f"shot, about {(1 - self.zero) / self.shot**2:.3g} photons at white")
        if self.speckle:
            parts.append(f"speckle, σ ≈ {self.speckle:.2f} of the signal")
        return " + ".join(parts) or "none"

    def __str__(self) -> str:
        return self.described()


def _short(deviation: float) -> str:
    return f"{deviation:.3f}" if 0.01 <= deviation < 1 else f"{deviation:.3g}"


def outcomes(law: NoiseLaw) -> tuple[Array, Array]:
    """Noisy, clipped values (257, n) for each clean value of GRID, and their probabilities (257 or 1, n)."""
    photons = (1 - law.zero) / law.shot**2 if law.shot else math.inf
    if law == NoiseLaw(shot=law.shot, zero=law.zero) and photons < _FEW_PHOTONS:
        counts = np.arange(int(photons + 8 * np.sqrt(photons) + 12))
        expected = np.maximum(GRID - law.zero, 1e-9)[:, None] / law.shot**2
        chances = np.exp(special.xlogy(counts, expected) - expected - special.gammaln(counts + 1))
        values = np.broadcast_to(np.clip(law.zero + counts * law.shot**2, 0, 1), chances.shape)
        return values, chances / chances.sum(1, keepdims=True)
    spread = np.sqrt(law.variance(GRID))
    values = np.clip(GRID[:, None] + spread[:, None] * _NORMAL, 0, 1)
    return values, np.full((1, _NORMAL.size), 1 / _NORMAL.size)


@lru_cache(maxsize=2048)
def moments(law: NoiseLaw) -> tuple[Array, Array]:
    """Mean and variance (257,) of the noisy, clipped values for each clean value of GRID."""
    values, chances = outcomes(law)
    mean = (values * chances).sum(1)
    return mean, ((values - mean[:, None]) ** 2 * chances).sum(1)


def noise_curve(picture: Array) -> Array:
    """Points (brightness, variance of the noise), (n, 2), of a picture (channels, *space) with NaN where missing.

    Noise is taken to be white: of correlated noise too little is seen. Pictures too small for blocks have one
    point; where too little is known, n is 0.
    """
    n_axes = picture.ndim - 1
    missing = round(float(1 - np.isfinite(picture).mean()), 1)
    side = _side(n_axes, missing)
    blocks = np.concatenate([_blocks(channel, side) for channel in picture])
    blocks = blocks[np.isfinite(blocks).all(1)]
    blocks = blocks[np.argsort(blocks[:, 0])]
    if len(blocks) < FEWEST_BLOCKS:
        return _one_point(picture)
    calibration = _calibration(n_axes, missing)
    bins = np.array_split(blocks, min(20, len(blocks) // FEWEST_BLOCKS))
    return np.array([(np.median(b[:, 0]), np.quantile(b[:, 1], QUIET) / calibration) for b in bins])


def fit_law(curve: Array, zero: float = 0.0, contrast: float = 1.0) -> NoiseLaw:
    """The law whose clipped moments follow the curve best; no noise for an empty curve.

    It is of one kind, with no signal at `zero`, if that is near; or a parabola, where the curve is nearer to it.
    `contrast` is that of nearly all values.
    """
    if not len(curve):
        return NoiseLaw()
    levels = [float(level) for level in contrast * LEVELS]
    pure = [NoiseLaw(gaussian=level) for level in levels]
    if -_BLACK * contrast < zero <= curve[:, 0].min():
        strength = 1 - zero  # of the brightest signal: levels are shares of the picture's contrast
        pure += [NoiseLaw(shot=level / math.sqrt(strength), zero=zero) for level in levels]
        pure += [NoiseLaw(speckle=level / strength, zero=zero) for level in levels]
    best = min(pure, key=lambda law: misfit(law, curve, contrast))
    mixed = _fit_parabola(curve, best, contrast)
    is_mixed = misfit(mixed, curve, contrast) < misfit(best, curve, contrast) - _ONE_KIND
    return mixed if is_mixed else best


def _fit_parabola(curve: Array, start: NoiseLaw, contrast: float) -> NoiseLaw:
    """The parabola through variances at three brightnesses of the curve that follows it best."""
    at = np.quantile(curve[:, 0], (0.05, 0.5, 0.95))
    if len(curve) < 3 or min(np.diff(at)) < 1e-3 * contrast:
        return start

    def law(logarithms: Array) -> NoiseLaw:
        bend, slope, constant = np.polyfit(at, np.exp(logarithms), 2)
        ends = (constant, constant + slope / 2 + bend / 4, constant + slope + bend)
        return NoiseLaw(parabola=(float(ends[0]), float(ends[1]), float(ends[2])))

    first = np.log(np.maximum(start.variance(at), _LEAST_VARIANCE * contrast**2))
    found = optimize.minimize(
        lambda logarithms: misfit(law(logarithms), curve, contrast),
        first,
        method="Nelder-Mead",
        options={"maxfev": 150, "xatol": 0.01, "fatol": 1e-4},
    )
    return law(found.x)


def misfit(law: NoiseLaw, curve: Array, contrast: float = 1.0) -> float:
    """Mean distance |log variance - log predicted|, each at most 1.5: textured blocks count little."""
    mean, variance = moments(law)
    predicted = np.interp(curve[:, 0], mean, variance)
    least = _LEAST_VARIANCE * contrast**2
    distance = np.abs(np.log(np.maximum(curve[:, 1], least)) - np.log(np.maximum(predicted, least)))
    return float(np.minimum(distance, 1.5).mean())


def _one_point(picture: Array) -> Array:
    """The median brightness, and the variance by the median of all differences, (1 or 0, 2)."""
    rough = picture
    for axis in range(1, picture.ndim):
        rough = np.diff(rough, axis=axis) / np.sqrt(2)
    rough = rough[np.isfinite(rough)]
    if rough.size < FEWEST_DIFFERENCES:
        return np.empty((0, 2))
    return np.array([[np.nanmedian(picture), np.square(np.median(np.abs(rough)) / _NORMAL_MEDIAN)]])


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
