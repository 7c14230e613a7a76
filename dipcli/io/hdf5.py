"""HDF5 files, by h5py, which is an extra."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.failures import explain_failures

SIGNATURE = b"\x89HDF\r\n\x1a\n"


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """The file, to be read. Raises InputError where it is damaged, or h5py is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise InputError(f"{path}: HDF5 needs h5py; pip install 'dipcli[formats]'.") from error
    with explain_failures(InputError, path, "cannot be read as HDF5"), h5py.File(path, "r") as file:
        yield file


def array_names(group: Any, prefix: str = "") -> list[str]:  # noqa: ANN401 - h5py has no types
    """The paths of all arrays in a file or group."""
    names: list[str] = []
    for name, item in group.items():
        if hasattr(item, "shape"):
            names.append(f"{prefix}{name}")
        elif hasattr(item, "items"):
            names += array_names(item, f"{prefix}{name}/")
    return names


def pick(path: Path, names: list[str], key: str | None, usual: tuple[str, ...]) -> str:
    """The array to read: the one called `key`, one of the usual names, or the only one.

    Raises InputError where it is not clear.
    """
    if key is not None:
        if key not in names:
            raise InputError(f"{path}: has no array {key}; it has {', '.join(names) or 'none'}.")
        return key
    for name in usual:
        if name in names:
            return name
    if len(names) != 1:
        raise InputError(f"{path}: name the array with --key, one of {', '.join(names) or 'none'}.")
    return names[0]


def to_complex(array: NDArray[Any]) -> NDArray[Any]:
    """Pairs of fields (r and i, real and imag) as complex numbers; anything else as it is."""
    if array.dtype.names and len(array.dtype.names) == 2:
        real, imaginary = array.dtype.names
        return np.asarray(array[real] + 1j * array[imaginary])
    return array
