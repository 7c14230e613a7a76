"""What columns of numbers were before the noise, how sure that is, and what lies in gaps.

A column is a random walk, or one whose slope is (a smoothing spline), plus white noise; how much of either, its
likelihood says. Columns are put into units of their noise and turned to their principal axes, so that what they
have in common is found by all of them together. Source: Whittaker, On a new method of graduation, 1923; Wahba, A
comparison of GCV and GML for choosing the smoothing parameter, 1985, doi 10.1214/aos/1176349743 (the likelihood).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.optimize import minimize_scalar

ORDERS = (1, 2)
SPAN = (-6.0, 22.0)  # of the logarithm of the smoothness
ROUNDS = 3  # in which gaps are filled by what all columns say
HARDLY = 1e-3  # share of noise in the differences, below which a column is returned as it was

Column = NDArray[np.float64]
Table = NDArray[np.float64]  # (columns, rows)


@dataclass(frozen=True)
class Smoothness:
    """The order of the differences that are small, how small, and the noise's deviation."""

    order: int
    log_weight: float
    sigma: float
    score: float


def restore_columns(values: Table) -> tuple[Table, Table, list[float]]:
    """Values (columns, rows), NaN in gaps -> what they were, the standard deviation of that, and of the noise."""
    laws = [likely_smoothness(column) for column in values]
    alone = [smoothed(column, law) for column, law in zip(values, laws, strict=True)]
    found, doubt = np.stack([each[0] for each in alone]), np.stack([each[1] for each in alone])
    noisy = [index for index, law in enumerate(laws) if law.sigma > 0]
    if len(noisy) > 1:
        joint, joint_doubt = _together(values[noisy], found[noisy], [laws[index].sigma for index in noisy])
        gaps = np.isnan(values[noisy])
        found[noisy] = joint
        doubt[noisy] = np.where(gaps, doubt[noisy], joint_doubt)
    return found, doubt, [law.sigma for law in laws]


def likely_smoothness(column: Column) -> Smoothness:
    """The law with the greatest likelihood; without noise where there is hardly any, or too few values to tell."""
    known = ~np.isnan(column)
    spread = float(np.ptp(column[known])) if known.any() else 0.0
    if known.sum() < 8 or spread == 0:
        return Smoothness(1, SPAN[0], 0.0, 0.0)
    found = []
    for order in ORDERS:
        best = minimize_scalar(lambda log: _score(column, order, log)[0], bounds=SPAN, method="bounded")  # noqa: B023
        score, sigma = _score(column, order, float(best.x))
        found.append(Smoothness(order, float(best.x), sigma, score))
    law = min(found, key=lambda each: each.score)
    rough = float(np.nanstd(np.diff(column)))
    return law if law.sigma > HARDLY * rough and law.log_weight > SPAN[0] + 1 else Smoothness(1, SPAN[0], 0.0, 0.0)


def smoothed(column: Column, law: Smoothness) -> tuple[Column, Column]:
    """The mean and the standard deviation of what a column was."""
    if law.sigma == 0:
        known = ~np.isnan(column)
        at = np.arange(len(column))
        line = np.interp(at, at[known], column[known]) if known.any() else np.zeros(len(column))
        return line, np.where(known, 0.0, float(np.nanstd(np.diff(column)) if known.sum() > 1 else 0.0))
    factor = cholesky_banded(_precision(~np.isnan(column), law.order, law.log_weight), lower=True)
    mean = cho_solve_banded((factor, True), np.nan_to_num(column))
    return mean, law.sigma * np.sqrt(inverse_diagonal(factor))


def inverse_diagonal(factor: NDArray[np.float64]) -> Column:
    """The diagonal of the inverse of a banded matrix, of its lower factor as SciPy has it.

    Source: Takahashi, Fagan and Chin, Formation of a sparse bus impedance matrix, 1973.
    """
    width, n = factor.shape[0] - 1, factor.shape[1]
    near = np.zeros((n + width, width + 1))  # of the inverse, the diagonal and what is beside it
    rows = factor.T.tolist()
    table = near.tolist()
    for index in range(n - 1, -1, -1):
        pivot, below = rows[index][0], rows[index][1:]
        for away in range(width, -1, -1):
            total = 1 / pivot if away == 0 else 0.0
            for step, weight in enumerate(below, 1):
                first, second = min(step, away), max(step, away)
                total -= weight * table[index + first][second - first]
            table[index][away] = total / pivot
    return np.asarray([row[0] for row in table[:n]])


def _together(values: Table, found: Table, sigmas: list[float]) -> tuple[Table, Table]:
    """Columns in units of their noise, along their principal axes."""
    units = np.asarray(sigmas)[:, None]
    mean = found.mean(1, keepdims=True)
    doubts = np.zeros_like(found)
    for _ in range(ROUNDS if np.isnan(values).any() else 1):
        filled = (np.where(np.isnan(values), found, values) - mean) / units
        axes = np.linalg.eigh(np.cov((found - mean) / units))[1]
        parts = axes.T @ filled
        laws = [likely_smoothness(part) for part in parts]
        pairs = [smoothed(part, law) for part, law in zip(parts, laws, strict=True)]
        found = axes @ np.stack([pair[0] for pair in pairs]) * units + mean
        doubts = np.sqrt(axes**2 @ np.square(np.stack([pair[1] for pair in pairs]))) * units
    return found, doubts


def _score(column: Column, order: int, log_weight: float) -> tuple[float, float]:
    """Minus twice the logarithm of the likelihood, but for a constant, and the noise's deviation."""
    known = ~np.isnan(column)
    factor = cholesky_banded(_precision(known, order, log_weight), lower=True)
    values = np.nan_to_num(column)
    values = np.where(known, values - values[known].mean(), 0)
    mean = cho_solve_banded((factor, True), values)
    count = int(known.sum()) - order
    energy = max(float(values @ (values - mean)), 1e-300)
    size = 2 * float(np.log(factor[0]).sum()) - (len(column) - order) * log_weight
    return count * math.log(energy / count) + size, math.sqrt(energy / count)


def _precision(known: NDArray[np.bool_], order: int, log_weight: float) -> NDArray[np.float64]:
    """Of what a column was, in units of the noise: banded, the diagonal first."""
    n, weight = len(known), math.exp(log_weight)
    stencil = np.array([1.0, -1.0]) if order == 1 else np.array([1.0, -2.0, 1.0])
    bands = np.zeros((order + 1, n))
    for first in range(order + 1):
        for second in range(first, order + 1):
            bands[second - first, first : n - order + first] += weight * stencil[first] * stencil[second]
    bands[0] += known + 1e-9
    return bands
