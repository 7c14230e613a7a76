"""Where the axis falls on the detector of a fan beam, and on which side the source is: by rays measured twice."""

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

MOST_VIEWS, MOST_SLICES = 180, 7
REACH = 0.15  # of the detector, on both sides of its middle, where the axis is sought
COARSE, FINE = 1.0, 0.05  # pixels
SMALLEST_SHARE = 0.05  # of the rays that must have been measured twice
NEAREST, FAR, N_DISTANCES = 0.6, 10.0, 24  # of a source that is looked for, in widths of the detector
FARTHEST, CLEARLY = 1e6, 4.0  # in such widths, and times less unlike
SURE = 1.2  # times as unlike must the rays of the other side be

Sinogram = NDArray[np.float32]


class FanAxis(NamedTuple):
    """The detector's pixel of the axis, the `turn` of `Geometry`, and how they were found."""

    centre: float
    turn: int
    said: str


def fan_axis_of(
    slices: NDArray[np.float32], angles: NDArray[np.float64], source: float, *, is_arc: bool
) -> FanAxis:
    """Of integrals (slices, views, detectors) at angles in radians; `source` is in pixels.

    A ray is measured again from its other end, where that is one of the views.
    """
    every = max(1, len(slices) // MOST_SLICES)
    sinogram = np.asarray(slices[::every].mean(0))
    middle = (sinogram.shape[1] - 1) / 2
    reach = max(4.0, REACH * sinogram.shape[1])

    def unlike(centre: float, turn: int) -> float:
        return _unlikeness(sinogram, angles, (source, is_arc), centre, turn)

    places = middle + np.arange(-math.floor(reach), reach + COARSE / 2, COARSE)
    found = {(place, turn): unlike(float(place), turn) for place, turn in product(places, (1, -1))}
    place, turn = min(found, key=lambda key: found[key])
    if not math.isfinite(found[place, turn]):
        return FanAxis(middle, 1, "the middle of the detector, for no ray was measured from both its ends")
    near = place + np.arange(-COARSE, COARSE + FINE / 2, FINE)
    best = float(near[int(np.argmin([unlike(float(each), turn) for each in near]))])
    least = {side: min(value for (_, each), value in found.items() if each == side) for side in (1, -1)}
    said = "by rays that were measured from both their ends"
    if turn == -1 and least[1] > SURE * least[-1]:
        return FanAxis(best, -1, f"{said}; views turn the other way")
    if turn == -1:
        at = [key for key in found if key[1] == 1]
        return FanAxis(float(min(at, key=lambda key: found[key])[0]), 1, said)
    return FanAxis(best, 1, said)


def fan_in(sinogram: Sinogram, angles: NDArray[np.float64], centre: float) -> float | None:
    """The distance of a source, in pixels, with which rays from both their ends are far more alike.

    None where parallel rays will do, or where no ray was measured from both its ends.
    """
    size = sinogram.shape[1]
    apart = _unlikeness(sinogram, angles, (FARTHEST * size, False), centre, 1)
    found = {
        distance: min(_unlikeness(sinogram, angles, (distance, False), centre, turn) for turn in (1, -1))
        for distance in np.geomspace(NEAREST, FAR, N_DISTANCES) * size
    }
    best = min(found, key=lambda distance: found[distance])
    return float(best) if math.isfinite(apart) and found[best] < apart / CLEARLY else None


def _unlikeness(
    sinogram: Sinogram, angles: NDArray[np.float64], beam: tuple[float, bool], centre: float, turn: int
) -> float:
    """The mean squared difference of rays measured from both their ends; infinite if there are too few."""
    source, is_arc = beam
    order = np.argsort(np.mod(angles, 2 * math.pi))
    turned = np.mod(angles, 2 * math.pi)[order]
    whole = np.concatenate([sinogram[order], sinogram[order[:1]]])
    ends = np.append(turned, turned[0] + 2 * math.pi)
    step = float(np.median(np.diff(turned)))
    every = max(1, len(angles) // MOST_VIEWS)
    place = np.arange(sinogram.shape[1], dtype=float)
    fan = (place - centre) / source if is_arc else np.arctan((place - centre) / source)
    other = turned[::every, None] + math.pi - 2 * turn * fan
    other = turned[0] + np.mod(other - turned[0], 2 * math.pi)
    before = np.clip(np.searchsorted(ends, other, side="right") - 1, 0, len(turned) - 1)
    gap = ends[before + 1] - ends[before]
    row = before + (other - ends[before]) / gap
    column = np.broadcast_to(2 * centre - place, row.shape)
    is_seen = (gap < 1.5 * step) & (column >= 0) & (column <= len(place) - 1)
    if is_seen.mean() < SMALLEST_SHARE:
        return math.inf
    opposite = map_coordinates(whole, [row[is_seen], column[is_seen]], order=1)
    return float(np.square(sinogram[order][::every][is_seen] - opposite).mean())
