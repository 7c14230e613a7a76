"""What projections are to the rest of dipcli, whatever file they came from."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.tomography.counts import Counts
from dipcli.tomography.options import ValuesName

DARKEST = 1e-4  # of the flat field: a ray that lets less pass is not known
AIR = 0.02  # share of the detector at either end
BRIGHT = 1.3  # air is brighter by this than what lies behind an object, and its integrals are smaller
MOST_UNKNOWN = 0.5

Stack = NDArray[np.float32]  # (slices, views, detectors)


@dataclass(frozen=True)
class Stored:
    """What a file has: an array of any axes, and what lies beside it."""

    array: NDArray[np.floating]
    origin: str
    angles: NDArray[np.float64] | None = None  # in degrees
    flat: NDArray[np.float32] | None = None  # (slices, detectors)
    dark: NDArray[np.float32] | None = None
    slices: tuple[int, ...] = ()  # their numbers, where only those were read that are wanted


@dataclass(frozen=True)
class Scan:
    """Line integrals, (slices, views, detectors), in detector pixels times what an image has per pixel.

    `known` is false where a ray was not measured; angles are in degrees.
    """

    integrals: Stack
    known: NDArray[np.bool_]
    angles: NDArray[np.float64]
    origin: str
    stored_shape: tuple[int, ...]
    stored_dtype: str
    slices: tuple[int, ...] = ()  # their numbers in the file
    values: str = "integrals"  # what was stored
    emission: Counts | None = None  # what was counted, if that is what was stored
    warnings: tuple[str, ...] = ()

    def views(self, kept: NDArray[np.integer]) -> "Scan":
        """The same of some views."""
        return replace(
            self,
            integrals=self.integrals[:, kept],
            known=self.known[:, kept],
            angles=self.angles[kept],
            emission=None if self.emission is None else self.emission.views(kept),
        )


def to_integrals(
    path: Path, stack: NDArray[np.floating], stored: Stored, values: ValuesName
) -> tuple[Stack, NDArray[np.bool_], str, tuple[str, ...]]:
    """Line integrals of stored values (slices, views, detectors), where they are known, what was stored, warnings.

    Raises InputError for values that are no projections.
    """
    if not np.isfinite(stack).any() or not np.any(np.nan_to_num(stack) != 0):
        raise InputError(f"{path}: its projections are empty: every value is 0 or none; export them again.")
    kind = values if values != "auto" else "counts" if stored.flat is not None else _guessed(path, stack)
    known = np.isfinite(stack)
    clean = np.where(known, stack, 0).astype(np.float32)
    if kind == "integrals":
        _refuse_negative(path, clean)
        return clean, known, kind, ()
    warnings: list[str] = []
    if kind == "counts" and stored.flat is None:
        warnings.append(
            f"{path}: has no flat field; the beam was taken from the air at both ends of the detector."
        )
    passed, is_lit = _transmission(clean, stored, kind)
    known &= is_lit & (passed > DARKEST)
    _check_known(path, known, warnings)
    return -np.log(np.where(known, passed, 1)), known, kind, tuple(warnings)


def _transmission(clean: Stack, stored: Stored, kind: ValuesName) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What share of the beam passed, and where there was a beam."""
    if kind == "transmission":
        return clean, np.ones(clean.shape, bool)
    dark = np.float32(0) if stored.dark is None else stored.dark[:, None]
    light = clean - dark
    beam = _air(light) if stored.flat is None else stored.flat[:, None] - dark
    is_lit = beam > DARKEST * np.abs(beam).max()
    return (light / np.where(is_lit, beam, 1)).astype(np.float32), np.broadcast_to(is_lit, clean.shape)


def _check_known(path: Path, known: NDArray[np.bool_], warnings: list[str]) -> None:
    share = 1 - float(known.mean())
    if share > MOST_UNKNOWN:
        raise InputError(
            f"{path}: {share:.0%} of the rays have no counts beyond the dark field; check --flat and --dark."
        )
    if share:
        warnings.append(f"{path}: {share:.2%} of the rays have no counts, and were left out.")


def _guessed(path: Path, stack: NDArray[np.floating]) -> ValuesName:
    """Integrals, unless air is the brightest. Raises InputError where a flat field seems to be needed."""
    middle = stack[len(stack) // 2]
    edge = max(1, round(AIR * middle.shape[1]))
    ends = float(np.nanmedian(np.concatenate([middle[:, :edge], middle[:, -edge:]], axis=1)))
    inside = float(np.nanmedian(middle[:, edge:-edge]))
    if np.nanmin(middle) >= 0 and ends > BRIGHT * inside:
        raise InputError(
            f"{path}: is brightest where there is only air, as counts are and integrals are not; give --flat, or "
            "--values transmission (divided by the flat field) or counts (no flat field at hand)."
        )
    return "integrals"


def _refuse_negative(path: Path, integrals: Stack) -> None:
    """Integrals may be a little negative, by noise, but not on the whole."""
    low, high = np.quantile(integrals, [0.02, 0.98])
    if -low > high:
        raise InputError(
            f"{path}: its integrals are mostly negative (from {low:.3g} to {high:.3g}); an object takes away, "
            "so give the -log of the transmission, or --values counts or transmission."
        )


def _air(light: Stack) -> NDArray[np.float32]:
    """The beam of each view, by both ends of the detector (slices, views, 1)."""
    edge = max(1, round(AIR * light.shape[2]))
    ends = np.concatenate([light[:, :, :edge], light[:, :, -edge:]], axis=2)
    return np.asarray(np.median(ends, axis=2, keepdims=True), np.float32)
