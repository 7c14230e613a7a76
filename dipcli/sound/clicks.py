"""Clicks: single samples, or a few, that no sound around them explains."""

import math

import numpy as np
from numpy.typing import NDArray

from dipcli.io.scratch import energy, pieces, scratch_array

ORDER = 24  # of the linear prediction from both sides
BEYOND = 5.0  # times the hundredth part of a block that prediction fails most at: a voice has pulses, too
LONGEST_SECONDS = 0.002
LEAST = 1.0  # times what the whole recording has on average
MOST = 0.005  # share of the samples: what is more often so is no click
BLOCK_SECONDS = 0.2
ROOM = 3  # samples beside a click that are mended with it
CONTEXT, REFINED = 256, 2  # samples on both sides that foretell these, and rounds


def mend_clicks(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], int]:
    """Samples (time) with clicks filled in by linear prediction, and how many there were."""
    size = max(int(BLOCK_SECONDS * rate), 8 * ORDER)
    is_click = np.zeros(len(samples), bool)
    least = LEAST * math.sqrt(energy(samples))
    for first in range(0, len(samples), size):
        part = samples[first : first + size].astype(np.float64)
        is_click[first : first + size] = _unexplained(part, least)
    if is_click.mean() > MOST:
        return samples, 0
    mended, count = scratch_array(samples.shape), 0
    for piece in pieces(len(samples)):
        mended[piece] = samples[piece]
    for begin, end in _runs(is_click):
        if end - begin > max(LONGEST_SECONDS * rate, 4):
            continue
        left, right = max(begin - ROOM, 0), min(end + ROOM, len(samples))
        if left == 0 or right == len(samples):
            continue
        begin, end = max(left - CONTEXT, 0), min(right + CONTEXT, len(samples))
        around = mended[begin:end].astype(np.float64)
        mended[left:right] = _predicted(around, left - begin, right - begin)
        count += 1
    return mended, count


def _predicted(part: NDArray[np.float64], left: int, right: int) -> NDArray[np.float64]:
    """The samples from left to right that linear prediction fails least at, from those on both sides.

    Source: Janssen, Veldhuis and Vries, Adaptive interpolation of discrete-time signals that can be modeled as
    autoregressive processes, 1986, doi 10.1109/TASSP.1986.1164824.
    """
    found = part.copy()
    found[left:right] = np.linspace(part[left - 1], part[right], right - left + 2)[1:-1]
    if len(part) < 4 * ORDER:
        return found[left:right]
    for _ in range(REFINED):
        foretold = _prediction(found)[::-1]
        errors = np.zeros((len(part) - ORDER, len(part)))
        for row in range(len(errors)):
            errors[row, row : row + ORDER + 1] = foretold
        known = found.copy()
        known[left:right] = 0
        found[left:right] = np.linalg.lstsq(errors[:, left:right], -errors @ known, rcond=None)[0]
    return found[left:right]


def _prediction(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """The filter (1, -weights) that leaves of samples what those before them do not foretell."""
    spectrum = np.abs(np.fft.rfft(part, 2 * len(part))) ** 2
    correlation = np.fft.irfft(spectrum)[: ORDER + 1]
    correlation[0] *= 1 + 1e-6
    matrix = correlation[np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))]
    weights = np.linalg.lstsq(matrix, correlation[1:], rcond=None)[0]
    return np.concatenate([[1.0], -weights])


def _unexplained(part: NDArray[np.float64], least: float) -> NDArray[np.bool_]:
    """Where linear prediction from both sides fails far more than it usually does."""
    if len(part) < 4 * ORDER or not part.any():
        return np.zeros(len(part), bool)
    filtered = _prediction(part)
    sides = [np.convolve(each, filtered)[: len(part)] for each in (part, part[::-1])]
    left = np.minimum(np.abs(sides[0]), np.abs(sides[1][::-1]))  # from before, and from behind
    return np.asarray(left > max(BEYOND * float(np.quantile(left, 0.99)), least))


def _runs(marks: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of each run, those that lie near together as one."""
    at = np.flatnonzero(marks)
    if not len(at):
        return []
    cuts = np.flatnonzero(np.diff(at) > 2 * ROOM)
    begins, ends = np.concatenate([[0], cuts + 1]), np.concatenate([cuts, [len(at) - 1]])
    return [(int(at[b]), int(at[e]) + 1) for b, e in zip(begins, ends, strict=True)]
