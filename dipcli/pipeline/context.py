"""What all items of one call share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from rich.console import Console

from dipcli.io.fingerprints import Fingerprints
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName
from dipcli.pipeline.checkpoints import Checkpoints
from dipcli.pipeline.interruption import Interruption
from dipcli.pipeline.warm_start import WarmStart
from dipcli.report.figures import Panel
from dipcli.report.messages import open_console
from dipcli.report.progress import FitProgress

Record = Mapping[str, Any]


def _ignore(progress: FitProgress) -> None:
    pass


@dataclass(frozen=True)
class Context:
    """What an item needs to know beside itself."""

    command: str
    preset: PresetName
    files: FileOptions
    device: torch.device
    threads: int
    interrupted: Interruption
    console: Console = field(default_factory=open_console)
    show: Callable[[FitProgress], None] = _ignore
    interval: float = 1.0  # seconds between two glimpses
    checkpoints: Checkpoints | None = None  # of the item that is processed
    asked: Mapping[str, Any] | None = None  # what decides its result, for the record
    warm_start: WarmStart | None = None  # from the input before
    fingerprints: Fingerprints = field(default_factory=Fingerprints)  # of the files that it is made from


@dataclass(frozen=True)
class Processed:
    """What came of one item: its record, and pictures of it."""

    record: Record
    panels: Sequence[Panel] = ()
