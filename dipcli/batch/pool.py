"""`--jobs`: processes that take items from one queue, each as soon as it is free, and one display of them all."""

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import dipcli
from dipcli.batch.attempt import Ended, note
from dipcli.batch.selection import Batch
from dipcli.errors import DipcliError
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.report.messages import LOGGER
from dipcli.report.progress import Display, FitProgress

Report = Mapping[str, Any]  # "kind" is ready, progress, message, or the ending of an item

# This program once more; with -P, no module is taken from the current folder, which may hold a stranger's data.
PROGRAM = (sys.executable, "-P", "-m", "dipcli")
TRIES = 2  # of an item whose worker dies
POLL_SECONDS = 0.2
GOODBYE_SECONDS = 10.0


def share_out(batch: Batch, context: Context, devices: Sequence[str], display: Display) -> Iterator[Ended]:
    """Have the items of a batch processed by a worker for each device; yields how they ended, as they do."""
    call = replace(context.files.call, inputs=context.files.call.inputs[:1])
    changes: dict[str, str | bool | None] = {"shard": None, "worker": True, "threads": str(context.threads)}
    with Workers([(*PROGRAM, *call.again(**changes, device=device)) for device in devices]) as workers:
        for item, report in workers.work(batch.todo, context.interrupted.is_set):
            kind, rest = report["kind"], {name: value for name, value in report.items() if name != "kind"}
            if kind == "progress":
                display.show(FitProgress(**rest))
            elif kind == "message":
                LOGGER.log(logging.getLevelNamesMapping()[rest["level"]], "%s", rest["text"])
            elif kind != "ready":
                if kind == "failed" and batch.folder is not None:
                    note(item, rest["text"])
                yield Ended(kind, **{"name": item.name, **rest})


@final
class Workers:
    """One process for each command; a command takes items on stdin and reports on stdout, as JSON lines.

    A worker that dies costs its item one try, and another worker is started. Workers are in a session of their
    own, so that Ctrl-C reaches this process alone; when it is gone, they end by themselves.
    """

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self._commands = commands
        self._running: dict[int, subprocess.Popen[str]] = {}
        self._busy: dict[int, Item] = {}
        self._ready: set[int] = set()
        self._events: queue.Queue[tuple[int, Report | None]] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            with contextlib.suppress(OSError):
                process.stdin.close() if process.stdin else None
        for process in self._running.values():
            try:
                process.wait(GOODBYE_SECONDS if kind is None else 0.1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def work(self, items: Sequence[Item], must_stop: Callable[[], bool]) -> Iterator[tuple[Item, Report]]:
        """Have all items processed; yields what is reported of each of them, as it comes.

        Once `must_stop`, no further item is begun and the workers hear so, by a signal. Raises DipcliError
        where workers do not come up.
        """
        waiting = deque(sorted(items, key=lambda item: -item.size))
        losses: Counter[str] = Counter()
        for slot in range(min(len(self._commands), len(waiting))):
            self._start(slot)
        was_told = False
        while self._busy or (waiting and not was_told):
            if must_stop() and not was_told:
                was_told = True
                self._tell()
            try:
                slot, report = self._events.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if report is None:
                yield from self._left(slot) if was_told else self._replace(slot, waiting, losses)
                continue
            item = self._busy.get(slot)
            if item is not None:
                yield item, report
            if report["kind"] in ("ready", "done", "failed", "interrupted"):
                self._busy.pop(slot, None)
                self._ready.add(slot)
                if waiting and not was_told:
                    self._give(slot, waiting.popleft())

    def _start(self, slot: int) -> None:
        given = os.environ.get("PYTHONPATH", "").split(os.pathsep)  # an empty one means the current folder
        path = [str(Path(dipcli.__file__).parents[1]), *filter(None, given)]
        process = subprocess.Popen(
            list(self._commands[slot]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )
        self._running[slot] = process
        self._ready.discard(slot)
        threading.Thread(target=self._listen, args=(slot, process), daemon=True).start()

    def _listen(self, slot: int, process: subprocess.Popen[str]) -> None:
        with process.stdout or contextlib.nullcontext() as stdout:
            for line in stdout or ():
                with contextlib.suppress(ValueError):  # a line cut off by the death of its writer
                    self._events.put((slot, json.loads(line)))
        process.wait()
        self._events.put((slot, None))

    def _give(self, slot: int, item: Item) -> None:
        self._busy[slot] = item
        line = json.dumps(item.plain)
        stdin = self._running[slot].stdin
        if stdin is not None:
            with contextlib.suppress(OSError):  # it has just died, which its listener will tell
                stdin.write(f"{line}\n")
                stdin.flush()

    def _tell(self) -> None:
        for process in self._running.values():
            process.send_signal(getattr(signal, "SIGUSR1", signal.SIGTERM))

    def _left(self, slot: int) -> Iterator[tuple[Item, Report]]:
        """A worker that was asked to leave did so in the midst of its item."""
        item = self._busy.pop(slot, None)
        if item is not None:
            yield item, {"kind": "interrupted", "text": f"{item.name}: left before its fit."}

    def _replace(self, slot: int, waiting: deque[Item], losses: Counter[str]) -> Iterator[tuple[Item, Report]]:
        """Put the item of a dead worker back, or give it up; start another worker, if there is work."""
        code = self._running[slot].returncode
        was_ready = slot in self._ready
        item = self._busy.pop(slot, None)
        losses["" if item is None else item.name] += 1
        if item is None and not was_ready and losses[""] >= TRIES:
            raise DipcliError(f"A worker ended with code {code} before it was ready; see what it said above.")
        if item is not None and losses[item.name] < TRIES:
            waiting.appendleft(item)
            yield (
                item,
                {"kind": "message", "level": "WARNING", "text": f"{item.name}: {_ending(code)}; once more."},
            )
        elif item is not None:
            yield item, {"kind": "failed", "text": f"{item.input}: {_ending(code)} {TRIES} times; see --jobs."}
        if waiting:
            self._start(slot)


def _ending(code: int) -> str:
    return f"its process was killed by signal {-code}" if code < 0 else f"its process ended with code {code}"
