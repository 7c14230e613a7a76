"""Files of series: how they are read, scored and written."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.io.atomic import write_atomically
from dipcli.options.engine import EngineOptions
from dipcli.options.resolved import every_field
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control, Medium
from dipcli.pipeline.statement import Fitted, Restoration, Statement
from dipcli.series.smoothing import restore_columns
from dipcli.series.tables import Table, encode_table, load_table

OWN = {
    "strength",
    *every_field(EngineOptions()),
}  # those of networks have none to be of
SECONDS, BYTES = 4e-5, 400.0  # of each value


class SeriesFiles(Medium[Table, NDArray[np.float64]]):
    """CSV files; the one frame is all columns of numbers, (columns, rows), NaN in gaps."""

    holds_stacks = False
    advice = "cut it into parts"

    def __init__(self, strength: float = 1.0, *, given: Sequence[str] = ()) -> None:
        """`given` are the names of all options that were asked for."""
        self._strength = strength
        self._strange = [name for name in given if name not in OWN]

    def load(self, item: Item) -> Table:
        """The table, if its output can hold it."""
        if self._strange:
            flag = self._strange[0].replace("_", "-")
            raise OptionError(f"{item.input}: --{flag} is for pictures; tables take --strength.")
        if item.output.suffix.lower() != ".csv":
            raise OptionError(f"{item.output}: a table is written as CSV; end the name in .csv.")
        return load_table(item.input)

    def references(self, item: Item, source: Table, path: Path | None) -> Sequence[Tensor | None]:  # noqa: ARG002
        """The true columns."""
        if path is None:
            return [None]
        truth = load_table(path)
        if truth.values.shape != source.values.shape:
            raise OptionError(f"{path}: the reference has another number of rows or of columns of numbers.")
        return [torch.from_numpy(truth.values)]

    def frames(self, source: Table, device: torch.device) -> Iterable[NDArray[np.float64]]:  # noqa: ARG002
        """The columns."""
        yield source.values

    def workload(self, measurement: NDArray[np.float64]) -> Workload:
        """Of its size."""
        return Workload(
            measurement.shape, EngineOptions(), {}, SECONDS * measurement.size, BYTES * measurement.size
        )

    def state(self, source: Table, measurement: NDArray[np.float64], control: Control) -> Statement:  # noqa: ARG002
        """What the columns were; nothing is fitted by a network."""
        found, doubt, sigmas = restore_columns(measurement)
        gaps = np.isnan(measurement)
        found = np.where(gaps, found, measurement + self._strength * (found - measurement))
        names = [source.header[index] for index in source.numeric]
        decisions = {
            "noise": ", ".join(f"{name} σ ≈ {sigma:.3g}" for name, sigma in zip(names, sigmas, strict=True)),
            "gaps": f"{int(gaps.sum())} of {gaps.size} values were filled in",
            "network": "not fitted: of series, none was tried",
        }
        picture, spread = torch.from_numpy(found), torch.from_numpy(doubt)
        return Statement(
            None,
            EngineOptions(),
            ("smoothing splines", picture),
            {"strength": self._strength},
            decisions,
            finish=lambda _: Restoration(picture, {"sd": spread}),
        )

    def score(
        self,
        source: Table,  # noqa: ARG002
        measurement: NDArray[np.float64],
        fitted: Fitted,
        truth: Tensor,
    ) -> Mapping[str, float]:
        """The ratio of the truth's variance to the error's, in dB; the input's gaps do not count."""
        known = truth.numpy()
        return {"snr_db": _ratio_db(fitted.picture.numpy(), known), "input_snr_db": _ratio_db(measurement, known)}

    def write(self, item: Item, source: Table, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:  # noqa: ARG002
        """The table with other numbers; beside it each one's deviation, and 1 where it was filled in."""
        arrays = self.arrays(source, frames)
        names = [source.header[index] for index in source.numeric]
        write_atomically(item.output, encode_table(source, list(arrays["image"])))
        side = item.beside("sd.csv")
        columns = [*arrays["sd"], *np.isnan(source.values).astype(float)]
        heads = [*(f"{name}_sd" for name in names), *(f"{name}_filled" for name in names)]
        write_atomically(side, encode_table(source, columns, heads))
        return {"table": item.output, "sd": side}

    def arrays(self, source: Table, frames: Sequence[Fitted]) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Columns (columns, rows), and their standard deviations."""
        found = frames[0].picture.numpy()
        return {"image": found, "classical": found, "sd": frames[0].restoration.objects["sd"].numpy()}


def _ratio_db(values: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    errors = np.nanmean((values - truth) ** 2, axis=1)
    return float(np.mean(10 * np.log10(np.maximum(np.nanvar(truth, axis=1), 1e-300) / np.maximum(errors, 1e-300))))
