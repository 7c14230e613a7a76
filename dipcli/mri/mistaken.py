"""What is taken for Cartesian k-space and is none: images, and samples along a trajectory beside them."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dipcli.errors import InputError
from dipcli.mri.cfl import shape_of_cfl

TRAJECTORIES = ("coord", "coords", "traj", "trajectory", "trajectories", "kloc", "ktraj", "k_traj", "kcoord")
SHARE = 0.1  # of the sides, of a part in which energy may be gathered
GATHERED, SCATTERED = 0.6, 0.1  # of the energy: in that part of an image's transform, and of the image
FEWEST_SPOKES, ALIKE = 12, 4.0  # the strongest line of Cartesian scans has many times the median's energy
BART_DIMENSIONS = 16


def refuse_trajectory(path: Path, names: Iterable[str]) -> None:
    """Raise InputError where an array among these is the trajectory of another."""
    for name in names:
        if name.rpartition("/")[2].rpartition(".")[2].lower() in TRAJECTORIES:
            raise _not_cartesian(path, name)


def refuse_trajectory_beside(path: Path) -> None:
    """Raise InputError where a file beside a scan is its trajectory: called so, with as many samples."""
    stems = [form for word in TRAJECTORIES for form in (word, f"{path.stem}_{word}", f"{word}_{path.stem}")]
    for other in (path.with_name(f"{stem}{path.suffix}") for stem in stems):
        if other != path and other.is_file() and _positions(_shape_of(other)) == _samples(_shape_of(path)) != 0:
            raise _not_cartesian(path, other.name)


def refuse_image(path: Path, kspace: NDArray[np.complex64]) -> None:
    """Raise InputError for (slices, coils, y, x) that are images: scattered, with their transform in one place."""
    if not np.isfinite(kspace).all():
        return
    energy = np.square(np.abs(kspace), dtype=np.float64).sum((1, 2, 3))
    slice_ = kspace[int(energy.argmax())]
    if not energy.any() or _gathered(slice_) > SCATTERED:
        return
    if _gathered(np.fft.fft2(slice_)) > GATHERED:
        raise InputError(
            f"{path}: holds images and no k-space, for its transform is gathered around frequency 0; give the raw "
            "data, or name what you have by --axes or --key."
        )


def refuse_spokes(path: Path, kspace: NDArray[np.complex64], sampled: NDArray[np.bool_]) -> None:
    """Raise InputError for (slices, coils, y, x) whose lines, in every slice, have alike energy: spokes, spirals.

    Values are finite; `sampled` (slices, y, x).
    """
    energy = np.square(np.abs(kspace), dtype=np.float64).sum((1, 2))
    lit = [lines for lines in energy if lines.any()]
    is_alike = all(lines.max() < ALIKE * np.median(lines) for lines in lit)
    if lit and is_alike and bool(sampled.any(0).all()) and energy.shape[1] >= FEWEST_SPOKES:
        raise InputError(
            f"{path}: its {energy.shape[1]} lines have alike energy, as spokes, spirals and noise have; only "
            "Cartesian scans are reconstructed here, BART and mri-nufft take others. Else name its axes by --axes."
        )


def _gathered(values: NDArray[np.complexfloating]) -> float:
    """The largest share of the energy of (coils, y, x) that lies in one small part of y and x."""
    energy = np.square(np.abs(values), dtype=np.float64).sum(0)
    sides = [max(3, round(SHARE * n)) for n in energy.shape]
    return float(ndimage.uniform_filter(energy, sides, mode="wrap").max() * sides[0] * sides[1] / energy.sum())


def _positions(shape: tuple[int, ...]) -> int:
    """How many places an array of this shape names: BART has their coordinates first, others last; 0 for none."""
    if len(shape) == BART_DIMENSIONS:
        return shape[1] * shape[2] if shape[0] == 3 else 0
    return math.prod(shape[:-1]) if shape and shape[-1] in (2, 3) else 0


def _samples(shape: tuple[int, ...]) -> int:
    """How many samples each coil has in k-space of this shape, coils first, or in a pair of BART's."""
    if len(shape) == BART_DIMENSIONS:
        return shape[1] * shape[2] if shape[0] == 1 else 0
    return math.prod(shape[-2:])


def _shape_of(path: Path) -> tuple[int, ...]:
    """The shape that the header of a .npy or .cfl file names; empty for other files."""
    if path.suffix == ".npy":
        return tuple(np.load(path, mmap_mode="r", allow_pickle=False).shape)
    return shape_of_cfl(path) if path.suffix == ".cfl" else ()


def _not_cartesian(path: Path, name: str) -> InputError:
    return InputError(
        f"{path}: was measured along a trajectory ({name}); only Cartesian scans are reconstructed here, "
        "BART and mri-nufft take others."
    )
