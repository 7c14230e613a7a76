"""Which lines or points of k-space an accelerated scan measures.

The rules for lines are those of fastMRI (Zbontar et al., 2018, arXiv 1811.08839), equal seed for seed.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import OptionError
from dipcli.mri.options import SamplingName

Lines = NDArray[np.bool_]


def sampling_mask(
    shape: tuple[int, int], acceleration: float, kind: SamplingName, *, center_fraction: float | None, seed: int
) -> Lines:
    """True where k-space (readout, phase) is measured, one in `acceleration` values; lines run along the readout.

    `center_fraction` of the lines around the centre are always measured: without it 0.32 / acceleration, which
    is fastMRI's 8 % at 4 and 4 % at 8. Raises OptionError where no such mask exists.
    """
    fraction = 0.32 / acceleration if center_fraction is None else center_fraction
    if acceleration <= 1 or fraction * acceleration >= 1:
        raise OptionError(
            f"--undersample {acceleration:g} with --center-fraction {fraction:g} leaves nothing to choose; "
            "give an acceleration above 1 and a smaller fraction."
        )
    if kind == "poisson":
        return _poisson_disc(shape, acceleration, fraction, np.random.default_rng(seed))
    random = np.random.RandomState(seed)
    n_lines = shape[1]
    n_center = round(n_lines * fraction)
    lines = _RULES[kind](n_lines, n_center, acceleration, random)
    start = (n_lines - n_center + 1) // 2
    lines[start : start + n_center] = True
    return np.broadcast_to(lines, shape).copy()


def calibration_block(sampled: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The widest fully sampled block of `sampled` (readout, phase) around its centre.

    Rows and columns are added in turn on whichever side stays full. Empty slices where the centre is not sampled.
    """
    centre = [side // 2 for side in sampled.shape]
    if not sampled[centre[0], centre[1]]:
        return slice(centre[0], centre[0]), slice(centre[1], centre[1])
    top, bottom, left, right = centre[0], centre[0] + 1, centre[1], centre[1] + 1
    grown = True
    while grown:
        grown = False
        if top > 0 and sampled[top - 1, left:right].all():
            top, grown = top - 1, True
        if bottom < sampled.shape[0] and sampled[bottom, left:right].all():
            bottom, grown = bottom + 1, True
        if left > 0 and sampled[top:bottom, left - 1].all():
            left, grown = left - 1, True
        if right < sampled.shape[1] and sampled[top:bottom, right].all():
            right, grown = right + 1, True
    return slice(top, bottom), slice(left, right)


def _random(n_lines: int, n_center: int, acceleration: float, random: np.random.RandomState) -> Lines:
    chance = (n_lines / acceleration - n_center) / (n_lines - n_center)
    return random.uniform(size=n_lines) < chance


def _equispaced(n_lines: int, n_center: int, acceleration: float, random: np.random.RandomState) -> Lines:  # noqa: ARG001
    lines = np.zeros(n_lines, dtype=bool)
    lines[random.randint(0, round(acceleration)) :: round(acceleration)] = True
    return lines


def _equispaced_fraction(n_lines: int, n_center: int, acceleration: float, random: np.random.RandomState) -> Lines:
    spacing = acceleration * (n_center - n_lines) / (n_center * acceleration - n_lines)
    lines = np.zeros(n_lines, dtype=bool)
    offset = random.randint(0, round(spacing))
    lines[np.around(np.arange(offset, n_lines - 1, spacing)).astype(int)] = True
    return lines


_RULES: dict[str, Callable[[int, int, float, np.random.RandomState], Lines]] = {
    "random": _random,
    "equispaced": _equispaced,
    "equispaced-fraction": _equispaced_fraction,
}


def _poisson_disc(
    shape: tuple[int, int], acceleration: float, fraction: float, random: np.random.Generator
) -> Lines:
    """Points no nearer to each other than a radius that grows from the centre; a square of it is fully sampled.

    Source: Bridson, Fast Poisson disk sampling in arbitrary dimensions, 2007 (here by throwing darts); variable
    density as in Vasanawala et al., 2010, doi 10.1148/radiol.10091218.
    """
    wanted = np.prod(shape) / acceleration
    order = random.permutation(int(np.prod(shape)))
    low, high = 0.3, 2.0 * acceleration
    for _ in range(12):
        spread = (low + high) / 2
        mask = _throw(shape, order, spread, fraction)
        low, high = (spread, high) if mask.sum() > wanted else (low, spread)
    return mask


def _throw(shape: tuple[int, int], order: NDArray[np.int64], spread: float, fraction: float) -> Lines:
    mask, blocked = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    middle = (np.array(shape) - 1) / 2
    for y, x in zip(*np.unravel_index(order, shape), strict=True):
        if blocked[y, x]:
            continue
        mask[y, x] = True
        away = np.hypot((y - middle[0]) / middle[0], (x - middle[1]) / middle[1]) / np.sqrt(2)
        radius = spread * (0.3 + away)
        reach = int(radius)
        top, left = max(0, y - reach), max(0, x - reach)
        rows, columns = np.ogrid[top : y + reach + 1, left : x + reach + 1]
        near = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        part = blocked[top : y + reach + 1, left : x + reach + 1]
        part |= near[: part.shape[0], : part.shape[1]]
    sides = [max(1, round(side * fraction)) for side in shape]
    starts = [(side - inner + 1) // 2 for side, inner in zip(shape, sides, strict=True)]
    mask[starts[0] : starts[0] + sides[0], starts[1] : starts[1] + sides[1]] = True
    return mask
