"""What a report shows of a slice: before, classical, result, and maps of error and spread with their scales."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from dipcli.pipeline.statement import Fitted
from dipcli.report.figures import Panel

WHITE = 99.8  # percentile of the result that is shown as white
ERRORS = 5.0  # times brighter is the error shown


def panels_of(fitted: Fitted, truth: Tensor | None, before: str) -> Sequence[Panel]:
    """The panels of one slice, whose pictures are (1, height, width), 0 black; `before` is the simplest method."""
    statement, result = fitted.statement, fitted.picture[0].cpu().numpy()
    white = max(float(np.percentile(result, WHITE)), 1e-30)
    named = {name: picture[0].cpu().numpy() for name, picture in statement.beside.items() if name == before}
    if fitted.result is not None:
        named[f"classical: {statement.classical[0]}"] = statement.classical[1][0].cpu().numpy()
    named["result" if fitted.result is not None else f"result: {statement.classical[0]}"] = result
    panels = [Panel(name, picture, (0.0, white)) for name, picture in named.items()]
    panels[0] = replace(panels[0], role="before")
    panels[-1] = replace(panels[-1], role="after")
    if truth is not None:
        true = truth[0].cpu().numpy()
        wrong = np.abs(result - true)
        panels.append(Panel("truth", true, (0.0, white)))
        panels.append(Panel(f"|error| x {ERRORS:g}", wrong, (0.0, white / ERRORS), "magma", has_scale=True))
    if fitted.spread is not None:
        spread = fitted.spread[0].cpu().numpy()
        highest = max(float(spread.max()), 1e-30)
        panels.append(Panel("spread of runs", spread, (0.0, highest), "magma", has_detail=False, has_scale=True))
    return panels
