"""Further dimensions of k-space: averages are joined, 3D encodings become slices, all others are slices."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError

FULL = 0.95  # share of a direction's values that are there where all were measured


def averaged(kspace: NDArray[np.complex64], axis: int) -> NDArray[np.complex64]:
    """The mean over the averages that were measured, each value by itself, without that axis."""
    count = (kspace != 0).sum(axis)
    return np.asarray(kspace.sum(axis) / np.maximum(count, 1), np.complex64)


def decoupled(path: Path, kspace: NDArray[np.complex64]) -> tuple[NDArray[np.complex64], int]:
    """K-space (volumes, coils, a, b, c) encoded in 3D -> (slices, coils, two of them), and which became slices.

    That is the first direction that was measured whole wherever anything was: the readout. Raises InputError where
    there is none.
    """
    there = (kspace != 0).any((0, 1))
    axis = next((axis for axis in range(3) if _is_readout(there, axis)), None)
    if axis is None:
        sides = "x".join(map(str, there.shape))
        raise InputError(
            f"{path}: is encoded in 3D ({sides}), and no direction was measured whole; name its axes."
        )
    slices = transformed(kspace, axis + 2)
    return np.ascontiguousarray(slices.reshape(-1, *slices.shape[2:])), axis


def transformed(kspace: NDArray[np.complex64], axis: int) -> NDArray[np.complex64]:
    """K-space (volumes, coils, ...) as images along one axis, which comes second."""
    centred = np.fft.ifftshift(kspace, axis)
    images = np.fft.fftshift(np.fft.ifft(centred, axis=axis, norm="ortho"), axis)
    return np.moveaxis(images, axis, 1).astype(np.complex64)


def _is_readout(there: NDArray[np.bool_], axis: int) -> bool:
    share = there.mean(axis)
    return bool(((share > FULL) | (share == 0)).all())
