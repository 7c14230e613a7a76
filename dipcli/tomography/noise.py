"""How well each ray is known, read off the sinogram: its noise grows with what is absorbed, or does not."""

import math

import numpy as np
from numpy.typing import NDArray

STENCIL = np.array([1.0, -4.0, 6.0, -4.0, 1.0])  # along the detector: what is smooth has no part in it
CLASSES = 12  # of rays, by their integrals
DEVIATION_OF_MEDIAN = 1.4826
STEEPEST = math.log(1e4)  # of the variance, from the least to the greatest integral
LEAST = 1e-4  # deviation, of the greatest integrals: a simulation may have none

Sinogram = NDArray[np.float32]  # (views, detectors)


def log_variance(values: Sinogram, known: NDArray[np.bool_]) -> tuple[float, float]:
    """The a and b of the noise's variance exp(a + b·integral), b at least 0.

    The logarithm of counted photons has b = 1 in the unit of the integrals; b = 0 is noise alike in all rays.
    The deviation of every class of rays is that of the median, of fourth differences along the detector.
    """
    at, variances = _classes(values, known)
    span = float(np.ptp(values[known])) or 1.0
    floor = (LEAST * float(np.quantile(np.abs(values[known]), 0.99)) or LEAST) ** 2
    logs = np.log(np.maximum(variances, floor))
    if len(at) < 3 or np.ptp(at) < 0.1 * span:
        return float(np.median(logs)), 0.0
    slope = float(np.polyfit(at, logs, 1)[0])
    slope = min(max(slope, 0.0), STEEPEST / span)
    return float(np.median(logs - slope * at)), slope


def precision_of(values: Sinogram, known: NDArray[np.bool_], law: tuple[float, float]) -> Sinogram:
    """The inverse deviation of the noise of every ray, 0 where it is not known."""
    smooth = _smoothed(values)
    highest = float(np.quantile(smooth[known], 0.9999))
    lowest = float(np.quantile(smooth[known], 0.0001))
    level = np.clip(smooth, lowest, highest)
    return np.where(known, np.exp(-(law[0] + law[1] * level) / 2), 0).astype(np.float32)


def _classes(values: Sinogram, known: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean integral and the variance of each class of rays."""
    n = values.shape[1] - len(STENCIL) + 1
    if n < 1:
        return np.zeros(0), np.zeros(0)
    parts = [values[:, k : k + n].astype(np.float64) for k in range(len(STENCIL))]
    rough = sum(c * part for c, part in zip(STENCIL, parts, strict=True)) / np.linalg.norm(STENCIL)
    seen = np.logical_and.reduce([known[:, k : k + n] for k in range(len(STENCIL))])
    level = np.mean(parts, axis=0)[seen]
    rough = np.abs(np.asarray(rough)[seen])
    if level.size < 8 * CLASSES:
        return np.array([level.mean()] if level.size else []), np.array(
            [np.square(DEVIATION_OF_MEDIAN * np.median(rough))] if level.size else []
        )
    order = np.argsort(level)
    at = [float(level[part].mean()) for part in np.array_split(order, CLASSES)]
    spread = [DEVIATION_OF_MEDIAN * float(np.median(rough[part])) for part in np.array_split(order, CLASSES)]
    return np.array(at), np.square(spread)


def _smoothed(values: Sinogram) -> NDArray[np.float64]:
    padded = np.pad(values.astype(np.float64), ((0, 0), (2, 2)), mode="edge")
    return np.asarray(np.mean([padded[:, k : k + values.shape[1]] for k in range(5)], axis=0))
