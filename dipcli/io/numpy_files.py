"""NumPy's files, .npy and .npz, as arrays of numbers."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.arrays import named_parts, numbers, pick
from dipcli.io.failures import explain_failures

SIGNATURE, ARCHIVE = b"\x93NUMPY", b"PK"


def read_numpy(
    path: Path, key: str | None, usual: tuple[str, ...], beside: tuple[str, ...] = ()
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The array of a file, or that of an archive which `pick` chooses, and the first of those `beside` it.

    Raises InputError where it is not clear which, and for arrays that hold no numbers.
    """
    with explain_failures(InputError, path, "cannot be read as NumPy's"), path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return numbers(path, loaded), None
        with loaded as archive:
            parts = None if key or not {*usual}.isdisjoint(archive) else named_parts(archive)
            if parts is not None:
                return numbers(path, archive[parts[0]]) + 1j * numbers(path, archive[parts[1]]), None
            name = pick(path, list(archive), key, usual)
            others = [other for other in beside if other in archive and other != name]
            return numbers(path, archive[name]), archive[others[0]] if others else None
