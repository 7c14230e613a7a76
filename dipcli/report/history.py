"""The history of a run: one row for each iteration, written as CSV."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.solve import Moment


@final
class History:
    """A watcher that keeps the terms and the score of every iteration.

    With `metric`, a function of a picture in dB, also that of the picture that would be returned at that
    iteration. Terms stay on the device until the end: a GPU is not kept waiting for them.
    """

    def __init__(self, metric: Callable[[Tensor], float] | None = None) -> None:
        self._metric = metric
        self._names: list[str] = []
        self._rows: list[tuple[int, int, float, float | None, float | None]] = []
        self._terms: list[Tensor] = []

    def __call__(self, moment: Moment) -> None:
        """Note one step."""
        step = moment.step
        self._names = list(step.terms)
        self._terms.append(torch.stack(list(step.terms.values())))
        value = self._metric(moment.returned()) if self._metric else None
        self._rows.append((moment.run, step.iteration, moment.seconds, moment.verdict.score, value))

    @classmethod
    def of(cls, parts: Sequence["History"]) -> "History":
        """One history of the parts of a frame, one after the other; runs are counted on."""
        whole = cls(parts[0]._metric)
        for part in parts:
            before = max((row[0] for row in whole._rows), default=0)
            whole._rows += [(before + row[0], row[1], row[2], row[3], row[4]) for row in part._rows]
            whole._terms += part._terms
            whole._names = part._names or whole._names
        return whole

    def state(self) -> dict[str, Any]:
        """For `load_state`, as long as no further step is noted."""
        return {"names": self._names, "rows": self._rows, "terms": torch.stack(self._terms)}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""
        self._names, self._rows, self._terms = (list(state[name]) for name in ("names", "rows", "terms"))

    def curves(self) -> dict[str, NDArray[np.float64]]:
        """Of every step run, iteration, loss, variance and psnr_db, NaN where there is none; {} for no steps."""
        if not self._rows:
            return {}
        columns = np.array([[np.nan if value is None else value for value in row] for row in self._rows], float)
        named = dict(zip(("run", "iteration", "seconds", "variance", "psnr_db"), columns.T, strict=True))
        return {**named, "loss": torch.stack(self._terms).sum(1).double().cpu().numpy()}

    def csv(self, frame: int = 0) -> bytes:
        """The rows of one frame of a stack, counted from 0; the first one has the header.

        Columns frame, run, iteration, seconds, each term, score, and psnr_db where there is a metric."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        tail = ["psnr_db"] if self._metric else []
        if frame == 0:
            writer.writerow(["frame", "run", "iteration", "seconds", *self._names, "score", *tail])
        terms = torch.stack(self._terms).cpu().tolist() if self._terms else []
        for (run, iteration, seconds, score, value), values in zip(self._rows, terms, strict=True):
            last = [f"{value:.3f}"] if value is not None else []
            shown = "" if score is None else f"{score:.6g}"
            writer.writerow(
                [frame + 1, run, iteration, f"{seconds:.3f}", *(f"{v:.6g}" for v in values), shown, *last]
            )
        return text.getvalue().encode()
