"""A diffraction pattern, made ready: counts, their mask, and frequency 0 in the centre."""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dipcli.diffraction.detectors import brightest_but_few, hot_pixels
from dipcli.diffraction.geometry import Geometry
from dipcli.diffraction.options import PatternOptions, counts_of
from dipcli.diffraction.oversampling import folded_axes
from dipcli.diffraction.stacks import are_exposures, dropped_frames
from dipcli.errors import InputError, OptionError
from dipcli.grid import middle_slices
from dipcli.io.names import by

FULL_SCALES = (4095, 16383, 65534, 65535, 1048575)  # largest values of 12, 14, 16 and 20-bit detectors
PLATEAU, PLATEAU_PHOTONS = 4, 50  # pixels side by side, on average, of one value of at least so many photons
ASIDE = 0.1  # share of a side from which a pattern is off its centre
CORNER = 0.1  # share of a side from the edge at which the brightest pixel says: not shifted
SHORTEST = 16

Counts = NDArray[np.float32]


@dataclass(frozen=True)
class Recording:
    """A pattern as it was recorded, (*space), in two or three dimensions."""

    intensity: Counts
    mask: NDArray[np.bool_]
    stored_shape: tuple[int, ...] = ()
    stored_dtype: str = ""
    files: tuple[Path, ...] = ()  # that were read; the first one is the input
    warnings: tuple[str, ...] = field(default=())
    geometry: Geometry = field(default_factory=Geometry)

    @property
    def pixel_nm(self) -> float | None:
        """The side of a pixel of the object along its last axis, where that is known."""
        sides = self.geometry.pixels_nm(self.intensity.shape)
        return None if sides is None else sides[-1]

    def warn(self, text: str) -> "Recording":
        """With one more warning."""
        return replace(self, warnings=(*self.warnings, text))


def without_saturated(path: Path, recording: Recording, options: PatternOptions) -> Recording:
    """What reaches the limit of the detector, in its own values, does not count.

    Where nobody says it, that is the largest value if it is one of the usual limits and not alone, or if pixels
    side by side have it that are too bright to be equal by chance.
    """
    values = np.where(recording.mask & np.isfinite(recording.intensity), recording.intensity, 0)
    highest, limit = float(values.max(initial=0)), options.saturation
    if limit is not None and options.input_is == "amplitude":
        limit = math.sqrt(limit)
    if limit is None and highest > 0 and _is_clipped(values, highest):
        limit = highest
        share = int((values == highest).sum())
        recording = recording.warn(f"{path}: {share} pixels of {highest:.6g} are saturated and do not count.")
    return recording if limit is None else replace(recording, mask=recording.mask & (values < limit))


def _is_clipped(values: Counts, highest: float) -> bool:
    there = values == highest
    n_there = int(there.sum())
    if highest in FULL_SCALES or n_there < PLATEAU:
        return n_there > 1 and highest in FULL_SCALES
    in_frame = np.zeros([3] * values.ndim, bool)
    in_frame[(1,) * (values.ndim - 2)] = True
    is_bright = highest > PLATEAU_PHOTONS * float(values[values > 0].min())
    return is_bright and n_there >= PLATEAU * int(ndimage.label(there, in_frame)[1])


def prepare_recording(path: Path, recording: Recording, options: PatternOptions) -> Recording:
    """The pattern centred, cropped, binned, of even sides, with all that is not to be believed marked.

    Raises InputError where nothing is left of it.
    """
    recording = _stacked(path, _marked(path, recording, options))
    recording = _centred(path, recording, options)
    recording = _cropped(path, recording, counts_of("crop", options.crop))
    recording = _binned(path, recording, counts_of("bin", options.bin))
    odd = [n for n in recording.intensity.shape if n % 2]
    if min(recording.intensity.shape) < SHORTEST:
        raise InputError(f"{path}: {_size(recording)} is too small; every side needs {SHORTEST} pixels or more.")
    if odd:
        even = tuple(slice(0, n - n % 2) for n in recording.intensity.shape)
        recording = replace(recording, intensity=recording.intensity[even], mask=recording.mask[even])
        recording = recording.warn(f"{path}: sides of {by(odd)} are odd; their last row was left out.")
    return _judged(path, recording)


