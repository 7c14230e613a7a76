"""What a field of measurement must supply, so that the one pipeline takes its files from input to outputs."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Protocol, Self, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.engine.restore import Networks
from dipcli.io.names import ending_of
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.pipeline.tiles import Tile
from dipcli.report.figures import Curve, Panel


class SourceFile(Protocol):
    """What every wing's readers tell of a file, beside what was measured."""

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """As in the file."""

    @property
    def stored_dtype(self) -> str:
        """As in the file."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to beware of."""


SourceT = TypeVar("SourceT", bound=SourceFile)  # what is read of one file
MeasurementT = TypeVar("MeasurementT")  # one frame of it, on the device


@dataclass(frozen=True)
class Control:
    """What a frame is called and seeded with, and what ends the work on it from outside."""

    label: str = ""
    seed: int = 0
    deadline: float = math.inf  # on the clock of time.perf_counter
    interrupted: Callable[[], bool] = lambda: False
    tell: Callable[[str, float], None] = lambda status, share: None  # noqa: ARG005 - of what comes before the fit

    def is_over(self) -> bool:
        """Whether there is no more time."""
        return self.interrupted() or time.perf_counter() >= self.deadline

    def share_of_time(self, parts: int) -> float:
        """The deadline of the first of so many parts of what is left to do."""
        now = time.perf_counter()
        return now + max(self.deadline - now, 0.0) / parts


class Medium(ABC, Generic[SourceT, MeasurementT]):
    """One field's files and measurements; every method is called by `process` alone, in this order."""

    holds_stacks = True  # names and numbers of frames enter their seeds; a file's only one has that of the call
    tile: int | None = 0  # side of the tiles of tensors (channels, *space): 0 for none, None as memory allows
    states_apart = False  # whether frames may be stated at the same time: none draws from torch's own generator
    writes_first = False  # whether there is something to look at before anything is computed
    others: Mapping[str, "AnyMedium"] = MappingProxyType({})  # of files of other fields, by ending
    advice = "use --preset fast, a smaller --width, or a smaller picture"  # where memory does not suffice

    def for_item(self, item: Item) -> "AnyMedium":
        """The medium of a file: this one, but for the endings of others."""
        return self.others.get(ending_of(item.file).lower(), self)

    @abstractmethod
    def load(self, item: Item) -> SourceT:
        """Read the input, and refuse what can be known to fail: before anything is computed.

        Raises InputError for what cannot be read or used, OutputError for an output that cannot hold it,
        OptionError for options that cannot be right for it.
        """

    @abstractmethod
    def references(self, item: Item, source: SourceT, path: Path | None) -> Sequence[Tensor | None]:
        """The truth of every frame: from the file, if one was given. Raises OptionError where it does not fit."""

    def for_frames(self, source: SourceT, device: torch.device) -> Self:  # noqa: ARG002
        """The medium for the frames of one file: with what is decided once, for all of them."""
        return self

    @abstractmethod
    def frames(self, source: SourceT, device: torch.device) -> Iterable[MeasurementT]:
        """The frames, each made when it is asked for."""

    @abstractmethod
    def workload(self, measurement: MeasurementT) -> Workload:
        """What a frame asks of the machine; nothing is computed for it."""

    @abstractmethod
    def state(self, source: SourceT, measurement: MeasurementT, control: Control) -> Statement:
        """The classical answer, and the problem that is fitted beside it."""

    def windows(self, measurement: MeasurementT) -> Sequence[Tile]:  # noqa: ARG002
        """Parts of a frame, none of which overlap, beside which it stays as it is; none to state it as a whole."""
        return ()

    def for_tiles(self, source: SourceT, measurement: MeasurementT) -> Self:  # noqa: ARG002
        """The medium for the parts of one frame: with what is decided once, for all of it."""
        return self

    @abstractmethod
    def score(
        self, source: SourceT, measurement: MeasurementT, fitted: Fitted, truth: Tensor
    ) -> Mapping[str, float]:
        """How near a frame and its classical answer are to the truth."""

    def write_first(self, item: Item, source: SourceT) -> dict[str, Path]:  # noqa: ARG002
        """Write that, where `writes_first`; returns it by name."""
        return {}

    @abstractmethod
    def write(self, item: Item, source: SourceT, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:
        """Write everything but history and record; returns what was written, by name, the output first."""

    @abstractmethod
    def arrays(self, source: SourceT, frames: Sequence[Fitted]) -> Mapping[str, NDArray[Any]]:
        """What is returned, in the units of the input: `image`, `classical`, `spread` of several runs, objects."""

    def panels(
        self,
        source: SourceT,  # noqa: ARG002
        measurement: MeasurementT,  # noqa: ARG002
        fitted: Fitted,  # noqa: ARG002
        truth: Tensor | None,  # noqa: ARG002
    ) -> Sequence[Panel]:
        """The pictures of one frame that its report shows, the result behind what it is compared with."""
        return ()

    def curves(self, fitted: Fitted) -> Sequence[Curve]:  # noqa: ARG002
        """What a report shows beside the curves of the fit."""
        return ()

    def metric(
        self,
        source: SourceT,  # noqa: ARG002
        statement: Statement,  # noqa: ARG002
        truth: Tensor,  # noqa: ARG002
    ) -> Callable[[Tensor], float] | None:
        """What is followed while a frame is fitted, in dB; None for nothing."""
        return None

    def networks(self, before: Sequence[Fitted], statement: Statement) -> Sequence[Networks]:  # noqa: ARG002
        """The networks of an earlier frame that this one's start from; none for a cold start."""
        return ()

    def score_all(self, frames: Sequence[Fitted], truths: Sequence[Tensor]) -> Mapping[str, float] | None:  # noqa: ARG002
        """The scores of all frames together; None where those are the means of the frames' own."""
        return None

    def name(self, source: SourceT, index: int) -> str:  # noqa: ARG002
        """What one of several frames is called in warnings."""
        return f"frame {index}"

    def files(self, item: Item, source: SourceT, reference: Path | None) -> Sequence[Path]:  # noqa: ARG002
        """The files that entered the result; the first one is the input."""
        return (item.input,)


AnyMedium = Medium[Any, Any]
