"""Where the axis of rotation falls on the detector."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from dipcli.tomography.projection import Geometry, Projection
from dipcli.tomography.rays import Rays

EDGES = 0.02  # share of the detector at either end that sees only air, where the object is within its field
AIR = 0.05  # of the greatest integrals, that air may have
FEWEST_TURNS = math.pi / 3  # of the views, from which the centre of mass tells the axis
WIDTHS = {64: 1, 200: 2}  # of the binned detectors on which it is sought, and steps a pixel, coarse to fine
MOST_VIEWS = 60
ROUNDS = 2
MOST_SLICES = 7
DAMPING = 1e-3  # of the curvature of a pixel

Sinogram = NDArray[np.float32]


def centre_of_mass(values: Sinogram, angles: NDArray[np.float64]) -> float | None:
    """The axis by the mass of each view, whose place is centre + x·cosθ + y·sinθ for an object that is seen whole.

    None where it is not seen whole, or views are too alike. Source: Hazou and Solmon, Inversion of the exponential
    Radon transform, 1988 (the consistency of Helgason and Ludwig, in its first two moments).
    """
    views, n = values.shape
    edge = max(1, round(EDGES * n))
    ends = np.concatenate([values[:, :edge], values[:, -edge:]], axis=1).astype(np.float64)
    greatest = float(np.quantile(values, 0.99))
    if views < 3 or np.ptp(angles) < FEWEST_TURNS or np.abs(np.median(ends)) > AIR * greatest:
        return None
    if float(np.quantile(np.abs(ends), 0.9)) > 2 * AIR * greatest:
        return None
    inside = values - ends.mean(1, keepdims=True)
    mass = inside.sum(1)
    if not (mass > 0).all() or float(mass.std()) > AIR * float(mass.mean()):
        return None
    places = (inside * np.arange(n)).sum(1) / mass
    waves = np.stack([np.ones(views), np.cos(angles), np.sin(angles)], axis=1)
    centre: float = np.linalg.lstsq(waves, places, rcond=None)[0].tolist()[0]
    return centre


def best_explained_centre(values: Sinogram, angles: NDArray[np.float64]) -> float:
    """The axis with which a few rounds of least squares leave least unexplained, coarse to fine."""
    n = int(values.shape[1])
    best, reach = (n - 1) / 2, n / 4
    for width, finer in WIDTHS.items():
        factor = max(1, n // width)
        step = factor / finer
        places = np.arange(best - reach, best + reach + step / 2, step)
        left = [_unexplained(values, angles, float(place), factor) for place in places]
        index = int(np.argmin(left))
        best, reach = float(places[index]) + step * _peak(left, index), step
    return best


def _unexplained(values: Sinogram, angles: NDArray[np.float64], centre: float, factor: int) -> float:
    every = max(1, len(values) // MOST_VIEWS)
    seen = values[::every, : values.shape[1] // factor * factor]
    binned = torch.from_numpy(seen.reshape(len(seen), -1, factor).mean(2, dtype=np.float32) / factor)[None]
    room = binned.shape[2] // 2  # at either end, for what reaches beyond the detector
    wide, known = (functional.pad(each, (room, room)) for each in (binned, torch.ones_like(binned)))
    middle = (centre - (factor - 1) / 2) / factor + room
    rays = Rays(Projection(Geometry(torch.from_numpy(angles[::every]), wide.shape[2], middle)), wide, known)
    image = rays.blank
    for _ in range(ROUNDS):
        image = rays.explain(image, DAMPING * rays.knowledge**2)
    return rays.misfit(image)


def _peak(left: list[float], index: int) -> float:
    """Where a parabola through the least value and its neighbours is least, from -0.5 to 0.5 steps."""
    if not 0 < index < len(left) - 1:
        return 0.0
    before, at, after = left[index - 1 : index + 2]
    bend = before - 2 * at + after
    return 0.0 if bend <= 0 else min(max((before - after) / (2 * bend), -0.5), 0.5)


def axis_of(slices: NDArray[np.float32], angles: NDArray[np.float64]) -> tuple[float, str]:
    """The axis of integrals (slices, views, detectors), and how it was found: the median of some slices."""
    every = max(1, len(slices) // MOST_SLICES)
    found = [place for place in (centre_of_mass(one, angles) for one in slices[::every]) if place is not None]
    if found:
        return float(np.median(found)), "by the object's mass in all views"
    return best_explained_centre(slices[len(slices) // 2], angles), "to about a pixel, as it explains most"
