"""The parts of a blurred frame that say most about its kernel: where there are edges, and nothing is clipped."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.blur.blurred_frame import BlurredFrame
from dipcli.errors import OptionError
from dipcli.grid import slopes

Part = tuple[slice, slice]

SMALLEST_PART, SMALL_PART = 32, 256
STRIDE = 8
BORDER = 4  # pixels at the border of a frame, where scans and exports have lines that nothing has blurred
STEEPEST = 0.13  # slopes, in the contrast: one bright line does not make a part worth looking at
TAIL, SPARSE = 0.005, 0.25  # beyond which contrast is not looked at, unless it is so much less than all of it
MOST_LOOKED_AT = 1_000_000  # values


def most_edges(blurred: BlurredFrame, side: int, avoid: Sequence[Part] = ()) -> Part:
    """The square, as far as there is room, with most edges and least that is clipped, outside of others."""
    height, width = blurred.frame.shape[1:]
    sides = (min(side, height), min(side, width))
    gray = blurred.frame.mean(0)
    steepness = slopes(gray[None]).square().sum((0, 1))
    most = (STEEPEST * contrast_of(gray, blurred.mask)) ** 2
    worth = torch.where(blurred.mask, steepness.clamp(max=most), -most)
    worth[:BORDER], worth[-BORDER:], worth[:, :BORDER], worth[:, -BORDER:] = (-most,) * 4
    for rows, columns in avoid:
        worth[rows, columns] = -most
    sums = _sums(worth, sides)[::STRIDE, ::STRIDE]
    top, left = (STRIDE * int(at) for at in divmod(int(sums.argmax()), sums.shape[1]))
    return slice(top, top + sides[0]), slice(left, left + sides[1])


def other_parts(blurred: BlurredFrame, first: Part, most: int) -> list[Part]:
    """Up to so many further parts of a large picture, with most edges; smaller ones where there is little room."""
    side, count = sides_of_others(blurred.mask.numel(), first[0].stop - first[0].start, most)
    places = [first]
    for _ in range(count):
        places.append(most_edges(blurred, side, places))
    return places[1:]


def sides_of_others(n_pixels: int, side: int, most: int) -> tuple[int, int]:
    """The side of such parts, where the first one has the given side, and how many there are."""
    side = side if n_pixels > (most + 1) * side**2 else min(side, SMALL_PART)
    return side, min(most, n_pixels // side**2 - 1)


def given_part(part: Part, height: int, width: int) -> Part:
    """The same rectangle. Raises OptionError where it is not in the frame, or too small."""
    rows, columns = part
    shortest = min(rows.stop - rows.start, columns.stop - columns.start)
    if rows.stop > height or columns.stop > width or shortest < SMALLEST_PART:
        raise OptionError(f"--crop is no part of {width}x{height}, of sides of at least {SMALLEST_PART}.")
    return rows, columns


def contrast_of(gray: Tensor, mask: Tensor) -> float:
    """The range of nearly all values (height, width), a few clipped lights apart."""
    some = gray.flatten()[:: 1 + gray.numel() // MOST_LOOKED_AT]
    low, high = (float(some.quantile(at)) for at in (TAIL, 1 - TAIL))
    believed = gray[mask] if bool(mask.any()) else gray
    return max(high - low, SPARSE * float(believed.max() - believed.min()))


def _sums(values: Tensor, sides: tuple[int, int]) -> Tensor:
    """Of all rectangles of these sides of values (height, width)."""
    table = functional.pad(values.double(), (1, 0, 1, 0)).cumsum(0).cumsum(1)
    rows = table[sides[0] :] - table[: -sides[0]]
    return rows[:, sides[1] :] - rows[:, : -sides[1]]
