"""What detectors write where they measured nothing: gap values, masks of bits, pixels that are always hot.

Sources: CXI 1.4 (Maia, Nature Methods 9, 854, 2012, doi 10.1038/nmeth.2110) for the bits of `mask`, NeXus'
NXdetector for those of `pixel_mask`, which Dectris' detectors write.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dipcli.io.names import by

MASKS = ("mask", "pixel_mask", "mask_shared", "bad_pixel_mask")
# Invalid, saturated, hot, dead, shadowed, in the peak mask, ignored, bad, out of resolution, missing, noisy; above
# them are corrected pixels (0x800) and those with signal (0x1000), which are good.
CXI_BAD = 0x7FF
NEXUS_BAD = 0xFFFF  # the upper half tags pixels that are good, such as interpolated ones
WIDE_GAPS = tuple(
    2**bits - last for bits in (64, 63, 32, 31) for last in (1, 2)
)  # whatever type they were copied to
JUMP = 0.5  # the largest value of a type is a gap where all others are below this share of it
FEW = 0.02  # share of the lit pixels whose brightness alone decides nothing,
LEAST_FEW, MOST_FEW = 20, 100  # within these limits
ABSURD = 0.75  # of the light is under no mask of bad pixels, unless they are few: those of a beamstop
BEAMSTOP = 0.1
HOT = 8.0  # times as bright as its neighbours: patterns of objects that fill half of their field are smoother
OUTSHINES = 0.1  # of the brightest pixel that is not hot
HOT_PHOTONS = 25  # above them too: what one photon here and there cannot do
LONELY = 30.0  # times as bright as all but two within two pixels
STREAK_REACH = 6  # lines on either side with which a line is compared
LARGEST_ROOT, NEARLY = 100.0, 0.01  # below it squares of single precision are as near as this to whole numbers
STREAK_PHOTONS = 3  # in each of most pixels of a streak

Counts = NDArray[np.float32]
Marks = Literal["auto", "bad", "good"]


def gap_values(array: NDArray[Any]) -> list[float]:
    """The values in an array, as it was stored, that stand for no measurement, the largest first."""
    if array.dtype.kind not in "iuf" or not array.size:
        return []
    is_whole, high = array.dtype.kind != "f", array.max()
    top = int(np.iinfo(array.dtype).max) if is_whole else 0
    with np.errstate(over="ignore"):  # of half precision, which has none of these
        candidates = [array.dtype.type(value) for value in WIDE_GAPS if not is_whole or value <= top]
    if is_whole and top < WIDE_GAPS[-1] and high >= top - 1 and array[array < top - 1].max(initial=0) < JUMP * top:
        candidates += [array.dtype.type(value) for value in (top, top - 1)]
    found = {
        value.item()
        for value in candidates
        if np.isfinite(value) and high >= value and bool((array == value).any())
    }
    negative = set(np.unique(array[array < 0]).tolist()) if array.dtype.kind == "i" else set()
    return sorted(found | negative, reverse=True)


def marked_pixels(stored: NDArray[Any], name: str, *, is_cxi: bool) -> NDArray[np.bool_]:
    """Which pixels a mask of this name marks, as bad if it is of the usual sense."""
    if stored.dtype.kind in "iu":
        bits = NEXUS_BAD if name.endswith("pixel_mask") else CXI_BAD if is_cxi else -1
        return np.asarray((stored.astype(np.int64) & bits) != 0)
    return np.asarray(stored != 0)


def good_pixels(
    path: Path, marked: NDArray[np.bool_], light: Counts, marks: Marks
) -> tuple[NDArray[np.bool_], str]:
    """The good pixels of a mask of either sense, and a warning where the light under it says which that is.

    `light` (*space) is 0 where nothing was measured.
    """
    if marks != "auto":
        return marked if marks == "good" else ~marked, ""
    steady = np.minimum(light, brightest_but_few(light))
    hidden = float(steady[marked].sum(dtype=np.float64)) / max(float(steady.sum(dtype=np.float64)), 1e-300)
    if hidden <= JUMP:
        return ~marked, ""
    said = f"{path}: {float(marked.mean()):.1%} of its mask is not 0, and {hidden:.0%} of the light is there"
    if marked.mean() > JUMP or (marked.mean() > BEAMSTOP and hidden > ABSURD):
        return marked, f"{said}, so these pixels count as the good ones; --mask-marks bad says otherwise."
    return ~marked, f"{said}, which does not count; if these are the good pixels, add --mask-marks good."


def brightest_but_few(values: Counts) -> float:
    """The brightness that only a few pixels exceed."""
    lit = values[values > 0]  # many equal zeros would take long to part
    few = min(max(int(FEW * lit.size), LEAST_FEW), MOST_FEW, lit.size)
    return float(np.partition(lit, -few)[-few]) if few else 0.0


def hot_pixels(values: Counts, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels far brighter than all but two around them in their frame, of values (..., y, x), 0 off the mask.

    So are single ones, pairs, and lines of them; beside a gap, single ones alone. Much dimmer ones than the
    brightest of the others, as patterns of boxes have them, are hot where it is dark around them, or in a streak
    along a whole row or column.
    """
    return _outshining(values, mask) | _lonely(values, mask) | _streaks(values, mask)


