"""A worker: the same command, with its items from stdin and its reports to stdout."""

import contextlib
import io
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TextIO, final

from dipcli.batch.attempt import Ended
from dipcli.pipeline.item import Item, item_of
from dipcli.report.messages import LOGGER
from dipcli.report.progress import FitProgress

SECONDS = 0.5  # between two glimpses


@final
class Reports(logging.Handler):
    """What a worker says, a JSON object a line; a logging handler, too."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def say(self, kind: str, **details: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Write one report."""
        self._stream.write(f"{json.dumps({'kind': kind, **details})}\n")
        self._stream.flush()

    def show(self, progress: FitProgress) -> None:
        """Report how far a fit is."""
        self.say("progress", **asdict(progress))

    def emit(self, record: logging.LogRecord) -> None:
        """Report a message."""
        self.say("message", level=record.levelname, text=self.format(record))


def serve(attempt: Callable[[Item], Ended], reports: Reports) -> None:
    """Process items until there are no more; ends at once when the one who gives them is gone."""
    lines: queue.Queue[str] = queue.Queue()
    is_busy = threading.Event()
    threading.Thread(target=_read, args=(lines, is_busy), daemon=True).start()
    reports.say("ready")
    while line := lines.get():
        is_busy.set()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            ended = attempt(item_of(json.loads(line)))
        is_busy.clear()
        rest = {**asdict(ended), "text": f"{printed.getvalue()}{ended.text}"}
        reports.say(rest.pop("ending"), **rest)


def _read(lines: queue.Queue[str], is_busy: threading.Event) -> None:
    for line in sys.stdin:
        lines.put(line)
    if is_busy.is_set():
        os._exit(1)
    lines.put("")


def open_reports() -> Reports:
    """The reports on stdout, and all messages among them."""
    reports = Reports(sys.stdout)
    LOGGER.handlers = [reports]
    return reports
