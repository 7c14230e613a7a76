"""Arrays that need not lie in memory: large ones are kept in a file that nobody else sees."""

import errno
import math
import os
import tempfile
from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dipcli.errors import OutputError

SMALL = 2**26  # bytes that are kept in memory all the same
PIECE = 2**22  # values that are worked on at a time


def scratch_array(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[np.float32]:
    """An array of zeros. Raises OutputError where the folder of temporary files has no room for it."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if n_bytes <= SMALL:
        return np.zeros(shape, dtype)
    folder = tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(
                file.fileno(), 0, n_bytes
            )  # a full disk is found here, not while values are written
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EINVAL, errno.EOPNOTSUPP):
            raise
        raise OutputError(
            f"{folder}: has no room for {n_bytes / 1e9:.3g} GB of temporary values; name another folder by TMPDIR."
        ) from error


def pieces(length: int) -> Iterator[slice]:
    """All of so many values, in parts that fit into memory."""
    return (slice(first, min(first + PIECE, length)) for first in range(0, length, PIECE))


def energy(values: NDArray[np.floating]) -> float:
    """The mean square of values (n,), summed piece by piece."""
    total = sum(float(np.square(values[part], dtype=np.float64).sum()) for part in pieces(len(values)))
    return total / max(len(values), 1)
