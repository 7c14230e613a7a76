"""What a person sees while runs go on: bars on a terminal, a plain line now and then elsewhere."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from dipcli.engine.solve import Moment
from dipcli.io.names import printable
from dipcli.options.engine import StoppingOptions

PLAIN_SECONDS = 5.0
BAR_SECONDS = 0.2
STAGE = 1000  # steps of a bar for what comes before a fit


@dataclass(frozen=True)
class FitProgress:
    """How far one fit is; at the end `status` is empty."""

    label: str
    done: int
    total: int
    status: str
    seconds_left: float  # at most: early stopping may end a run before its last iteration


@final
class Display:
    """The one display of a call, on stderr, of as many fits as go on at a time."""

    def __init__(self, console: Console, *, n_items: int, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._n_items, self._n_done = n_items, 0
        self.interval = BAR_SECONDS if console.is_terminal else PLAIN_SECONDS
        self._last = time.perf_counter()
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[status]}"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self._console, transient=True, redirect_stdout=False)
            self._bar.start()
            if self._n_items > 1:
                self._tasks[""] = self._bar.add_task("all inputs", total=self._n_items, status="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self) -> None:
        """One more item is done, or has failed."""
        self._n_done += 1
        if self._bar and "" in self._tasks:
            self._bar.update(self._tasks[""], completed=self._n_done)

    def show(self, progress: FitProgress) -> None:
        """Show how far a fit is; outside a terminal not more often than every few seconds."""
        if self._bar:
            self._update(self._bar, progress)
            return
        now = time.perf_counter()
        if self._quiet or not progress.status or now - self._last < PLAIN_SECONDS:
            return
        self._last = now
        left = "" if math.isinf(progress.seconds_left) else f", at most {progress.seconds_left:.0f} s left"
        line = f"{printable(progress.label)}: {progress.status}{left}"
        self._console.print(line, markup=False, soft_wrap=True)

    def _update(self, bar: Progress, progress: FitProgress) -> None:
        if not progress.status:
            if progress.label in self._tasks:
                bar.remove_task(self._tasks.pop(progress.label))
            return
        if progress.label not in self._tasks:
            self._tasks[progress.label] = bar.add_task(
                escape(printable(progress.label)), total=progress.total, status=""
            )
        bar.update(self._tasks[progress.label], completed=progress.done, status=progress.status)


@final
class StageReporter:
    """Tells what goes on before or after a fit, and the share of it that is done; nothing where it is over."""

    def __init__(self, show: Callable[[FitProgress], None], label: str) -> None:
        self._show, self._label = show, label
        self._start, self._share = time.perf_counter(), 0.0

    def __call__(self, status: str, share: float) -> None:
        """Tell of one step; where the share is less than before, something else has begun."""
        now = time.perf_counter()
        if share < self._share:
            self._start = now
        self._share = share
        left = (now - self._start) / share * (1 - share) if share else math.inf
        self._show(FitProgress(self._label, round(STAGE * share), STAGE, status, left))


@final
class Reporter:
    """A watcher that tells of iteration, objective, score and the time that is left, now and then."""

    def __init__(
        self, show: Callable[[FitProgress], None], interval: float, label: str, stopping: StoppingOptions
    ) -> None:
        self._show, self._interval, self._label = show, interval, label
        self._iterations, self._runs = stopping.iterations, stopping.runs
        self._last = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show(FitProgress(self._label, 0, 1, "", 0.0))

    def __call__(self, moment: Moment) -> None:
        """Tell of one step, if the last report was long enough ago."""
        now = time.perf_counter()
        if now - self._last < self._interval:
            return
        self._last = now
        done = (moment.run - 1) * self._iterations + moment.step.iteration
        total = self._iterations * self._runs
        left = moment.seconds / done * (total - done)
        self._show(FitProgress(self._label, done, total, self._status(moment), left))

    def _status(self, moment: Moment) -> str:
        run = f"run {moment.run}/{self._runs}, " if self._runs > 1 else ""
        objective = sum(float(term) for term in moment.step.terms.values())
        score = "" if moment.verdict.score is None else f", variance {moment.verdict.score:.2e}"
        return f"{run}iteration {moment.step.iteration}/{self._iterations}, loss {objective:.4f}{score}"
