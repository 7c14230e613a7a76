"""Whether a pattern is sampled finely enough: the autocorrelation of its object ends within the field."""

import math
from collections.abc import Callable
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BORDER, CORNER = 0.46, 0.4  # lags in sides of the field, beyond which an autocorrelation has ended
NEAR = 0.08  # lags along the other axes at which it is strong
INNER = (0.1, 0.25)  # lags at which it is there, whatever is to be seen of it
FOLDED = 0.03  # of its energy there, at the border: as of an object that fills two thirds of the field
SIGNIFICANT = 10.0  # times the noise: one in 20,000 samples of it
WHOLE = 0.99  # share of the values that are multiples of the least one: then that is a photon
GUESSED = 0.01  # of the light in frames that are missing: an axis with more tells nothing
FILLING = 1.5  # pixels, σ of the blur that fills in what was not measured

Lags = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


def folded_axes(intensity: NDArray[np.float32], mask: NDArray[np.bool_]) -> list[int]:
    """The axes along which the autocorrelation of the object does not end before the border of the field.

    The noise at any lag is that of all photons where values are counts, or else what is seen in the corners, where
    there may also be a background: that of a hot pixel. Medians, so that streaks decide nothing.
    """
    values = _filled(intensity, mask)
    energy = np.square(np.abs(np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(values)))))
    known = _photon(values) * float(values.sum())
    folded = []
    for axis in range(values.ndim):
        if _guessed_share(values, mask, axis) > GUESSED:
            continue
        corner = _median(energy, axis, lambda lag: lag > BORDER, lambda lag: lag > CORNER)
        border = _median(energy, axis, lambda lag: lag > BORDER, lambda lag: lag < NEAR)
        inner = _median(energy, axis, lambda lag: (lag > INNER[0]) & (lag < INNER[1]), lambda lag: lag < NEAR)
        fluctuation = math.sqrt(max(corner, known) * (known or corner))
        if border - corner > max(SIGNIFICANT * fluctuation, FOLDED * (inner - corner)):
            folded.append(axis)
    return folded


def _filled(intensity: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The values with what lies around them in place of what was not measured."""
    values = intensity.astype(np.float64)
    if mask.all():
        return values
    blurred, share = (ndimage.gaussian_filter(each, FILLING) for each in (values * mask, mask.astype(np.float64)))
    return np.where(mask, values, blurred / np.maximum(share, 1e-3))


def _guessed_share(values: NDArray[np.float64], mask: NDArray[np.bool_], axis: int) -> float:
    """The share of the light that was filled into lines or frames of which nothing was measured."""
    others = tuple(k for k in range(values.ndim) if k != axis)
    return float(values.sum(others)[~mask.any(others)].sum() / values.sum())


def _photon(values: NDArray[np.float64]) -> float:
    """The unit of counts; 0 where values are no multiples of one."""
    lit = values[values > 0]
    unit = float(lit.min(initial=np.inf))
    whole = np.abs(lit / unit - np.round(lit / unit)) < 1e-3
    return unit if whole.mean() > WHOLE else 0.0


def _median(energy: NDArray[np.float64], axis: int, own: Lags, others: Lags) -> float:
    """Of the lags that `own` has along one axis, and `others` along all others."""
    lags = [np.abs(np.arange(n) - n // 2) / n for n in energy.shape]
    wanted = [np.flatnonzero(own(lag) if k == axis else others(lag)) for k, lag in enumerate(lags)]
    return float(np.median(reduce(lambda part, each: part.take(each[1], each[0]), enumerate(wanted), energy)))
