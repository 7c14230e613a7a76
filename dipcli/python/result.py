"""What a function returns: arrays, and how they came about."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dipcli.report.endings import outcome
from dipcli.report.figures import Panel
from dipcli.report.thumbnails import picture_of

SHOWN = 480  # pixels of the longer side of each of the pictures that a notebook shows
GAP = 8  # between them


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A restored array, in the unit and the type of the input.

    image: what is returned; of `reconstruct` (slices, height, width), of `phase_retrieve` complex.
    classical: the estimate without a network. spread: the standard deviation over runs, where there are several.
    ending: why the fit ended, or that there was none ("classical"). history: columns of all iterations.
    record: all that was decided, as NAME.run.json has it. objects: what was found beside (a kernel, a support).
    """

    image: NDArray[Any]
    classical: NDArray[Any]
    spread: NDArray[Any] | None
    ending: str
    history: Mapping[str, NDArray[np.float64]]
    record: Mapping[str, Any]
    objects: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    panels: Sequence[Panel] = ()

    def __repr__(self) -> str:
        warned = f", {len(self.record['warnings'])} warning(s)" if self.record["warnings"] else ""
        return f"<Result {self.image.shape} {self.image.dtype}: {outcome(self.record)}{warned}>"

    def _repr_png_(self) -> bytes | None:
        """Input and result side by side, for notebooks; None of a signal."""
        roles = {panel.role: panel for panel in self.panels}
        if not {"before", "after"} <= roles.keys():
            return None
        height, width = roles["after"].values.shape[:2]
        scale = SHOWN / max(height, width)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        sheet = Image.new("RGB", (2 * size[0] + GAP, size[1]), "white")
        sheet.paste(picture_of(roles["before"], size), (0, 0))
        sheet.paste(picture_of(roles["after"], size), (size[0] + GAP, 0))
        buffer = io.BytesIO()
        sheet.save(buffer, "PNG")
        return buffer.getvalue()
