"""What all items of one call share, and what processes one of them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from dipcli.batch.plan import Item
from dipcli.engine.forecast import Forecast
from dipcli.errors import DipcliError
from dipcli.options.files import FileOptions
from dipcli.pipeline.checkpoints import Checkpoints
from dipcli.report.progress import Glimpse

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Session:
    """What an item needs to know beside itself."""

    command: str
    files: FileOptions
    show: Callable[[Glimpse], None]
    interval: float  # seconds between two glimpses
    device: torch.device
    threads: int
    interrupted: threading.Event
    checkpoints: Checkpoints | None = None  # of the item that is processed
    asked: Mapping[str, Any] | None = None  # what decides its result, for the record
    rehearses: bool = False  # forecasts, and raises Rehearsed, instead of restoring


Process = Callable[[Item, Session], Record]


class Rehearsed(DipcliError):  # noqa: N818 - no mistake was made
    """Where the work would begin, the forecast of it instead."""

    def __init__(self, forecast: Forecast | None) -> None:
        super().__init__("This was a rehearsal.")
        self.forecast = forecast
