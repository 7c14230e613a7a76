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

Counts = NDArray[np.float32]
Marks = Literal["auto", "bad", "good"]


def gap_values(array: NDArray[Any]) -> list[float]:
    """The values in an array, as it was stored, that stand for no measurement, the largest first."""
    if array.dtype.kind not in "iuf" or not array.size:
        return []
    is_whole, high = array.dtype.kind != "f", array.max()
    top = int(np.iinfo(array.dtype).max) if is_whole else 0
    candidates = [array.dtype.type(value) for value in WIDE_GAPS if not is_whole or value <= top]
    if is_whole and top < WIDE_GAPS[-1] and high >= top - 1 and array[array < top - 1].max(initial=0) < JUMP * top:
        candidates += [array.dtype.type(value) for value in (top, top - 1)]
    found = {value.item() for value in candidates if high >= value and bool((array == value).any())}
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
    lit = int((values > 0).sum())
    few = min(max(int(FEW * lit), LEAST_FEW), MOST_FEW, max(lit, 1))
    return float(np.partition(values, -few, axis=None)[-few])


def hot_pixels(values: Counts, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels far brighter than all but two around them in their frame, of values (..., y, x), 0 off the mask.

    So are single ones, pairs, and lines of them; beside a gap, single ones alone. Of pixels much dimmer than the
    brightest of the others nothing is said: patterns of boxes have spots of one pixel.
    """
    ring = np.ones((*[1] * (values.ndim - 2), 3, 3), np.uint8)
    ring.flat[4] = 0
    first, third = (ndimage.rank_filter(values, rank, footprint=ring, mode="wrap") for rank in (-1, -3))
    measured = ndimage.convolve(mask.astype(np.uint8), ring, mode="wrap")
    around = np.where(measured == ring.sum(), third, first)
    least = HOT_PHOTONS * float(values[mask & (values > 0)].min(initial=np.inf))
    hot = np.asarray(mask & (values > HOT * around + least) & (measured > ring.sum() // 2))
    hot[..., values.shape[-2] // 2, values.shape[-1] // 2] = False  # the beam itself
    return np.asarray(hot & (values > OUTSHINES * values[~hot].max(initial=0)))


def said_of(path: Path, mask: NDArray[np.bool_], values: list[float]) -> str:
    """The warning that gap values were found."""
    share = f"{int((~mask).sum())} of {by(mask.shape)} pixels"
    return f"{path}: {share} hold gap values ({_list(values)}) and do not count."


def _list(values: list[float]) -> str:
    return ", ".join(f"{int(value)}" for value in values[:4])
