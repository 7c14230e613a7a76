"""Between the values that a file stores and the [0, 1] in which pictures are restored."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def value_range(array: NDArray[Any]) -> tuple[float, float]:
    """The stored values that are shown as 0 and 1.

    8 and 16-bit pictures use the whole range of their type, whatever their content, so that equal values stay
    equal across files. Floats within [0, 1] are taken as they are. Everything else (other floats; signed and
    wider integers, which hold measurements) is spread from its finite minimum to its maximum.
    """
    if array.dtype in (np.uint8, np.uint16):
        return 0.0, float(np.iinfo(array.dtype).max)
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high


def to_unit(array: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    """Stored values -> [0, 1]; values that are not finite become NaN."""
    unit = (array.astype(np.float64) - low) / ((high - low) or 1.0)
    unit[~np.isfinite(unit)] = np.nan
    return unit.astype(np.float32)


def from_unit(unit: NDArray[np.float32], low: float, high: float, dtype: DTypeLike) -> NDArray[Any]:
    """[0, 1] -> stored values; integers are rounded to the nearest and clipped to their type."""
    values = unit.astype(np.float64) * (high - low) + low
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(np.dtype(dtype))
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)


def type_range(dtype: DTypeLike) -> tuple[float, float]:
    """What a type stores for 0 and 1 without regard to content: its range for integers, [0, 1] for floats."""
    return 0.0, float(np.iinfo(np.dtype(dtype)).max) if np.dtype(dtype).kind in "iu" else 1.0
