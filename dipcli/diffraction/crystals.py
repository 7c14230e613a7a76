"""Objects to be simulated: crystals with facets, strain and dislocations, and the counts of their patterns."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dipcli.grid import middle_slices

FILLED = 0.43  # half of a crystal's side, in sides of the box of half the pattern
EDGE = 0.6  # pixels over which the magnitude falls to 0
CORRELATION = 0.15  # length of the strain, in sides of the box
POISSON_RATIO = 0.3
ROUGH = 0.1  # correlation of the modulation of the magnitude, in sides of the box

Real = NDArray[np.float64]
Complex = NDArray[np.complex64]


@dataclass(frozen=True)
class Crystal:
    """What is simulated; `side` pixels of the box in which it lies, phases in radians."""

    side: int
    n_axes: int
    phase_range: float = 1.0
    dislocations: int = 0
    modulation: float = 0.0


def simulate_crystal(crystal: Crystal, random: np.random.Generator) -> Complex:
    """A crystal (side, ...): magnitude 1 within its facets, and a phase that strain and dislocations make.

    Facets: {100} and {111} of a truncated octahedron in 3D, 5 to 8 straight edges in 2D, at jittered distances
    and turned at random. The strain's phase is a smooth random field that spans `phase_range` in the crystal.
    """
    at = _coordinates(crystal)
    magnitude = _facets(at, crystal, random)
    inside = magnitude > 0.5
    phase = crystal.phase_range * _spread(_field(crystal, CORRELATION, random), inside)
    for number in range(crystal.dislocations):
        phase = phase + _dislocation(at, crystal, 1 if number % 2 else -1, random)
    if crystal.modulation:
        magnitude = magnitude * (1 + crystal.modulation * _spread(_field(crystal, ROUGH, random), inside))
    return np.asarray(magnitude * np.exp(1j * phase), np.complex64)


def simulate_counts(intensity: Real, photons: float, random: np.random.Generator, background: float = 0.0) -> Real:
    """Counts of a pattern: `photons` in all, of which every pixel has Poisson's noise, and a mean background.

    Infinitely many photons leave the pattern as it is, of sum 1e8.
    """
    if not math.isfinite(photons):
        return np.asarray(intensity * (1e8 / intensity.sum()))
    return np.asarray(random.poisson(intensity * (photons / intensity.sum()) + background), np.float64)


def detector_mask(shape: tuple[int, ...], beamstop: int, gap: int) -> NDArray[np.bool_]:
    """True where nothing is measured: a square (cube) over the centre, and bars across the first two axes."""
    bad = np.zeros(shape, bool)
    if beamstop:
        bad[middle_slices(shape, (beamstop,) * len(shape))] = True
    if gap:
        for axis in (len(shape) - 2, len(shape) - 1):
            start = shape[axis] // 2 + max(shape[axis] // 10, beamstop)
            bar = [slice(None)] * len(shape)
            bar[axis] = slice(start, start + gap)
            bad[tuple(bar)] = True
    return bad


def _coordinates(crystal: Crystal) -> Real:
    """(n_axes, side, ...), pixels from the middle."""
    line = np.arange(crystal.side) - (crystal.side - 1) / 2
    return np.stack(np.meshgrid(*[line] * crystal.n_axes, indexing="ij"))


def _facets(at: Real, crystal: Crystal, random: np.random.Generator) -> Real:
    radius = FILLED * crystal.side
    normals = _octahedron(random) if crystal.n_axes == 3 else _polygon(random)
    distances = radius * normals[1] * random.uniform(0.88, 1.0, len(normals[0]))
    outside = np.max(np.tensordot(normals[0], at, axes=1) - distances.reshape(-1, *[1] * crystal.n_axes), axis=0)
    # Nothing may leave the box: it is all that is known of the object.
    outside = np.maximum(outside, np.abs(at).max(0) - radius)
    return np.asarray(np.clip(0.5 - outside / (2 * EDGE), 0, 1))


def _polygon(random: np.random.Generator) -> tuple[Real, Real]:
    count = int(random.integers(5, 9))
    angles = 2 * np.pi * (np.arange(count) + random.uniform(-0.25, 0.25, count) + random.uniform()) / count
    return np.stack([np.cos(angles), np.sin(angles)], 1), np.full(count, 0.92)


def _octahedron(random: np.random.Generator) -> tuple[Real, Real]:
    """Normals of {100} and {111}, turned at random, and their distances for a unit crystal."""
    cube = np.concatenate([np.eye(3), -np.eye(3)])
    eight = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / np.sqrt(3)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    return np.concatenate([cube, eight]) @ turn, np.array([0.95] * 6 + [0.85] * 8)


def _field(crystal: Crystal, length: float, random: np.random.Generator) -> Real:
    noise = random.normal(size=(crystal.side,) * crystal.n_axes)
    return np.asarray(ndimage.gaussian_filter(noise, length * crystal.side / 2, mode="wrap"))


def _spread(field: Real, inside: NDArray[np.bool_]) -> Real:
    """The field, scaled so that it spans 1 inside and is centred on 0."""
    low, high = field[inside].min(), field[inside].max()
    return np.asarray((field - (low + high) / 2) / (high - low))


def _dislocation(at: Real, crystal: Crystal, sign: int, random: np.random.Generator) -> Real:
    """The phase about an edge dislocation along the first axis (2D: a point), of Burgers vector one lattice plane.

    θ + sin 2θ / (4(1 - ν)). Source: Hirth and Lothe, Theory of Dislocations, 1982, §3-4.
    """
    middle = random.uniform(-0.22, 0.22, 2) * crystal.side
    theta = np.arctan2(at[-1] - middle[1], at[-2] - middle[0]) + random.uniform(0, 2 * np.pi)
    return np.asarray(sign * (theta + np.sin(2 * theta) / (4 * (1 - POISSON_RATIO))))
