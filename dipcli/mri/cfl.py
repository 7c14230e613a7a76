"""BART's pairs of files: NAME.hdr names the dimensions, NAME.cfl holds complex64 with the first one fastest.

Dimensions: 0 readout, 1 and 2 phase, 3 coils, 4 sets of maps, 13 slices; the others must be 1.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.limits import refuse_oversized, refuse_special

COILS, SETS, SLICES = 3, 4, 13
LONGEST_HEADER = 65_536


def read_cfl(path: Path) -> NDArray[np.complex64]:
    """The array with all its dimensions, 16 of them, in BART's order. Raises InputError for a damaged pair."""
    header = path.with_suffix(".hdr")
    if not header.is_file():
        raise InputError(f"{path}: its header {header.name} is not beside it; copy both files.")
    refuse_special(header)
    with header.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(LONGEST_HEADER).splitlines()
    numbers = next((line.split() for line in lines if line.strip() and not line.startswith("#")), [])
    if not numbers or not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise InputError(f"{header}: names no dimensions; export both files again.")
    shape = [int(number) for number in numbers] + [1] * max(0, 16 - len(numbers))
    size = path.stat().st_size
    if size != 8 * math.prod(shape):
        raise InputError(
            f"{path}: {size} bytes, but {header.name} asks for {8 * math.prod(shape)}; copy both again."
        )
    refuse_oversized(path, size)
    return np.fromfile(path, np.complex64).reshape(shape, order="F")


def kspace_of_cfl(path: Path) -> tuple[NDArray[np.complex64], tuple[int, int]]:
    """(slices, coils, readout, phase), and the dimensions of the last two.

    Raises InputError for other dimensions, and for scans encoded in 3D.
    """
    array = read_cfl(path)
    space = _space(path, array.shape)
    return _arranged(path, array, (SLICES, COILS, *space)), space


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
    """Which of BART's dimensions are readout and phase. Raises InputError for scans encoded in 3D."""
    space = [axis for axis in range(3) if shape[axis] > 1]
    if len(space) == 3:
        raise InputError(
            f"{path}: is encoded in 3D ({shape[0]}x{shape[1]}x{shape[2]}); "
            "make slices of it first, `bart fft -u -i 1` along the readout and `bart slice`."
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
