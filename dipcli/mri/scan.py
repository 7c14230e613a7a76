"""What a scan is to the rest of dipcli, whatever file it came from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.mri.preparation import KSpace, centre_offset, crop_readout, whiten

CORNER = 0.4  # share of a side from the centre at which the strongest frequency says: not shifted
ASIDE = 0.1
ENDS = 0.05  # of the energy at one end of a line is at the other where frequencies wrap
WHOLE = 0.95


@dataclass(frozen=True)
class Scan:
    """K-space as it was measured, slice by slice.

    kspace: (slices, coils, readout, phase), complex64, frequency 0 in the centre, 0 where nothing was measured.
    sampled: (slices, readout, phase); lines of zeros that were appended to k-space count as measured.
    crop: the matrix of the image, where the file names one; voxel_mm: slice, readout, phase.
    noise: (coils, samples) of a scan without signal, and the dwell time of the scan over its own.
    """

    kspace: KSpace
    sampled: NDArray[np.bool_]
    origin: str
    crop: tuple[int, int] | None = None
    voxel_mm: tuple[float, float, float] | None = None
    noise: KSpace | None = None
    dwell_ratio: float = 1.0
    stored_shape: tuple[int, ...] = ()
    stored_dtype: str = "complex64"
    slices: tuple[int, ...] = ()  # their numbers in the file
    bart_axes: tuple[int, int, int] = (13, 0, 1)  # BART's dimensions of slices, readout and phase
    warnings: tuple[str, ...] = field(default=())


def measured(kspace: KSpace) -> NDArray[np.bool_]:
    """Where any coil of (slices, coils, readout, phase) has a value, (slices, readout, phase).

    Where nearly all values of every readout are there, a 0 among them was measured.
    """
    there = (kspace != 0).any(1)
    share = there.mean(1, keepdims=True)
    lines = np.broadcast_to(share > WHOLE, there.shape)
    whole = ((share > WHOLE) | (share == 0)).all()
    return lines.copy() if whole else there


def padding_of(kspace: KSpace, sampled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lines (slices, 1, phase) that count as measured and are 0 throughout: they were appended to k-space."""
    there = (kspace != 0).any((1, 2))
    lines: NDArray[np.bool_] = (sampled.all(1) & ~there & there.any(1, keepdims=True))[:, None]
    return lines


def unused_mask(path: Path, mask: NDArray[Any], sampled: NDArray[np.bool_]) -> tuple[str, ...]:
    """A warning where a mask beside k-space would hide values of it, which it does only if it is given."""
    there = np.squeeze(mask) > 0
    if there.shape not in (sampled.shape[2:], sampled.shape[1:], sampled.shape) or not (sampled & ~there).any():
        return ()
    said = f"has a mask without {(~there).mean():.0%} of the values, which are used"
    return (f"{path}: {said}; --mask {path} hides them.",)


def left_aside(path: Path, options: Mapping[str, str | None]) -> tuple[str, ...]:
    """A warning for each option that was given and has no meaning for a format."""
    why = {"--key": "holds one array", "--axes": "names its own axes"}
    return tuple(
        f"{path}: {why[name]}, so {name} was left aside." for name, value in options.items() if value is not None
    )


def prepare_scan(path: Path, scan: Scan, *, whitened: bool, oversampled: bool) -> Scan:
    """The scan with its centre in the middle, its noise whitened, and the readout's oversampling removed.

    Raises InputError where the centre cannot be found.
    """
    scan = _centred(path, scan)
    if scan.noise is not None and whitened:
        scan = replace(scan, kspace=whiten(scan.kspace, scan.noise, scan.dwell_ratio))
    side = scan.kspace.shape[2]
    if scan.crop is not None and not oversampled and scan.crop[0] < side and bool(scan.sampled.all(1).any()):
        kept = scan.crop[0]
        sampled = scan.sampled.all(1, keepdims=True)
        if bool((sampled == scan.sampled).all()):
            mask = np.broadcast_to(sampled, (sampled.shape[0], kept, sampled.shape[2])).copy()
            scan = replace(scan, kspace=crop_readout(scan.kspace, kept) * mask[:, None], sampled=mask)
    return scan


def _centred(path: Path, scan: Scan) -> Scan:
    finite = np.nan_to_num(scan.kspace, nan=0.0, posinf=0.0, neginf=0.0)
    if not finite.any():
        return scan
    offsets = centre_offset(finite)
    if max(offsets) < ASIDE:
        return scan
    energy = np.square(np.abs(finite), dtype=np.float64).sum((0, 1))
    edges = [
        axis
        for axis, offset in enumerate(offsets)
        if offset > CORNER and (min(offsets) > CORNER or _begins_at_both_ends(energy.sum(1 - axis)))
    ]
    if edges and all(offset < ASIDE or axis in edges for axis, offset in enumerate(offsets)):
        place = "in the corner" if len(edges) == 2 else f"at the edge along {('readout', 'phase')[edges[0]]}"
        warning = f"{path}: frequency 0 was {place} and was moved to the centre."
        return replace(
            scan,
            kspace=np.fft.fftshift(scan.kspace, [axis + 2 for axis in edges]),
            sampled=np.fft.fftshift(scan.sampled, [axis + 1 for axis in edges]),
            warnings=(*scan.warnings, warning),
        )
    away = " and ".join(f"{offset:.0%}" for offset in offsets)
    warning = f"{path}: the strongest frequency is {away} of the sides away from the centre; check --axes."
    return replace(scan, warnings=(*scan.warnings, warning))


def _begins_at_both_ends(energy: NDArray[np.float64]) -> bool:
    """Whether both ends of a line are strong: of transforms that begin with frequency 0, not of half an echo."""
    few = max(3, round(0.04 * len(energy)))
    ends = energy[:few].max(), energy[-few:].max()
    return bool(min(ends) > ENDS * max(ends))


def acceleration(scan: Scan) -> float:
    """How many values there would be for each that was measured; lines of padding do not count."""
    padding = int(padding_of(scan.kspace, scan.sampled).sum()) * scan.sampled.shape[1]
    count = int(scan.sampled.sum()) - padding
    return (scan.sampled.size - padding) / count if count else math.inf
