"""Refuse, in one sentence, the pictures that cannot be restored."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.limits import refuse_oversized
from dipcli.io.names import by
from dipcli.pictures.files.picture import Picture

SHORTEST_SIDE = 16
MOST_PIXELS = 1_000_000_000


def refuse_bombs(path: Path, n_pixels: int, pixel_bytes: float) -> None:
    """Stop before decoding a file whose header promises more than a billion pixels, or more than can be true."""
    if n_pixels > MOST_PIXELS:
        raise InputError(
            f"{path}: {n_pixels / 1e9:,.1f} billion pixels, more than the 1 billion that are read; crop it."
        )
    refuse_oversized(path, n_pixels * pixel_bytes)


def refuse_unrestorable(path: Path, picture: Picture) -> None:
    """Stop at pictures that are too small, empty of finite values, or the same everywhere."""
    _refuse_short_sides(path, picture.frames[0].shape[1:])
    planes = [_finite(channel) for frame in picture.frames for channel in frame]
    if all(plane.size == 0 for plane in planes):
        raise InputError(f"{path}: no value is finite, so there is nothing to restore; export it again.")
    if all(plane.size == 0 or plane.min() == plane.max() for plane in planes):
        raise InputError(f"{path}: has one value everywhere; there is nothing to restore.")


def _finite(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those of its values, and no copy where all are."""
    is_finite = np.isfinite(channel)
    return channel if is_finite.all() else channel[is_finite]


def _refuse_short_sides(path: Path, space: tuple[int, ...]) -> None:
    if min(space[-2:]) >= SHORTEST_SIDE:  # a volume may be of two planes: patches are compared in planes
        return
    sides = by(reversed(space))
    raise InputError(
        f"{path}: {sides} pixels, but every side needs at least {SHORTEST_SIDE}; use a larger picture."
    )
