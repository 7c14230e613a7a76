"""Blur kernels that somebody else made."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.failures import reader
from dipcli.pictures.files.images import read_picture

FAINT = 0.004  # of the largest value: in a picture of 8 bits that is black


@reader
def load_kernel(path: Path) -> NDArray[np.float32]:
    """A kernel (n, n) with odd n, not negative, of sum 1, from a picture, or an array that NumPy wrote.

    The smallest square that holds it is taken, its middle being the middle of the file's. Raises InputError
    for files that hold no kernel, or values that are not finite.
    """
    picture = read_picture(path)
    if len(picture.frames) != 1 or picture.frames[0].ndim != 3:
        raise InputError(f"{path}: holds no single picture, so no kernel; give one of two axes.")
    # As they are stored: in a frame, the least value may be 0.
    planes = picture.frames[0] if picture.stored is None else picture.stored[0]
    broken = int((~np.isfinite(planes)).sum())
    if broken:
        raise InputError(
            f"{path}: {broken} of {planes.size} values are NaN or infinite, so it is no kernel; export it again."
        )
    kernel = planes.astype(np.float64).mean(0)
    kernel = np.where(kernel < FAINT * kernel.max(), 0, kernel)
    if not kernel.max() > 0:
        raise InputError(f"{path}: a kernel without a value above 0; give another.")
    kernel = np.pad(kernel, [(0, 1 - side % 2) for side in kernel.shape])  # the middle of an even side comes late
    middle = [side // 2 for side in kernel.shape]
    reach = max(int(np.abs(at - m).max()) for at, m in zip(np.nonzero(kernel), middle, strict=True))
    widths = [(max(0, reach - m),) * 2 for m in middle]
    kernel = np.pad(kernel, widths)
    rows, columns = (slice(side // 2 - reach, side // 2 + reach + 1) for side in kernel.shape)
    kernel = kernel[rows, columns]
    square: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return square