def _marked(path: Path, recording: Recording, options: PatternOptions) -> Recording:
    """What is NaN, negative, or said to be bad does not count."""
    values = recording.intensity
    if options.input_is == "amplitude":
        values = np.square(values) * np.sign(values)
    mask: NDArray[np.bool_] = recording.mask & np.isfinite(values) & (np.nan_to_num(values, nan=-1.0) >= 0)
    if options.zero_is_bad:
        mask = mask & (values != 0)
    if not mask.any():
        raise InputError(f"{path}: every pixel is masked, negative or not finite; check the mask (0 is good).")
    kept = np.where(mask, np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), 0).astype(np.float32)
    if not kept.any():
        raise InputError(f"{path}: the pattern is empty, every good pixel is 0; record it again.")
    hot = hot_pixels(kept, mask)
    if hot.any():
        recording = recording.warn(
            f"{path}: {int(hot.sum())} hot pixel(s), far brighter than all around them, up to "
            f"{float(kept[hot].max()):.4g}, do not count."
        )
    return replace(recording, intensity=np.where(hot, np.float32(0), kept), mask=mask & ~hot)


def _stacked(path: Path, recording: Recording) -> Recording:
    """Without frames that are empty between others; exposures of one pattern as their sum."""
    values, mask = recording.intensity, recording.mask
    if values.ndim < 3:
        return recording
    light, photon = values.sum((1, 2), dtype=np.float64), float(values[values > 0].min(initial=np.inf))
    dropped = dropped_frames(light, photon) & mask.any((1, 2))
    if dropped.any():
        mask = mask & ~dropped[:, None, None]
        which = ", ".join(map(str, np.flatnonzero(dropped)[:4]))
        recording = replace(recording, mask=mask).warn(
            f"{path}: {int(dropped.sum())} frame(s) are empty between others ({which}, counted from 0) and do not "
            "count."
        )
    if not are_exposures(values, mask):
        return recording
    known: NDArray[np.bool_] = np.asarray(mask.all(0))
    total = np.where(known, values.sum(0), np.float32(0))
    return replace(recording, intensity=total, mask=known).warn(
        f"{path}: its {len(values)} frames are alike, as exposures of one pattern are, and were summed; a rocking "
        "curve falls to its ends."
    )


