"""NumPy's .npy files: a signal (n), a picture (h, w), colours last (h, w, 3), or a stack (d, h, w)."""

import io
import math
from pathlib import Path

import numpy as np

from dipcli.errors import InputError
from dipcli.io.numpy_files import read_npy_array
from dipcli.pictures.files.checks import refuse_bombs
from dipcli.pictures.files.picture import Stored

AXES = {1: "X", 2: "YX", 3: "IYX"}
AXES_WITH_COLOUR = {3: "YXS", 4: "IYXS"}
COLOURS = (1, 3, 4)


def read_npy(path: Path, *, volume: bool = False) -> Stored:
    """Read an array of real numbers; four colours are red, green, blue and alpha."""
    array = read_npy_array(path)
    native = array.dtype.newbyteorder("=")
    if array.dtype.kind not in "buif":
        raise InputError(
            f"{path}: holds {array.dtype} values, but only real numbers are read; save them as float32."
        )
    axes = _axes_of(path, array.shape, volume=volume)
    samples = array.shape[-1] if axes.endswith("S") else 1
    refuse_bombs(path, math.prod(array.shape) // max(samples, 1), samples * array.dtype.itemsize)
    return Stored(array.astype(native, copy=False), axes, alpha=samples == 4)


def encode_npy(stored: Stored) -> bytes:
    """Write the array alone: a .npy file holds no metadata."""
    buffer = io.BytesIO()
    np.save(buffer, stored.array, allow_pickle=False)
    return buffer.getvalue()


def _axes_of(path: Path, shape: tuple[int, ...], *, volume: bool) -> str:
    if volume and len(shape) == 3:
        return "ZYX"
    if len(shape) in AXES_WITH_COLOUR and shape[-1] in COLOURS:
        return AXES_WITH_COLOUR[len(shape)]
    if len(shape) in AXES:
        return AXES[len(shape)]
    raise InputError(
        f"{path}: an array of shape {shape}; use (n), (h, w), (h, w, 3 or 4), (d, h, w) or (d, h, w, 3 or 4)."
    )
