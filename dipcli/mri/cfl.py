"""BART's pairs of files: NAME.hdr names the dimensions, NAME.cfl holds complex64 with the first one fastest.

Dimensions: 0 readout, 1 and 2 phase, 3 coils, 4 sets of maps, 5 echoes, 10 and 11 times, 12 levels, 13 slices,
14 averages, 15 batches; the others must be 1.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.limits import refuse_oversized, refuse_special
from dipcli.mri.dimensions import averaged, decoupled

COILS, SETS, SLICES, AVERAGES = 3, 4, 13, 14
FURTHER = (5, 10, 11, 12, SLICES, 15)  # whose entries are images of their own
LONGEST_HEADER = 65_536


def read_cfl(path: Path) -> NDArray[np.complex64]:
    """The array with all its dimensions, 16 of them, in BART's order. Raises InputError for a damaged pair."""
    shape = shape_of_cfl(path)
    size = path.stat().st_size
    if size != 8 * math.prod(shape):
        asked = f"{path.with_suffix('.hdr').name} asks for {8 * math.prod(shape)}"
        raise InputError(f"{path}: {size} bytes, but {asked}; copy both again.")
    refuse_oversized(path, size)
    return np.fromfile(path, np.complex64).reshape(shape, order="F")


def shape_of_cfl(path: Path) -> tuple[int, ...]:
    """All 16 dimensions. Raises InputError where the header is missing or damaged."""
    header = path.with_suffix(".hdr")
    if not header.is_file():
        raise InputError(f"{path}: its header {header.name} is not beside it; copy both files.")
    refuse_special(header)
    with header.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(LONGEST_HEADER).splitlines()
    numbers = next((line.split() for line in lines if line.strip() and not line.startswith("#")), [])
    if not numbers or not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise InputError(f"{header}: names no dimensions; export both files again.")
    return (*(int(number) for number in numbers), *[1] * max(0, 16 - len(numbers)))


def kspace_of_cfl(path: Path) -> tuple[NDArray[np.complex64], tuple[int, int, int]]:
    """(slices, coils, readout, phase), and the dimensions that these slices, readout and phase were.

    Averages are joined; echoes, times and all other such dimensions count as slices; a scan encoded in 3D is
    decoupled. Raises InputError for other dimensions.
    """
    array = read_cfl(path)
    if array.shape[AVERAGES] > 1:
        array = np.expand_dims(averaged(array, AVERAGES), AVERAGES)
    further = [axis for axis in FURTHER if array.shape[axis] > 1] or [SLICES]
    space = [axis for axis in range(3) if array.shape[axis] > 1]
    kept = (*further, COILS, *(space if len(space) == 3 else _space(path, array.shape)))
    ordered = _arranged(path, array, kept)
    ordered = ordered.reshape(-1, *ordered.shape[len(further) :])
    if ordered.ndim == 5:
        slices, along = decoupled(path, ordered)
        rest = [axis for axis in range(3) if axis != along]
        return slices, (SLICES if len(ordered) > 1 else along, rest[0], rest[1])
    return ordered, (further[0] if len(further) == 1 else SLICES, kept[-2], kept[-1])


def maps_of_cfl(path: Path) -> NDArray[np.complex64]:
    """Sensitivities (slices, sets, coils, readout, phase). Raises InputError for other dimensions."""
    array = read_cfl(path)
    return _arranged(path, array, (SLICES, SETS, COILS, *_space(path, array.shape)))


def images_of_cfl(path: Path) -> NDArray[np.complex64]:
    """Images (slices, height, width). Raises InputError for other dimensions."""
    array = read_cfl(path)
    return _arranged(path, array, (SLICES, *_space(path, array.shape)))


def _arranged(path: Path, array: NDArray[np.complex64], kept: tuple[int, ...]) -> NDArray[np.complex64]:
    """The array with the dimensions that are kept, in that order. Raises InputError for longer others."""
    rest = tuple(axis for axis in range(array.ndim) if axis not in kept)
    others = [axis for axis in rest if array.shape[axis] > 1]
    if others:
        raise InputError(
            f"{path}: dimension {others[0]} has {array.shape[others[0]]} entries; `bart slice` one of them."
        )
    return np.ascontiguousarray(array.transpose(*kept, *rest).squeeze(tuple(range(len(kept), array.ndim))))


def _space(path: Path, shape: tuple[int, ...]) -> tuple[int, int]:
    """Which of BART's dimensions are readout and phase. Raises InputError where there are not two."""
    space = [axis for axis in range(3) if shape[axis] > 1]
    if len(space) == 3:
        raise InputError(
            f"{path}: has three directions ({shape[0]}x{shape[1]}x{shape[2]}) where two are wanted; "
            "`bart slice` one of them."
        )
    if len(space) < 2:
        raise InputError(f"{path}: its k-space has {len(space)} dimensions longer than 1; two are needed.")
    return space[0], space[1]


def encode_cfl(images: NDArray[np.complexfloating], order: tuple[int, ...]) -> tuple[bytes, bytes]:
    """The bytes of .cfl and .hdr for an array whose axes are BART's dimensions `order`."""
    shape = [1] * 16
    for axis, n in zip(order, images.shape, strict=True):
        shape[axis] = n
    sorted_axes = np.argsort(order)
    values = images.astype(np.complex64).transpose(sorted_axes).ravel(order="F")
    return values.tobytes(), f"# Dimensions\n{' '.join(map(str, shape))}\n".encode()
