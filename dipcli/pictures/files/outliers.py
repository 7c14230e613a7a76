"""Values that are no measurement of the picture: codes for missing ones, and hot or dead pixels."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dipcli.pictures.files.picture import Picture
from dipcli.pictures.files.ranges import extremes, inner_range, to_unit, value_range

Places = NDArray[np.bool_]

# What geographers, NetCDF and detectors store where nothing was measured, where their file does not say so.
CODES = (-9999.0, -99999.0, -999.0, -32768.0, -32767.0, 1e20, -1e20, 9.969209968386869e36)
FAR_CODE = 1.0  # times the spread of the other values: so far away is a code, and
HUGE = 1e19  # so large is one anyway
FAR = 3.0  # times the spread beyond nearly all values: so far away are hot pixels, each by itself
ALONE = 0.2  # of its excess, that no neighbour of a hot pixel has: the sharpest star has more
FEWEST_IMPULSES = 20  # equal extremes, so far from all other values and scattered
CROWDED = 0.5  # share of the neighbours of an impulse that are impulses, too, at most on average


def mark_missing(path: Path, picture: Picture) -> Picture:
    """The picture with NaN where its file has a code for missing values, which it is written with again."""
    if picture.stored is None or (picture.stored.dtype == np.uint8 and picture.encoding.metadata.no_data is None):
        return picture
    coded = _declared(picture) | _undeclared(picture.stored)
    if not coded.any() or coded.all():
        return picture
    values = ", ".join(f"{value:g}" for value in np.unique(picture.stored[coded])[:3])
    said = f"{path}: {int(coded.sum())} values of {values} count as missing."
    known = picture.stored
    low, high = value_range(known if known.dtype in (np.uint8, np.uint16) else known[~coded])
    frames = to_unit(np.where(coded, np.nan, known.astype(np.float64)), low, high)
    encoding = dataclasses.replace(picture.encoding, low=low, high=high)
    warnings = (*picture.warnings, said)
    return dataclasses.replace(picture, frames=tuple(frames), encoding=encoding, no_data=coded, warnings=warnings)


def replace_hot_pixels(path: Path, picture: Picture) -> Picture:
    """The picture with every hot or dead pixel replaced by the median of its neighbours.

    Such is a value far beyond nearly all of the others, with no neighbour on its side of them. Where there are
    many of one value, scattered over the picture, they become NaN: impulses, far from what the picture has itself.
    """
    if picture.stored is None:
        return picture
    values, known = picture.stored, np.isfinite(np.stack(picture.frames))
    impulses = _scattered(values, known)
    if impulses.any():
        said = f"{path}: {impulses.sum() / known.sum():.1%} of the values, far from all others, count as missing."
        frames = np.where(impulses, np.float32(np.nan), np.stack(picture.frames))
        picture = dataclasses.replace(picture, frames=tuple(frames), warnings=(*picture.warnings, said))
    struck = _isolated(values, known & ~impulses)
    if not struck.any():
        return picture
    stored = values.copy()
    for place in np.argwhere(struck):
        frame, channel = place[:2]
        believed = known[frame, channel] & ~struck[frame, channel] & ~impulses[frame, channel]
        stored[tuple(place)] = _median_around(values[frame, channel], believed, place[2:])
    said = f"{path}: {int(struck.sum())} hot or dead pixels are replaced."
    return dataclasses.replace(picture, stored=stored, warnings=(*picture.warnings, said))


def _declared(picture: Picture) -> Places:
    code = picture.encoding.metadata.no_data
    if code is None or picture.stored is None:
        return np.zeros(np.stack(picture.frames).shape, bool)
    if np.isnan(code):
        missing: Places = np.isnan(picture.stored)
        return missing
    return np.asarray(np.isclose(picture.stored.astype(np.float64), code, rtol=1e-6, atol=0))


def _undeclared(stored: NDArray[Any]) -> Places:
    """Extremes that are a usual code, occur more than once, and lie far from all other values."""
    missing = np.zeros(stored.shape, bool)
    finite = np.isfinite(stored)
    for _ in range(2 if stored.dtype != np.uint8 else 0):  # one code may be below, another above
        known = finite & ~missing
        for extreme in extremes(stored, known) if known.any() else ():
            if not _may_be_code(extreme, stored.dtype):
                continue
            places = (stored == extreme) & known
            if places.sum() > 1 and _is_far(extreme, stored, known & ~places, FAR_CODE):
                missing |= places
    return missing


def _may_be_code(extreme: float, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    codes = [*CODES, float(limits.max), *([float(limits.min)] if dtype.kind != "u" else [])]
    return abs(extreme) >= HUGE or bool(np.isclose(extreme, codes, rtol=1e-6, atol=0).any())


def _is_far(extreme: float, stored: NDArray[Any], others: Places, times: float) -> bool:
    """Whether the distance to the nearest of the others is so many times the spread of them."""
    if not others.any():
        return False
    low, high = inner_range(stored, others)
    gap = min(abs(extreme - end) for end in extremes(stored, others))
    return bool(gap > times * (high - low) > 0)


def _scattered(stored: NDArray[Any], known: Places) -> Places:
    """Impulses of one value that is so far from all others that it would hide what contrast they have."""
    impulses = np.zeros(stored.shape, bool)
    for extreme in extremes(stored, known) if known.any() else ():
        places = (stored == extreme) & known
        if places.sum() < FEWEST_IMPULSES or not _is_far(extreme, stored, known & ~places, FAR):
            continue
        around = (ndimage.uniform_filter(places.astype(np.float32), _sides(places.ndim, 3)) * 9 - places) / 8
        if around[places].mean() < CROWDED:
            impulses |= places
    return impulses


def _isolated(stored: NDArray[Any], believed: Places) -> Places:
    """Which of the values (frames, channels, *space) that are believed are hot or dead pixels."""
    struck = np.zeros(stored.shape, bool)
    if not believed.any():
        return struck
    low, high = inner_range(stored, believed)
    spread = high - low
    ring = np.ones(_sides(stored.ndim, 3), bool)
    ring[tuple(side // 2 for side in ring.shape)] = False
    least, most = extremes(stored, believed)
    for sign, end, utmost in ((1.0, high, most), (-1.0, -low, -least)):
        if not utmost - end > FAR * spread > 0:
            continue
        excess = np.where(believed, sign * stored.astype(np.float64) - end, -np.inf)
        around = ndimage.maximum_filter(excess, footprint=ring, mode="nearest")
        struck |= (excess > FAR * spread) & (around < ALONE * excess)
    return struck


def _sides(n_axes: int, side: int) -> tuple[int, ...]:
    """A window in the last two axes of (frames, channels, *space), or in the one of a signal."""
    inner = min(2, n_axes - 2)
    return (1,) * (n_axes - inner) + (side,) * inner


def _median_around(values: NDArray[Any], believed: Places, place: NDArray[np.intp]) -> float:
    """The median of the believed neighbours of a place (*space), in a window that grows until there are some."""
    for reach in (1, 2, 4, 8):
        window = tuple(slice(max(0, at - reach), at + reach + 1) for at in place)
        around = values[window][believed[window]]
        if around.size:
            return float(np.median(around))
    return float(np.median(values[believed]))
