"""A picture of a retrieved object: magnitude, phase, the measured pattern and the one that the object makes."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dipcli.io.atomic import write_atomically

SIDE = 256  # pixels of each panel, at least
GAP = 4
DECADES = 6.0

Real = NDArray[np.float32]
Colours = NDArray[np.uint8]


def save_object_preview(
    path: Path, image: NDArray[np.complex64], measured: Real, computed: Real, mask: NDArray[np.bool_]
) -> None:
    """Four panels in a row; of a volume three rows, cut through the middle across each axis.

    The phase is a hue, where there is magnitude. Patterns are logarithmic, bad pixels blue.
    """
    arrays = (image, measured, computed, mask)
    rows = (
        [_row(*(_cut(array, axis) for array in arrays)) for axis in range(3)]
        if image.ndim == 3
        else [_row(*arrays)]
    )
    height, width = sum(len(row) + GAP for row in rows) - GAP, max(row.shape[1] for row in rows)
    sheet = np.full((height, width, 3), 255, np.uint8)
    top = 0
    for row in rows:
        sheet[top : top + len(row), : row.shape[1]] = row
        top += len(row) + GAP
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())


def _cut(array: NDArray[np.generic], axis: int) -> NDArray[np.generic]:
    return np.asarray(array.take(array.shape[axis] // 2, axis))


def _row(
    image: NDArray[np.generic],
    measured: NDArray[np.generic],
    computed: NDArray[np.generic],
    mask: NDArray[np.generic],
) -> Colours:
    magnitude = np.abs(np.asarray(image, np.complex64))
    white = max(float(np.percentile(magnitude, 99.8)), 1e-30)
    level = np.clip(magnitude / white, 0, 1)
    highest = max(float(np.where(mask, measured, 0).max()), 1e-30)
    panels = [
        _gray(level),
        hues(np.angle(np.asarray(image, np.complex64)), np.clip(level * 2, 0, 1)),
        _hidden(_gray(_logarithmic(measured, highest)), mask),
        _gray(_logarithmic(computed, highest)),
    ]
    return _side_by_side([_enlarged(panel) for panel in panels])


def _logarithmic(values: NDArray[np.generic], highest: float) -> Real:
    share = np.clip(np.asarray(values, np.float32) / highest, 10**-DECADES, 1)
    return np.asarray(1 + np.log10(share) / DECADES, np.float32)


def _gray(level: NDArray[np.generic]) -> Colours:
    gray = (np.asarray(level, np.float32) * 255).round().astype(np.uint8)
    return np.stack([gray] * 3, -1)


def hues(angle: NDArray[np.generic], level: NDArray[np.generic]) -> Colours:
    """Angles as a colour circle of even brightness, dimmed by the level."""
    turns = np.asarray(angle, np.float32)[..., None] - 2 * np.pi / 3 * np.arange(3)
    return np.asarray((0.5 + 0.5 * np.cos(turns)) * np.asarray(level)[..., None] * 255, np.float32).astype(
        np.uint8
    )


def _hidden(panel: Colours, mask: NDArray[np.generic]) -> Colours:
    return np.where(np.asarray(mask, bool)[..., None], panel, np.array([40, 60, 160], np.uint8)).astype(np.uint8)


def _enlarged(panel: Colours) -> Colours:
    scale = SIDE / max(panel.shape[:2])
    size = (max(1, round(panel.shape[1] * scale)), max(1, round(panel.shape[0] * scale)))
    picture = Image.fromarray(panel).resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
    return np.asarray(picture)


def _side_by_side(panels: Sequence[Colours]) -> Colours:
    height = max(panel.shape[0] for panel in panels)
    parts = []
    for panel in panels:
        below = np.full((height - panel.shape[0], panel.shape[1], 3), 255, np.uint8)
        parts += [np.concatenate([panel, below]), np.full((height, GAP, 3), 255, np.uint8)]
    return np.concatenate(parts[:-1], 1)
