"""A Bragg object in an orthogonal frame, in nm: resampled from its skewed voxels, with displacement and strain.

The phase of an object is -Q·u(r), u being the displacement of the lattice from the mean one, Q the momentum
transfer; the strain is the slope of u along Q. Source: Robinson and Harder, Coherent X-ray diffraction imaging of
strain at the nanoscale, 2009, doi 10.1038/nmat2400.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg

from dipcli.diffraction.geometry import Vectors

MARGIN = 1  # voxels around the support
MOST_VOXELS = 2**26

Real = NDArray[np.float32]


@dataclass(frozen=True)
class CrystalFrame:
    """An object (z, y, x) on cubic voxels of this side in nm; displacement in nm along Q, and strain along Q.

    frame: the directions of x, y and z, in rows, in the lab. Displacement and strain are 0 off the support.
    """

    image: NDArray[np.complex64]
    support: NDArray[np.bool_]
    voxel_nm: float
    frame: Vectors
    displacement_nm: Real
    strain: Real
    spread: Real  # of the object over starts


def in_frame(
    image: NDArray[np.complex64],
    support: NDArray[np.bool_],
    vectors: Vectors,
    momentum: Vectors,
    *,
    crystal: bool,
    spread: Real,
) -> CrystalFrame | None:
    """An object (frames, rows, columns) whose voxels lie `vectors` apart; None where its support is empty.

    Its axes are the lab's, or, for `crystal`, those with y along Q and x across it and the beam. The phase is in
    the sense of exp(-2πi k·r) from object to pattern.
    """
    frame = _along(momentum) if crystal else np.eye(3)
    steps = vectors @ frame.T  # of each axis, along the frame's x, y and z
    side = float(abs(np.linalg.det(steps)) ** (1 / 3))
    corners = np.argwhere(support)
    if not len(corners):
        return None
    places = (corners - np.array(image.shape) // 2) @ steps
    low, high = places.min(0) - MARGIN * side, places.max(0) + MARGIN * side
    counts = np.ceil((high - low) / side).astype(int) + 1
    if int(np.prod(counts)) > MOST_VOXELS:
        return None
    x, y, z = (start + side * np.arange(n) for start, n in zip(low, counts, strict=True))
    grid = np.stack(np.meshgrid(z, y, x, indexing="ij"), -1)[..., ::-1]
    at = np.moveaxis(grid @ np.linalg.inv(steps) + np.array(image.shape) // 2, -1, 0)
    found = _sampled(image.real, at) + 1j * _sampled(image.imag, at)
    inside = _sampled(support.astype(np.float32), at) > 0.5
    u, strain = displacement_and_strain(found, inside, side, frame @ momentum)
    apart = _sampled(spread, at).astype(np.float32)
    return CrystalFrame(found.astype(np.complex64), inside, side, frame, u, strain, apart)


def displacement_and_strain(
    image: NDArray[np.complexfloating], support: NDArray[np.bool_], voxel_nm: float, momentum: Vectors
) -> tuple[Real, Real]:
    """Displacement along Q in nm and strain of an object (z, y, x) on cubic voxels; Q along x, y, z in 1/nm.

    Both are 0 on average, for which pixel is taken for the centre of the peak is arbitrary.
    """
    length = float(np.linalg.norm(momentum))
    phase = _without_slope(_unwrapped(np.angle(image), support), support)
    u = np.where(support, -phase / length, 0)
    direction = momentum / length
    slopes = np.stack([_slope(u, support, axis) for axis in (2, 1, 0)])
    slope = np.tensordot(direction, slopes, 1)
    return u.astype(np.float32), np.where(support, slope / voxel_nm, 0).astype(np.float32)


def _along(momentum: Vectors) -> Vectors:
    """The crystal's x, y, z in rows: y along Q, x horizontal."""
    y = momentum / np.linalg.norm(momentum)
    x = np.cross(y, [0.0, 0.0, 1.0]) if abs(y[2]) < 0.9 else np.cross([0.0, 1.0, 0.0], y)
    x = x / np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)])


def _sampled(values: NDArray[np.floating], at: Vectors) -> Vectors:
    return np.asarray(ndimage.map_coordinates(values, at, order=1, mode="constant"))


def _slope(u: Vectors, support: NDArray[np.bool_], axis: int) -> Vectors:
    """∂u in voxels: over both neighbours in the support, or the one that there is."""
    total, count = np.zeros(u.shape), np.zeros(u.shape)
    for side in (1, -1):
        there = support & np.roll(support, -side, axis)
        total += np.where(there, side * (np.roll(u, -side, axis) - u), 0)
        count += there
    return total / np.maximum(count, 1)


def _unwrapped(phase: Vectors, support: NDArray[np.bool_]) -> Vectors:
    """The phase with whole turns added, such that its steps within the support are, by least squares, least.

    Source: Ghiglia and Romero, Robust two-dimensional weighted and unweighted phase unwrapping, 1994.
    """
    count = int(support.sum())
    if count < 2:
        return phase
    numbers = np.full(support.shape, -1)
    numbers[support] = np.arange(count)
    firsts, seconds = [], []
    for axis in range(phase.ndim):
        here = numbers[tuple(slice(0, -1) if k == axis else slice(None) for k in range(phase.ndim))].ravel()
        there = numbers[tuple(slice(1, None) if k == axis else slice(None) for k in range(phase.ndim))].ravel()
        both = (here >= 0) & (there >= 0)
        firsts.append(here[both])
        seconds.append(there[both])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    values = phase[support]
    steps = np.angle(np.exp(1j * (values[second] - values[first])))
    edges = np.arange(len(first))
    ones = np.ones(len(first))
    shape = (len(first), count)
    gradient = sparse.csr_matrix((ones, (edges, second)), shape) - sparse.csr_matrix((ones, (edges, first)), shape)
    laplacian = gradient.T @ gradient + 1e-9 * sparse.identity(count)
    smooth, _ = cg(laplacian, gradient.T @ steps, rtol=1e-6, maxiter=2000)
    turns = np.round((smooth - values - np.median(smooth - values)) / (2 * np.pi))
    unwrapped = phase.astype(np.float64).copy()
    unwrapped[support] = values + 2 * np.pi * turns
    return unwrapped


def _without_slope(phase: Vectors, support: NDArray[np.bool_]) -> Vectors:
    """The phase without the plane that fits it best in the support."""
    at = np.argwhere(support).astype(np.float64)
    columns = np.concatenate([at - at.mean(0), np.ones((len(at), 1))], 1)
    plane = np.linalg.lstsq(columns, phase[support], rcond=None)[0]
    flat = phase.copy()
    flat[support] = phase[support] - columns @ plane
    return flat