def _centred(path: Path, recording: Recording, options: PatternOptions) -> Recording:
    """The pattern moved so that its centre is in the middle; what comes in at the border was not measured."""
    if options.center == "none":
        return recording
    shape = recording.intensity.shape
    steady = np.minimum(recording.intensity, brightest_but_few(recording.intensity))
    brightest = np.unravel_index(int(recording.intensity.argmax()), shape)
    mass = centre_of_mass(steady)
    at = [float(place) for place in brightest] if options.center == "max" else mass
    if options.center == "auto":
        is_there = all(min(p, n - p) < CORNER * n for p, n in zip(brightest, shape, strict=True))
        if is_there and _is_cornered(np.sqrt(steady), recording.mask):
            moved = replace(
                recording, intensity=np.fft.fftshift(recording.intensity), mask=np.fft.fftshift(recording.mask)
            )
            return moved.warn(f"{path}: frequency 0 was in the corner and was moved to the centre.")
        away = max(abs(p - n // 2) / n for p, n in zip(mass, shape, strict=True))
        if away < ASIDE:
            return recording
        recording = recording.warn(
            f"{path}: the centre of mass is {away:.0%} of a side away from the centre and was moved there; "
            "--center none leaves it."
        )
    steps = [n // 2 - round(p) for p, n in zip(at, shape, strict=True)]
    return replace(
        recording,
        intensity=_moved(recording.intensity, steps).astype(np.float32),
        mask=_moved(recording.mask, steps).astype(bool),
    )


def _is_cornered(amplitude: Counts, mask: NDArray[np.bool_]) -> bool:
    """Whether more light lies around the corners, where transforms have frequency 0, than around the centre."""

    def mean(values: NDArray[np.generic], measured: NDArray[np.bool_]) -> float:
        part = middle_slices(values.shape, tuple(max(2, round(2 * ASIDE * n)) for n in values.shape))
        return float(values[part].sum(dtype=np.float64)) / max(int(measured[part].sum()), 1)

    return mean(np.fft.fftshift(amplitude), np.fft.fftshift(mask)) > mean(amplitude, mask)


def centre_of_mass(intensity: Counts) -> list[float]:
    """Where the pattern balances, in pixels, of what is brighter than its mean."""
    excess = np.clip(intensity.astype(np.float64) - intensity.mean(), 0, None)
    total = max(excess.sum(), 1e-300)
    return [
        float((excess.sum(tuple(k for k in range(excess.ndim) if k != axis)) * np.arange(n)).sum() / total)
        for axis, n in enumerate(excess.shape)
    ]


def _moved(array: NDArray[np.generic], steps: list[int]) -> NDArray[np.generic]:
    moved = np.roll(array, steps, tuple(range(array.ndim)))
    for axis, step in enumerate(steps):
        bar = [slice(None)] * array.ndim
        bar[axis] = slice(0, step) if step >= 0 else slice(step, None)
        if step:
            moved[tuple(bar)] = 0
    return moved


def _cropped(path: Path, recording: Recording, sides: tuple[int, ...] | None) -> Recording:
    if sides is None:
        return recording
    sides = _for_each_axis(path, recording, sides, "crop")
    shape = recording.intensity.shape
    if any(side > n for side, n in zip(sides, shape, strict=True)):
        raise OptionError(f"{path}: is {_size(recording)}, so it cannot be cropped to {by(sides)}.")
    part = middle_slices(shape, sides)
    return replace(recording, intensity=recording.intensity[part], mask=recording.mask[part])


def _binned(path: Path, recording: Recording, sizes: tuple[int, ...] | None) -> Recording:
    """Sums of blocks; a block counts where all of it is in the mask. The centre stays in the middle."""
    if sizes is None:
        return recording
    sizes = _for_each_axis(path, recording, sizes, "bin")
    intensity, mask = recording.intensity, recording.mask
    for axis, size in enumerate(sizes):
        half = intensity.shape[axis] // 2 // size
        if not half:
            raise OptionError(f"{path}: is {_size(recording)}, too small for bins of {by(sizes)}.")
        start = max(0, intensity.shape[axis] // 2 - half * size - (size - 1) // 2)
        count = min(2 * half, (intensity.shape[axis] - start) // size)
        part = [slice(None)] * intensity.ndim
        part[axis] = slice(start, start + count * size)
        blocks = (*intensity.shape[:axis], count, size, *intensity.shape[axis + 1 :])
        intensity = intensity[tuple(part)].reshape(blocks).sum(axis + 1)
        mask = np.asarray(mask[tuple(part)].reshape(blocks).all(axis + 1))
    return replace(recording, intensity=intensity, mask=mask, geometry=recording.geometry.binned(sizes))


def _for_each_axis(path: Path, recording: Recording, counts: tuple[int, ...], name: str) -> tuple[int, ...]:
    n_axes = recording.intensity.ndim
    if len(counts) == 1:
        return counts * n_axes
    if len(counts) != n_axes:
        raise OptionError(f"{path}: has {n_axes} axes, but --{name} names {len(counts)}; give one count for each.")
    return counts


def _judged(path: Path, recording: Recording) -> Recording:
    """With a warning where the object is larger than half of the field that the pattern spans."""
    if not recording.mask[tuple(n // 2 for n in recording.mask.shape)]:
        return recording  # without its centre a pattern does not tell how large its object is
    axes = folded_axes(recording.intensity, recording.mask)
    if not axes:
        return recording
    return recording.warn(
        f"{path}: under-sampled along {'axis' if len(axes) == 1 else 'axes'} {_list(axes)}: the object seems to "
        "fill more than half of the field; bin less, or measure from farther away."
    )


def _size(recording: Recording) -> str:
    return by(recording.intensity.shape)


def _list(numbers: list[int]) -> str:
    return " and ".join(map(str, numbers))
