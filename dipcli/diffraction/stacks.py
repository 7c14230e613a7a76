"""What frames are: a rocking curve, of which some may be missing or empty, or exposures of one pattern."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.io.names import missing_steps

LIT = 100  # photons of a frame: none in the next one are no chance
BRIGHT = 0.01  # share of the pixels by which exposures are known
ALIKE = (
    0.8  # of the brightest frame's light there, in each of several exposures; rocking curves fall at their ends
)

Counts = NDArray[np.float32]


def with_missing_frames(files: Sequence[Path], frames: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Frames (n, rows, columns) with empty ones where files are missing by their numbers, and which were there."""
    missing = missing_steps(files)
    places = np.repeat(np.arange(1, len(missing) + 1), missing)
    there = np.insert(np.ones(len(frames), bool), places, False)
    return np.insert(frames, places, 0, axis=0), there


def dropped_frames(light: NDArray[np.floating], photon: float) -> NDArray[np.bool_]:
    """Which frames, by the light in each, are empty between two that are not."""
    there = np.flatnonzero(light > 0)
    if not there.size:
        return np.zeros(len(light), bool)
    after = np.searchsorted(there, np.arange(len(light)))
    inside = (light == 0) & (after > 0) & (after < len(there))
    beside = [light[there[np.clip(after + side, 0, len(there) - 1)]] for side in (-1, 0)]
    return np.asarray(inside & (np.minimum(*beside) > LIT * photon))


def are_exposures(values: Counts, mask: NDArray[np.bool_]) -> bool:
    """Whether the frames of a stack, 0 off the mask, show one pattern: its bright pixels are so in all of them."""
    known = mask.all(0)
    mean = np.where(known, values.mean(0), 0)
    count = max(int(BRIGHT * known.sum()), 1)
    bright = mean >= np.partition(mean, -count, axis=None)[-count]
    light = values[:, bright & known].sum(1, dtype=np.float64)
    return bool(light.size > 1 and light.min() > ALIKE * light.max() > 0)
