"""The noise of one picture, from that picture alone: which law, which level, which values are outliers.

The law is var(noise) = gaussian² + shot²·(x - zero) + speckle²·(x - zero)² at the clean value x in [0, 1], or,
where none of these follows what is seen, any parabola; before the file clipped the sum to [0, 1]. Its measured
counterpart is a `noise_curve`. Source of the laws: Foi et al., 2008, doi 10.1109/TIP.2008.2001399 (clipped
signal-dependent noise).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special  # scipy.stats would take a second longer to import

Array = NDArray[np.float64]

GRID = np.linspace(0.0, 1.0, 257)  # the clean values of every table
LEVELS = np.geomspace(0.002, 1.0, 90)  # of a picture of full contrast
_BLACK = 0.2  # of the contrast: how near to no signal the darkest values of a law without any there must be
_NORMAL = special.ndtri((np.arange(255) + 0.5) / 255)
_FEW_PHOTONS = 500.0  # below this many at white, counts are not nearly normal
_PURE = 0.02  # by how much a line may misfit less, where noise is of one kind
_ONE_KIND = 0.06  # by how much a parabola may: it follows texture, too
BEYOND = 2.0  # how far the variances of a parabola may be beyond those that are seen
_ABOVE = 0.5  # what variance above a law counts, which texture may add to noise; below it nothing explains any
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


def fit_law(curve: Array, zero: float = 0.0, contrast: float = 1.0) -> NoiseLaw:
    """The law whose clipped moments follow the curve best; no noise for an empty curve.

    It is of one kind, with no signal at `zero`, if that is near; or a straight line, which is Gaussian and shot
    noise, or shot noise above a camera's black level; or a parabola, where the curve is nearer to these.
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
    best = _refined(min(pure, key=lambda law: misfit(law, curve, contrast)), curve, contrast)
    pure_one = best
    for fit, margin in ((partial(_fit_line, zero=zero), _PURE), (_fit_parabola, _ONE_KIND)):
        least = misfit(best, curve, contrast) - margin
        if least > 0:  # else none can be so much better
            richer = fit(curve, pure_one, contrast=contrast)
            best = richer if misfit(richer, curve, contrast) < least else best
    return best


def _refined(law: NoiseLaw, curve: Array, contrast: float) -> NoiseLaw:
    """The law with its level between those of the table."""

    def scaled(logarithm: float) -> NoiseLaw:
        factor = math.exp(logarithm)
        parts = (law.gaussian * factor, law.shot * factor, law.speckle * factor)
        return NoiseLaw(*parts, zero=law.zero)

    step = math.log(LEVELS[1] / LEVELS[0])
    found = optimize.minimize_scalar(
        lambda logarithm: misfit(scaled(logarithm), curve, contrast),
        bounds=(-step, step),
        method="bounded",
        options={"maxiter": 20, "xatol": 0.002},
    )
    return scaled(float(found.x))


def _fit_line(curve: Array, start: NoiseLaw, *, zero: float, contrast: float) -> NoiseLaw:
    """The law whose variances lie on a straight line through those at two brightnesses of the curve."""
    at = np.quantile(curve[:, 0], (0.05, 0.95))

    def law(variances: Array) -> NoiseLaw:
        slope = float((variances[1] - variances[0]) / (at[1] - at[0]))
        constant = float(variances[0] - slope * (at[0] - zero))
        if slope <= 0:
            return NoiseLaw(gaussian=math.sqrt(variances.mean()))
        if constant < 0:  # there is no signal yet at the black level
            return NoiseLaw(shot=math.sqrt(slope), zero=zero - constant / slope)
        return NoiseLaw(gaussian=math.sqrt(constant), shot=math.sqrt(slope), zero=zero)

    return _fit_variances(curve, start, at, law, contrast)


def _fit_parabola(curve: Array, start: NoiseLaw, *, contrast: float) -> NoiseLaw:
    """The parabola through variances at three brightnesses of the curve that follows it best."""
    at = np.quantile(curve[:, 0], (0.05, 0.5, 0.95))
    lowest, highest = np.quantile(curve[:, 1], (0.1, 0.9))

    def bounded(variance: float) -> float:
        return float(np.clip(variance, lowest / BEYOND, highest * BEYOND))

    def law(variances: Array) -> NoiseLaw:
        bend, slope, constant = np.polyfit(at, variances, 2)
        ends = (constant, constant + slope / 2 + bend / 4, constant + slope + bend)
        return NoiseLaw(parabola=(bounded(ends[0]), bounded(ends[1]), bounded(ends[2])))

    return _fit_variances(curve, start, at, law, contrast)


def _fit_variances(
    curve: Array, start: NoiseLaw, at: Array, law: Callable[[Array], NoiseLaw], contrast: float
) -> NoiseLaw:
    """The law with those variances `at` some brightnesses that follows the curve best; `start` where it is short.

    They are sought from the start's, from those of the curve, and from more in the dark, which clipping may hide:
    from one of them alone the way may be too long.
    """
    if len(curve) < len(at) or min(np.diff(at)) < 1e-3 * contrast:
        return start
    ordered = curve[np.argsort(curve[:, 0])]
    seen = np.interp(at, ordered[:, 0], ordered[:, 1])
    lifted = np.sqrt(seen * seen.max())
    found = [
        optimize.minimize(
            lambda logarithms: misfit(law(np.exp(logarithms)), curve, contrast),
            np.log(np.maximum(first, _LEAST_VARIANCE * contrast**2)),
            method="Nelder-Mead",
            options={"maxfev": 150, "xatol": 0.01, "fatol": 1e-4},
        )
        for first in (start.variance(at), seen, lifted)
    ]
    return law(np.exp(min(found, key=lambda one: float(one.fun)).x))


def misfit(law: NoiseLaw, curve: Array, contrast: float = 1.0) -> float:
    """Mean |log variance - log predicted|, halved above the law, each at most 1.5: texture counts little."""
    mean, variance = moments(law)
    predicted = np.interp(curve[:, 0], mean, variance)
    least = _LEAST_VARIANCE * contrast**2
    above = np.log(np.maximum(curve[:, 1], least)) - np.log(np.maximum(predicted, least))
    return float(np.minimum(np.where(above > 0, _ABOVE * above, -above), 1.5).mean())
