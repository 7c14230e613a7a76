"""Between the values that a file stores and the [0, 1] in which pictures are restored."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

TAIL = 1e-3  # share of the values at either end that is looked at apart
FEWEST_AT_END = 8  # equal values at an end that were clipped there, if many more than the next ones
STEEP = 3.0
PIECE = 1 << 20  # values that are worked out together
MOST_LOOKED_AT = 1_000_000


@dataclass(frozen=True)
class Units:
    """What a file's own units are on the scale from 0 to 1 of a frame."""

    zero: float = 0.0  # where the stored 0 is
    white: float = 1.0  # full scale of 8 and 16-bit pictures; of others the stored 1
    step: float = 0.0  # between neighbouring values of integers


AS_STORED = Units()


def value_range(array: NDArray[Any]) -> tuple[float, float]:
    """The stored values that stand for 0 and 1 by their type.

    8 and 16-bit pictures use the whole range of their type, whatever their content. Floats within [0, 1] are taken
    as they are. Everything else (other floats; signed and wider integers, which hold measurements) is spread from
    its finite minimum to its maximum.
    """
    if array.dtype in (np.uint8, np.uint16):
        return 0.0, float(np.iinfo(array.dtype).max)
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high


def own_range(
    stored: NDArray[Any],
    known: NDArray[np.bool_],
    *,
    reach: float = math.inf,
    headroom: float = 0.0,
    from_zero: bool = False,
) -> tuple[float, float]:
    """The stored values that stand for 0 and 1 by the content, so that no unit and no offset matters.

    From the least of the `known` values to the largest, but not farther than `reach` times the spread beyond
    nearly all of them. `headroom` adds a share of that where values were not clipped: for results of more contrast
    than what was measured. With `from_zero` 0 stands for 0, where no value is less.
    """
    if not known.any():
        return 0.0, 1.0
    least, most = extremes(stored, known)
    low, high = least, most
    if reach < math.inf:
        inner_low, inner_high = inner_range(stored, known)
        if inner_high > inner_low:
            room = reach * (inner_high - inner_low)
            low, high = max(low, inner_low - room), min(high, inner_high + room)
    if headroom:
        room, values = headroom * (high - low), stored[known]
        low = low if low == 0 and _piled(values, 0.0, 1) else low - room
        high = high if _is_full_scale(high) and _piled(values, high, -1) else high + room
    return (min(0.0, low) if from_zero and least >= 0 else low), high


def extremes(stored: NDArray[Any], known: NDArray[np.bool_]) -> tuple[float, float]:
    """The least and the largest of the known values."""
    values = stored if known.all() else stored[known]
    return float(values.min()), float(values.max())


def inner_range(stored: NDArray[Any], known: NDArray[np.bool_]) -> tuple[float, float]:
    """From which of the known values to which nearly all of them lie."""
    every = max(1, stored.size // MOST_LOOKED_AT)
    some = stored.ravel()[::every][known.ravel()[::every]]
    some = some if some.size else stored[known]
    low, high = np.quantile(some.astype(np.float64), (TAIL, 1 - TAIL))
    return float(low), float(high)


def units_of(dtype: DTypeLike, low: float, high: float) -> Units:
    """The units of values of this type that were stored for 0 (`low`) and 1 (`high`)."""
    span = (high - low) or 1.0
    return Units(-low / span, full_scale(dtype) / span, 1 / span if np.dtype(dtype).kind in "iu" else 0.0)


def full_scale(dtype: DTypeLike) -> float:
    """What 8 and 16-bit pictures store for white; of other types the stored 1 is the unit."""
    return float(np.iinfo(np.dtype(dtype)).max) if np.dtype(dtype) in (np.uint8, np.uint16) else 1.0


def to_unit(array: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    """Stored values -> [0, 1]; values that are not finite become NaN."""
    span = (high - low) or 1.0
    if array.dtype in (np.uint8, np.uint16):  # few values, each worked out once
        stored = np.arange(np.iinfo(array.dtype).max + 1, dtype=np.float64)
        table = ((stored - low) / span).astype(np.float32)
        unit: NDArray[np.float32] = table[array]
        return unit

    def brought(stored: NDArray[Any]) -> NDArray[Any]:
        values = (stored.astype(np.float64) - low) / span
        return np.where(np.isfinite(values), values, np.nan)

    return _piece_by_piece(brought, array, np.float32)


def from_unit(unit: NDArray[np.float32], low: float, high: float, dtype: DTypeLike) -> NDArray[Any]:
    """[0, 1] -> stored values; integers are rounded to the nearest and clipped to their type."""
    limits = np.iinfo(np.dtype(dtype)) if np.dtype(dtype).kind in "iu" else None

    def stored(values: NDArray[Any]) -> NDArray[Any]:
        values = values.astype(np.float64) * (high - low) + low
        return values if limits is None else np.clip(np.rint(values), limits.min, limits.max)

    return _piece_by_piece(stored, unit, dtype)


def _piece_by_piece(
    function: Callable[[NDArray[Any]], NDArray[Any]], array: NDArray[Any], dtype: DTypeLike
) -> NDArray[Any]:
    """A function of each value, in another type: the whole in double precision would be the most in memory."""
    found = np.empty(array.size, dtype)
    flat = array.reshape(-1)
    for begin in range(0, array.size, PIECE):
        found[begin : begin + PIECE] = function(flat[begin : begin + PIECE])
    return found.reshape(array.shape)


def type_range(dtype: DTypeLike) -> tuple[float, float]:
    """What a type stores for 0 and 1 without regard to content: its range for integers, [0, 1] for floats."""
    return 0.0, float(np.iinfo(np.dtype(dtype)).max) if np.dtype(dtype).kind in "iu" else 1.0


def _is_full_scale(high: float) -> bool:
    """Whether it is 1, or the largest value of some number of bits."""
    return high == 1 or (high > 1 and math.log2(high + 1).is_integer())


def _piled(values: NDArray[Any], end: float, inwards: int) -> bool:
    """Whether far more values equal the one at an end than the next; `inwards` is 1 from the least, or -1."""
    others = values[values != end]
    n_at_end = int(values.size - others.size)
    if n_at_end < FEWEST_AT_END or not others.size:
        return n_at_end >= FEWEST_AT_END
    following = others.min() if inwards > 0 else others.max()
    return bool(n_at_end > STEEP * (others == following).sum())