def _outshining(values: Counts, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    ring = np.ones((*[1] * (values.ndim - 2), 3, 3), np.uint8)
    ring.flat[4] = 0
    first, third = (ndimage.rank_filter(values, rank, footprint=ring, mode="wrap") for rank in (-1, -3))
    measured = ndimage.convolve(mask.astype(np.uint8), ring, mode="wrap")
    around = np.where(measured == ring.sum(), third, first)
    least = HOT_PHOTONS * _unit(values, mask)
    hot = np.asarray(mask & (values > HOT * around + least) & (measured > ring.sum() // 2))
    hot[..., values.shape[-2] // 2, values.shape[-1] // 2] = False  # the beam itself
    return np.asarray(hot & (values > OUTSHINES * values[~hot].max(initial=0)))


def _lonely(values: Counts, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels beside which, as far as two pixels, hardly two others have any light: a speckle is larger."""
    around = np.ones((*[1] * (values.ndim - 2), 5, 5), np.uint8)
    around.flat[12] = 0
    third = ndimage.rank_filter(values, -3, footprint=around, mode="wrap")
    measured = ndimage.convolve(mask.astype(np.uint8), around, mode="wrap")
    bright = values > LONELY * third + HOT_PHOTONS * _unit(values, mask)
    return np.asarray(mask & bright & (measured == around.sum()))


def _streaks(values: Counts, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows and columns of frames that are brighter, for most of their length, than all near them.

    Those through the centre of the light are the flares of facets.
    """
    streaks = np.zeros(values.shape, bool)
    steady = np.minimum(values, brightest_but_few(values))
    for axis in (-1, -2):
        lines = _medians(values, mask, axis)
        reach = [np.roll(lines, shift, -1) for far in range(2, STREAK_REACH + 1) for shift in (-far, far)]
        bright = lines > HOT * np.max(reach, axis=0) + STREAK_PHOTONS * _unit(values, mask)
        light = steady.sum(tuple(k for k in range(values.ndim) if k != values.ndim - 3 - axis))
        centre = round(float((light * np.arange(len(light))).sum() / max(light.sum(), 1e-30)))
        bright[..., max(0, centre - STREAK_REACH) : centre + STREAK_REACH + 1] = False
        streaks |= np.expand_dims(bright, axis)
    return streaks & mask


def _medians(values: Counts, mask: NDArray[np.bool_], axis: int) -> Counts:
    """Of every line along an axis; NaN of those that were hardly measured."""
    n_measured = mask.sum(axis)
    ordered = np.sort(np.where(mask, values, np.inf), axis)
    middle = np.take_along_axis(ordered, np.expand_dims(n_measured // 2 - (n_measured > 0), axis), axis)
    return np.where(n_measured > JUMP * mask.shape[axis], middle.squeeze(axis), np.nan).astype(np.float32)


def _unit(values: Counts, mask: NDArray[np.bool_]) -> float:
    """The least value that is not 0: of counts, one photon."""
    return float(values[mask & (values > 0)].min(initial=np.inf))


def are_amplitudes(values: Counts, mask: NDArray[np.bool_]) -> bool:
    """Whether values are the square roots of whole numbers and no whole numbers themselves."""
    lit = values[mask & (values > 0) & (values < LARGEST_ROOT)].astype(np.float64)
    if not lit.size:
        return False
    off, off_squared = (float(np.mean(np.abs(each - np.round(each)) > NEARLY)) for each in (lit, lit**2))
    return off > JUMP and off_squared < FEW


def said_of(path: Path, mask: NDArray[np.bool_], values: list[float]) -> str:
    """The warning that gap values were found."""
    share = f"{int((~mask).sum())} of {by(mask.shape)} pixels"
    return f"{path}: {share} hold gap values ({_list(values)}) and do not count."


def _list(values: list[float]) -> str:
    return ", ".join(f"{int(value)}" for value in values[:4])
