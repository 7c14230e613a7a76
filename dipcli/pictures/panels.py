"""What a report shows of a picture: input, classical estimate, result, truth, and what is still wrong."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli.pictures.files.picture import FileEncoding
from dipcli.pipeline.statement import Fitted
from dipcli.report.figures import Panel

ERRORS = 5.0  # times brighter are errors and spread shown
STRETCH = (0.5, 99.5)  # percent of the input's values that are shown as black and white, where full scale is not

Array = NDArray[np.float32]


def panels_of(
    measurement: Tensor, fitted: Fitted, truth: Tensor | None, encoding: FileEncoding
) -> Sequence[Panel]:
    """The panels of a frame (channels, *space) in [0, 1]; none of a signal, the middle plane of a volume."""
    if measurement.ndim < 3:
        return ()
    seen = _plane(measurement)
    limits, said = _limits(seen, encoding)
    named = {"input": seen}
    if fitted.result is not None:
        named[f"classical: {fitted.statement.classical[0]}"] = _plane(fitted.statement.classical[1])
    result = _plane(fitted.picture)
    named["result" if fitted.result is not None else f"result: {fitted.statement.classical[0]}"] = result
    width_nm = (encoding.metadata.pixel_nm or 0) * seen.shape[1]
    panels = [
        Panel(name, values, limits, pixel_nm=width_nm / values.shape[1] or None) for name, values in named.items()
    ]
    panels[0] = replace(panels[0], title=f"input{said}", role="before")
    panels[-1] = replace(panels[-1], role="after")
    span = limits[1] - limits[0]
    if truth is not None:
        true = _plane(truth)
        wrong = _mean(np.abs(result - true))
        panels += [
            Panel("truth", true, limits),
            Panel(f"|error| x {ERRORS:g}", wrong, (0, span / ERRORS), "magma"),
        ]
    if fitted.spread is not None:
        panels.append(
            Panel(f"spread of runs x {ERRORS:g}", _mean(_plane(fitted.spread)), (0, span / ERRORS), "magma")
        )
    for name, found in fitted.restoration.objects.items():
        values = found.detach().cpu().numpy()
        if values.ndim == 2:
            panels.append(
                Panel(name, values, (0.0, float(values.max())), "magma", has_detail=False, has_scale=True)
            )
    return panels


def _plane(frame: Tensor) -> Array:
    """The middle plane as (height, width), or (height, width, 3) where it has colours."""
    values: Array = frame.detach().cpu().numpy()
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    return np.moveaxis(values, 0, -1) if len(values) == 3 else values[0]


def _mean(values: Array) -> Array:
    return values if values.ndim == 2 else np.asarray(values.mean(-1), np.float32)


def _limits(seen: Array, encoding: FileEncoding) -> tuple[tuple[float, float], str]:
    """Black and white: those of 8 bits, or most of the values; and what is said of it."""
    if encoding.dtype == "uint8":
        span = encoding.high - encoding.low
        return (-encoding.low / span, (255 - encoding.low) / span), ""
    low, high = np.nanpercentile(seen, STRETCH)
    return (
        float(low),
        float(max(high, low + 1e-6)),
    ), f" (shown: {STRETCH[0]:g} to {STRETCH[1]:g} % of its values)"
