"""A part of a frame with all that is to be restored, and the statement for the frame from that for the part."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from dipcli.pipeline.statement import Restoration, Statement
from dipcli.pipeline.tiles import Tile
from dipcli.problem import Estimate

Window = tuple[slice, ...]  # (*space)

NEAR = 48  # pixels: the blocks in which groups of gaps are sought
MOST_GROUPS = 500
WORTHWHILE = 0.5  # of the window around all gaps: smaller ones have at most this many pixels of it together


def window_around(mask: Tensor, around: int) -> Window:
    """Where a mask (channels, *space) is False, and so many pixels around; the whole where it never is."""
    missing = (~mask).any(0).nonzero()
    if not len(missing):
        return whole_of(mask.shape[1:])
    spans = zip(missing.amin(0).tolist(), missing.amax(0).tolist(), mask.shape[1:], strict=True)
    return tuple(slice(max(0, low - around), min(side, high + 1 + around)) for low, high, side in spans)


def windows_of_groups(mask: Tensor, around: Callable[[Tensor], int]) -> list[Window]:
    """Windows that do not overlap, around the groups of places where a mask (channels, *space) is False.

    `around` says, for the mask of a group, how many pixels are looked at around it. None are returned where there
    is one group, or where they are not much smaller than the window around them all.
    """
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[mask.ndim - 2]
    blocks = pool((~mask).any(0)[None, None].float(), NEAR, ceil_mode=True)[0, 0] > 0
    labels, count = ndimage.label(blocks.cpu().numpy(), np.ones([3] * blocks.ndim))
    if not 1 < count <= MOST_GROUPS:
        return []
    windows = list[Window]()
    for found in ndimage.find_objects(labels):
        rough = tuple(slice(span.start * NEAR, span.stop * NEAR) for span in found)
        part = cut_window(mask, rough)
        tight = window_around(part, 0)
        margin = around(cut_window(part, tight))
        windows.append(
            tuple(
                slice(max(0, block.start + span.start - margin), min(side, block.start + span.stop + margin))
                for block, span, side in zip(rough, tight, mask.shape[1:], strict=True)
            )
        )
    windows, all_around = _merged(windows), window_around(mask, around(mask))
    is_worthwhile = sum(map(_size, windows)) <= WORTHWHILE * _size(all_around)
    return windows if len(windows) > 1 and is_worthwhile else []


def _merged(windows: list[Window]) -> list[Window]:
    """Two that overlap become one, until none do."""
    for one, other in itertools.combinations(windows, 2):
        if all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True)):
            both = tuple(
                slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
            )
            return _merged([both, *(window for window in windows if window not in (one, other))])
    return windows


def _size(window: Window) -> int:
    return math.prod(span.stop - span.start for span in window)


def whole_of(space: Sequence[int]) -> Window:
    """The window that is the frame."""
    return tuple(slice(0, side) for side in space)


def tile_of(window: Window) -> Tile:
    """The window as a part of its frame that shares nothing with others."""
    return Tile(tuple((span.start, span.stop) for span in window), ((0, 0),) * len(window))


def cut_window(image: Tensor, window: Window) -> Tensor:
    """The window of image (channels, *space); a view."""
    return image[(slice(None), *window)]


def stated_for_frame(statement: Statement, measurement: Tensor, window: Window) -> Statement:
    """The statement for measurement (channels, *space), from that for a window beyond which it stays as it is."""
    if window == whole_of(measurement.shape[1:]):
        return statement

    def paste(part: Tensor, whole: Tensor = measurement) -> Tensor:
        pasted = whole.clone()
        cut_window(pasted, window).copy_(part)
        return pasted

    def finish(estimate: Estimate) -> Restoration:
        restoration = statement.finished(estimate)
        return replace(restoration, picture=paste(restoration.picture))

    problem, (method, classical) = statement.problem, statement.classical
    if problem is not None:
        seen = problem.picture
        problem = replace(problem, picture=lambda estimate: paste(seen(estimate)))
    everywhere = torch.ones_like(measurement, dtype=torch.bool)
    return replace(
        statement,
        problem=problem,
        classical=(method, paste(classical)),
        unchanged=None if statement.unchanged is None else paste(statement.unchanged, everywhere),
        mask=None if statement.mask is None else paste(statement.mask, everywhere),
        finish=finish,
    )
