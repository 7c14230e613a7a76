"""What fields have in common whose files are stacks of slices, each reconstructed by several methods."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.io.names import beside
from dipcli.io.volumes import save_preview
from dipcli.metrics import peak_psnr_db
from dipcli.pipeline.medium import MeasurementT, Medium, SourceFile
from dipcli.pipeline.slice_panels import panels_of
from dipcli.pipeline.slices import scores_by_method, slices_by_method
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.report.figures import Panel

LAST = ("classical", "")  # in the preview, after all others: ours


class SlicedFile(SourceFile, Protocol):
    """A file of slices."""

    @property
    def slices(self) -> tuple[int, ...]:
        """Their numbers in the file."""


SlicedT = TypeVar("SlicedT", bound=SlicedFile)


class SliceMedium(Medium[SlicedT, MeasurementT]):
    """A frame is one slice; `simplest` names the method that comes first in what is shown."""

    simplest: str

    def metric(self, source: SlicedT, statement: Statement, truth: Tensor) -> Callable[[Tensor], float]:  # noqa: ARG002
        """The PSNR by the truth's own peak, as fastMRI has it."""
        return partial(peak_psnr_db, reference=truth.to(statement.classical[1].device))

    def score(
        self,
        source: SlicedT,  # noqa: ARG002
        measurement: MeasurementT,  # noqa: ARG002
        fitted: Fitted,
        truth: Tensor,
    ) -> Mapping[str, float]:
        """Of the methods that this slice has; none for an empty one."""
        if not fitted.statement.beside:
            return {}
        return scores_by_method(slices_by_method([fitted]), truth.to(fitted.picture.device))

    def score_all(self, frames: Sequence[Fitted], truths: Sequence[Tensor]) -> Mapping[str, float] | None:
        """Over the whole volume, as fastMRI has it."""
        return scores_by_method(slices_by_method(frames), torch.cat(list(truths)).to(frames[0].picture.device))

    def name(self, source: SlicedT, index: int) -> str:
        """By its number in the file."""
        return f"slice {source.slices[index]}"

    def panels(
        self,
        source: SlicedT,  # noqa: ARG002
        measurement: MeasurementT,  # noqa: ARG002
        fitted: Fitted,
        truth: Tensor | None,
    ) -> Sequence[Panel]:
        """The simplest method, classical, result, and where the truth is known, what is wrong."""
        return panels_of(fitted, truth, self.simplest)

    def arrays(self, source: SlicedT, frames: Sequence[Fitted]) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Slices (slices, height, width), those of the classical method, and what was asked for."""
        pictures = arrays_by_method(frames)
        named = {"image": pictures[""], "classical": pictures["classical"]}
        return {**named, **self.objects(frames, pictures)}

    def objects(self, frames: Sequence[Fitted], pictures: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:  # noqa: ARG002
        """What is returned beside the slices; here their spread, where all of them have one."""
        spreads = [frame.spread for frame in frames if frame.spread is not None]
        return {"spread": torch.cat(spreads).cpu().numpy()} if len(spreads) == len(frames) else {}

    def save_preview(self, output: Path, pictures: Mapping[str, NDArray[Any]]) -> Path:
        """Write a picture of the middle slice by every method, the simplest first, ours last; returns its path."""
        order = {self.simplest: -1, **{name: place for place, name in enumerate(LAST, 1)}}
        shown = sorted(pictures, key=lambda name: order.get(name, 0))
        preview = beside(output, "preview.png")
        save_preview(preview, {name: pictures[name][len(pictures[name]) // 2] for name in shown})
        return preview


def arrays_by_method(frames: Sequence[Fitted]) -> dict[str, NDArray[Any]]:
    """`slices_by_method`, as arrays."""
    return {name: stack.cpu().numpy() for name, stack in slices_by_method(frames).items()}
