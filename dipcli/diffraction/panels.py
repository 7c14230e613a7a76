"""What a report shows of an object: magnitude, phase, and the pattern as measured and as computed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.diffraction.pattern import Recording
from dipcli.diffraction.preview import hues
from dipcli.pipeline.statement import Fitted
from dipcli.report.figures import Panel

WHITE = 99.8  # percentile of the magnitude that is shown as white
FAINT = 0.1  # share of the magnitude's white below which no phase is shown
DECADES = 6.0  # of a pattern

Array = NDArray[Any]


def panels_of(source: Recording, fitted: Fitted) -> Sequence[Panel]:
    """The panels of one object, cut through the middle of its first axis where it is a volume."""
    objects = {name: tensor.detach().cpu().numpy() for name, tensor in fitted.restoration.objects.items()}
    total = float(source.intensity[source.mask].sum())
    measured = np.where(_plane(source.mask), _plane(source.intensity), np.nan)
    computed = _plane(objects["computed"][0]) * total
    image, classical = _plane(objects["object"][0]), _plane(objects["classical"][0])
    white = max(float(np.percentile(np.abs(image), WHITE)), 1e-30)
    phase = hues(np.angle(image), (np.abs(image) > FAINT * white).astype(np.float32)) / 255
    highest = np.log10(max(float(np.nanmax(measured, initial=1.0)), 1.0))
    counts = (highest - DECADES, highest)
    return (
        Panel("magnitude, classical", np.abs(classical), (0.0, white), pixel_nm=source.pixel_nm),
        Panel("magnitude, result", np.abs(image), (0.0, white), pixel_nm=source.pixel_nm, role="after"),
        Panel("phase, black where there is nothing", phase, wheel=_wheel(), pixel_nm=source.pixel_nm),
        Panel("spread of starts", _plane(objects["spread"][0]), (0.0, white), "magma", has_scale=True),
        replace(_of_pattern("measured, decades", measured, counts), role="before"),
        _of_pattern("computed, decades", computed, counts),
    )


def _wheel() -> Array:
    """The colours of all phases, by their angles: 0 is on the right, pi / 2 above."""
    axis = np.linspace(-1, 1, 61)
    radius = np.hypot(axis[:, None], axis)
    ring = ((radius < 1) & (radius > 0.45)).astype(np.float32)
    return np.asarray(hues(np.arctan2(-axis[:, None], axis), ring))


def _plane(array: Array) -> Array:
    return array[array.shape[0] // 2] if array.ndim == 3 else array


def _of_pattern(title: str, counts: Array, limits: tuple[float, float]) -> Panel:
    decades = np.log10(np.maximum(counts, 10.0 ** limits[0]))
    return Panel(title, decades, limits, "viridis", has_detail=False, has_scale=True)
