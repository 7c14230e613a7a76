"""A part of a frame with all that is to be restored, and the statement for the frame from that for the part."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dipcli.pipeline.statement import Restoration, Statement
from dipcli.problem import Estimate

Window = tuple[slice, ...]  # (*space)


def window_around(mask: Tensor, around: int) -> Window:
    """Where a mask (channels, *space) is False, and so many pixels around; the whole where it never is."""
    missing = (~mask).any(0).nonzero()
    if not len(missing):
        return whole_of(mask.shape[1:])
    spans = zip(missing.amin(0).tolist(), missing.amax(0).tolist(), mask.shape[1:], strict=True)
    return tuple(slice(max(0, low - around), min(side, high + 1 + around)) for low, high, side in spans)


def whole_of(space: Sequence[int]) -> Window:
    """The window that is the frame."""
    return tuple(slice(0, side) for side in space)


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
