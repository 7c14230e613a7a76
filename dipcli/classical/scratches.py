"""Scratches and dust: thin strokes and specks that are brighter or darker than what lies on both sides of them."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

N_ANGLES = 16
LENGTH, PIECE = 17, 7  # pixels along which a stroke is straight, and of each piece of it that must stand out
REACHES = (2, 3, 5)  # pixels from the middle of a stroke to what lies beside it: half of the widest is 4
EVEN, STEADY = 0.6, 0.35  # of the contrast: by which both sides may differ, and which every piece must have
LEAST, TIMES = 0.04, 2.0  # contrast of a stroke: of the range, and over that of all that is thin around it
SHORTEST = 20  # pixels of a stroke
AROUND = 41  # pixels of the surroundings
# How sure a stroke is, a logit: by the logarithms of its contrast over that around it, its length and width,
# by how much its sides differ, how colourful and uneven it is. Fitted to strokes drawn into eight pictures, and
# to what is thin in these (tests.bench scratches --set tuning).
WEIGHTS, OFFSET = (1.5, 1.1, -0.7, -23.6, -14.0, -37.0), -3.3
GRAY = 0.1  # that gray pictures have for how colourful a stroke is, for there it says nothing
SURE, LIKELY = 1.35, 0.5  # scratches come in company: beside a sure one, likely ones of its colour are believed
ALIKE = 0.1  # by which colours may differ
CORE = 0.6  # of a stroke's pixels are not its core
SPECK = 5  # radius of the largest speck
SPECK_LEAST, SPECK_TIMES = 0.12, 12.0
EDGE = 0.4  # of the contrast, from which a pixel belongs to it

Marked = NDArray[np.bool_]
Values = NDArray[np.float32]


def find_scratches(picture: Tensor) -> Tensor:
    """True on scratches and dust of picture (channels, height, width) in [0, 1], (height, width).

    A stroke is a ridge: along a straight piece it exceeds both sides, which are alike, in each of its parts.
    Whether it is a scratch follows from how much it exceeds what else is thin around it, how alike the sides are,
    and its length. A speck is small and exceeds all that is around it; it counts only beside scratches. Thin
    things that belong to the picture (wires, whiskers) may be marked too. NaN is none.
    """
    values = torch.nan_to_num(picture.float(), nan=float(torch.nanmedian(picture))).cpu()
    found = np.zeros(values.shape[1:], bool)
    if min(found.shape) > LENGTH:
        for sign in (1.0, -1.0):
            found |= _bright(sign * values)
    return torch.from_numpy(found)


def _bright(picture: Tensor) -> Marked:
    """Of one that is darker around: sure strokes, likely ones of their colour, and specks."""
    gray = picture.mean(0)
    ridges = _ridges(gray)
    usual = ndimage.uniform_filter(np.minimum(ridges.contrast, 2 * LEAST), AROUND, mode="reflect")
    values = gray.numpy()
    strokes = _scratches(ridges, usual, picture.numpy())
    excess = values - ndimage.grey_opening(values, (2 * SPECK + 1,) * 2)
    near = ndimage.maximum_filter(np.where(strokes, ridges.contrast, 0), 2 * max(REACHES) - 1)
    marked = ndimage.binary_propagation(strokes, mask=strokes | ((near > 0) & (excess > EDGE * near)))
    if strokes.any():
        marked |= _specks(excess, usual)
    return np.asarray(ndimage.binary_dilation(marked))


class _Ridges(NamedTuple):
    """Of the best stroke through each pixel, its contrast, 0 for none, and how much its sides differ."""

    contrast: Values
    unevenness: Values  # of the contrast


def _ridges(gray: Tensor) -> _Ridges:
    best, uneven = torch.zeros_like(gray), torch.zeros_like(gray)
    for whole, piece, along in _smeared(gray):
        across = (along[1], -along[0])
        for reach in REACHES:
            one, other = (_shifted(whole, across, side * reach) for side in (1, -1))
            contrast = whole - torch.maximum(one, other)
            part = piece - torch.maximum(*(_shifted(piece, across, side * reach) for side in (1, -1)))
            step = (LENGTH - PIECE) / 2
            parts = torch.minimum(_shifted(part, along, step), _shifted(part, along, -step)).minimum(part)
            difference = (one - other).abs()
            is_better = (difference < EVEN * contrast) & (parts > STEADY * contrast) & (contrast > best)
            best = torch.where(is_better, contrast, best)
            uneven = torch.where(is_better, difference / contrast, uneven)
    return _Ridges(best.numpy(), uneven.numpy())


def _scratches(ridges: _Ridges, usual: Values, picture: Values) -> Marked:
    """The ridges that are scratches."""
    contrast = ridges.contrast
    labels, count = ndimage.label(contrast > np.maximum(LEAST, TIMES * usual), np.ones((3, 3)))
    is_gray = bool((picture == picture[:1]).all())
    strokes = []
    for number, place in enumerate(ndimage.find_objects(labels, count), 1):
        length = math.hypot(*(part.stop - part.start for part in place))
        if length >= SHORTEST:
            at = labels[place] == number
            ratio = float(np.mean(contrast[place][at] / np.maximum(usual[place][at], 1e-3)))
            unevenness = float(ridges.unevenness[place][at].mean())
            strokes.append(_stroke(number, length, ratio, unevenness, picture[:, *place][:, at], is_gray=is_gray))
    sure = [stroke.colour for stroke in strokes if stroke.sureness > SURE]
    kept = [
        stroke.number
        for stroke in strokes
        if stroke.sureness > LIKELY and any(np.abs(colour - stroke.colour).max() < ALIKE for colour in sure)
    ]
    return np.isin(labels, kept)


class _Stroke(NamedTuple):
    """A ridge that may be a scratch, how sure it is, and the colour of its core."""

    number: int
    sureness: float
    colour: Values


def _stroke(
    number: int, length: float, ratio: float, unevenness: float, pixels: Values, *, is_gray: bool
) -> _Stroke:
    """That of some length, contrast over what is usual, unevenness of its sides, and pixels (channels, n)."""
    brightness = pixels.mean(0)
    core = brightness >= np.quantile(brightness, CORE)
    colour = pixels[:, core].mean(1)
    colourfulness = GRAY if is_gray else float(np.ptp(colour))
    width = pixels.shape[1] / length
    facts = (
        math.log(ratio),
        math.log(length),
        math.log(width),
        unevenness,
        colourfulness,
        float(brightness[core].std()),
    )
    return _Stroke(number, OFFSET + sum(w * fact for w, fact in zip(WEIGHTS, facts, strict=True)), colour)


def _specks(excess: Values, usual: Values) -> Marked:
    """Small and roundish places that stand out from all around them."""
    around = ndimage.uniform_filter(np.minimum(excess, SPECK_LEAST), AROUND, mode="reflect")
    labels, count = ndimage.label(excess > np.maximum(SPECK_LEAST, SPECK_TIMES * np.maximum(around, usual)))
    if not count:
        return np.zeros(excess.shape, bool)
    numbers = np.arange(1, count + 1)
    sizes = ndimage.sum_labels(np.ones_like(excess), labels, numbers)
    sides = np.asarray([max(p.stop - p.start for p in place) for place in ndimage.find_objects(labels)])
    is_speck = (sizes >= 4) & (sides <= 2 * SPECK) & (sizes >= sides * sides / 2.5)
    peak = ndimage.maximum_filter(np.where(np.isin(labels, numbers[is_speck]), excess, 0), 2 * SPECK + 1)
    return np.asarray((peak > 0) & (excess > EDGE * peak))


def _smeared(gray: Tensor) -> Iterator[tuple[Tensor, Tensor, tuple[float, float]]]:
    """For each direction the means over straight pieces through each pixel, a long and a short one."""
    for index in range(N_ANGLES):
        along = (math.sin(math.pi * index / N_ANGLES), math.cos(math.pi * index / N_ANGLES))
        yield _mean_along(gray, along, LENGTH), _mean_along(gray, along, PIECE), along


def _mean_along(gray: Tensor, along: tuple[float, float], length: int) -> Tensor:
    half = length // 2
    kernel = torch.zeros(2 * half + 3, 2 * half + 3)
    for step in np.linspace(-half, half, 4 * half + 1):  # each adds 1 at a place between pixels
        row, column = half + 1 + step * along[0], half + 1 + step * along[1]
        top, left = math.floor(row), math.floor(column)
        down, right = row - top, column - left
        corner = torch.tensor([[1 - down], [down]]) * torch.tensor([[1 - right, right]])
        kernel[top : top + 2, left : left + 2] += corner[: 2 * half + 3 - top, : 2 * half + 3 - left]
    padded = functional.pad(gray[None, None], (half + 1,) * 4, mode="reflect")
    return functional.conv2d(padded, (kernel / kernel.sum())[None, None])[0, 0]


def _shifted(values: Tensor, direction: tuple[float, float], distance: float) -> Tensor:
    """The values so far away, in whole pixels, in a direction; what comes in at the border is what lies there."""
    down, right = (round(distance * part) for part in direction)
    rows = torch.arange(values.shape[0]).add(down).clamp(0, values.shape[0] - 1)
    columns = torch.arange(values.shape[1]).add(right).clamp(0, values.shape[1] - 1)
    return values[rows][:, columns]
