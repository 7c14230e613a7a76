"""MATLAB files: version 5 by SciPy, version 7.3 by h5py."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import io

from dipcli.errors import InputError
from dipcli.io.arrays import numbers, pick
from dipcli.io.failures import explain_failures
from dipcli.io.hdf5 import array_names, open_hdf5

FIFTH, SEVENTH = b"MATLAB 5.0", b"MATLAB 7.3"
LEAST_VALUES = 1000  # an array with fewer is a parameter, not data


def read_matlab(path: Path, key: str | None, usual: tuple[str, ...]) -> NDArray[Any]:
    """The array called `key`, by one of the usual names, or the only large one, with MATLAB's own order of axes.

    Raises InputError where it is not clear, and for files that cannot be read.
    """
    with path.open("rb") as file:
        is_hdf5 = file.read(len(SEVENTH)) == SEVENTH
    if is_hdf5:
        with open_hdf5(path) as file:
            names = [n for n in array_names(file) if not n.startswith("#") and file[n].size >= LEAST_VALUES]
            return numbers(path, file[pick(path, names, key, usual)][()]).T
    with explain_failures(InputError, path, "cannot be read as MATLAB"):
        contents = io.loadmat(path)
    arrays = {n: v for n, v in contents.items() if isinstance(v, np.ndarray) and v.dtype.kind in "buifc"}
    names = [n for n, v in arrays.items() if v.size >= LEAST_VALUES]
    return np.asarray(arrays[pick(path, names, key, usual)])
