"""The counts of an emission as they were stored, and what lies beside them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError, OptionError
from dipcli.io.names import by
from dipcli.tomography.axes import Order, to_slices

Stack = NDArray[np.float32]  # (slices, views, detectors)
AIR = 1.01  # factors that correct for what is absorbed are about 1 where there is only air, and more elsewhere


class Counts(NamedTuple):
    """Counts, and of each ray the share of its pairs that is counted, and the counts expected beside them."""

    counts: Stack
    sensitivity: Stack
    background: Stack

    def views(self, kept: NDArray[np.integer]) -> "Counts":
        """Those of some views."""
        return Counts(*(each[:, kept] for each in self))

    def integrals(self) -> Stack:
        """Line integrals, were there no noise; 0 where nothing can be counted."""
        seen = self.sensitivity > 0
        return np.where(seen, (self.counts - self.background) / np.where(seen, self.sensitivity, 1), 0)


def counts_of(
    path: Path, stack: NDArray[np.floating], attenuation: Stack | None, randoms: Stack | None
) -> tuple[Counts, NDArray[np.bool_], tuple[str, ...]]:
    """Of stored values (slices, views, detectors): the counts, where they are known, and warnings.

    Raises InputError for values that are no counts.
    """
    known = np.isfinite(stack)
    counts = np.where(known, stack, 0).astype(np.float32)
    warnings = []
    if (counts < 0).any():
        raise InputError(
            f"{path}: has {int((counts < 0).sum())} negative counts; give what was counted, and what was "
            "subtracted from it by --randoms."
        )
    if not counts.any():
        raise InputError(f"{path}: nothing was counted: every value is 0; export them again.")
    if (counts != counts.round()).any():
        warnings.append(
            f"{path}: its counts are no whole numbers; where they were corrected or scaled, their noise is not "
            "that of counts, and less can be trusted."
        )
    sensitivity = np.ones_like(counts) if attenuation is None else attenuation
    background = np.zeros_like(counts) if randoms is None else randoms
    if (sensitivity < 0).any() or (background < 0).any():
        raise InputError(f"{path}: --attenuation or --randoms has negative values; they are shares and counts.")
    if attenuation is not None and 1 <= sensitivity.min() < AIR < sensitivity.max():
        sensitivity = np.float32(1) / sensitivity
        warnings.append(f"{path}: --attenuation is 1 and more, so it was taken for factors that correct.")
    return Counts(counts, sensitivity, background), known, tuple(warnings)


def beside_counts(
    said: str, array: NDArray[np.floating], order: Order, shape: tuple[int, ...], slices: slice
) -> Stack:
    """An array beside stored projections of a shape, whose axes have an order: that of the wanted slices.

    One without slices is for all of them. Raises OptionError for other shapes; `said` is the option and the file.
    """
    flat = tuple(name for name in order if name != "slice")
    sizes = dict(zip(order, shape, strict=True))
    own = order if array.ndim == len(shape) else flat
    if array.shape != tuple(sizes[name] for name in own):
        raise OptionError(
            f"{said}: is {by(array.shape)}, but the projections are {by(shape)}; give a value for each ray."
        )
    if not np.isfinite(array).all():
        raise InputError(f"{said}: has values that are no numbers.")
    stack = to_slices(array, own)
    whole = np.broadcast_to(stack, (sizes.get("slice", 1), *stack.shape[1:]))
    return np.ascontiguousarray(whole[slices], np.float32)
