"""What a person sees while work goes on: bars on a terminal, a plain line now and then elsewhere."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self, final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from dipcli.engine.solve import Moment
from dipcli.io.names import printable
from dipcli.options.engine import StoppingOptions
from dipcli.report.endings import duration

PLAIN_SECONDS = 5.0
HEARTBEAT_SECONDS = 30.0  # in which something is said, whatever goes on
BAR_SECONDS = 0.2
STAGE = 1000  # steps of a bar for what comes before or after a fit
# Columns of the terminal from which there is room for the run, and for loss and variance.
FOR_RUNS, FOR_DETAILS = 60, 120
NARROW, USUAL, WIDE = (12, 6), (26, 14), (36, 16)  # columns of a name and of its bar


@dataclass(frozen=True)
class FitProgress:
    """How far one fit is; at the end `step` is empty."""

    label: str
    done: int
    total: int  # 0 where it is not known
    step: str
    run: str = ""
    details: str = ""
    seconds_left: float = 0.0  # at most: early stopping may end a run before its last iteration


@contextmanager
def stage(show: Callable[[FitProgress], None], label: str, step: str) -> Iterator[None]:
    """Show, for as long as the block lasts, that something goes on of which nobody knows how far it is."""
    show(FitProgress(label, 0, 0, step))
    try:
        yield
    finally:
        show(FitProgress(label, 0, 0, ""))


@final
class Display:
    """The one display of a call, on stderr, of as many fits as go on at a time."""

    def __init__(self, console: Console, *, n_items: int, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._n_items, self._n_done = n_items, 0
        self.interval = BAR_SECONDS if console.is_terminal else PLAIN_SECONDS
        self._start = self._last = time.perf_counter()
        self._shown: dict[str, tuple[FitProgress, float]] = {}  # what goes on, and since when
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        if self._quiet:
            return self
        if not self._console.is_terminal:
            threading.Thread(target=self._beat, daemon=True).start()
            return self
        one_line = Column(no_wrap=True)
        columns = (
            TextColumn("{task.description}", table_column=one_line),
            BarColumn(_widths(self._console.width)[1]),
            TextColumn("{task.fields[status]}", table_column=one_line),
            _Clock(one_line),
        )
        self._bar = Progress(*columns, console=self._console, transient=True, redirect_stdout=False)
        self._bar.start()
        if self._n_items > 1:
            self._tasks[""] = self._bar.add_task("all inputs", total=self._n_items, status="", left=None)
            self._count(self._bar)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._bar:
            self._bar.stop()

    def advance(self) -> None:
        """One more item is done, or has failed."""
        self._n_done += 1
        if self._bar and "" in self._tasks:
            self._count(self._bar)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bars away while something is written that may be for the same terminal."""
        if self._bar:
            self._bar.stop()
        try:
            yield
        finally:
            if self._bar:
                self._bar.start()

    def show(self, progress: FitProgress) -> None:
        """Show how far a fit is; outside a terminal not more often than every few seconds."""
        if not progress.step:
            self._shown.pop(progress.label, None)
        else:
            _, since = self._shown.get(progress.label, (progress, time.perf_counter()))
            self._shown[progress.label] = (progress, since)
        if self._bar:
            self._update(self._bar, progress)
        elif progress.total and not self._quiet and time.perf_counter() - self._last >= PLAIN_SECONDS:
            self._say(progress, f"at most {duration(progress.seconds_left)} left")

    def _count(self, bar: Progress) -> None:
        spent = time.perf_counter() - self._start
        left = spent / self._n_done * (self._n_items - self._n_done) if self._n_done else None
        count = f"{self._n_done}/{self._n_items}"
        bar.update(self._tasks[""], completed=self._n_done, status=count, left=left)

    def _update(self, bar: Progress, progress: FitProgress) -> None:
        if not progress.step:
            if progress.label in self._tasks:
                bar.remove_task(self._tasks.pop(progress.label))
            return
        width = self._console.width
        name = escape(shortened(printable(progress.label), _widths(width)[0]))
        total = progress.total or None
        if progress.label not in self._tasks:
            self._tasks[progress.label] = bar.add_task(name, total=total, status="", left=None)
        left = progress.seconds_left if total else None
        status = escape(_status(progress, width))
        bar.update(self._tasks[progress.label], completed=progress.done, total=total, status=status, left=left)

    def _beat(self) -> None:
        """Where nothing was said for long, say what goes on."""
        while not self._is_over.wait(HEARTBEAT_SECONDS / 6):
            if time.perf_counter() - self._last >= HEARTBEAT_SECONDS:
                for progress, since in list(self._shown.values()):
                    self._say(progress, f"for {duration(time.perf_counter() - since)}")

    def _say(self, progress: FitProgress, time_text: str) -> None:
        self._last = time.perf_counter()
        count = f"{self._n_done}/{self._n_items} done, " if self._n_items > 1 else ""
        line = f"{count}{printable(progress.label)}: {_status(progress, FOR_DETAILS)}, {time_text}"
        self._console.print(line, markup=False, soft_wrap=True)


@final
class _Clock(ProgressColumn):
    """The time that is left, or, where nobody knows, the time that has passed."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)

    def render(self, task: Task) -> Text:
        """Such as 1:05."""
        left = task.fields["left"]
        seconds = int((task.elapsed or 0.0) if left is None else left)
        hours, rest = divmod(seconds, 3600)
        text = f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
        return Text(f"+{text}" if left is None else text, style="progress.remaining")


def _widths(columns: int) -> tuple[int, int]:
    """Of a name and its bar, on a terminal of so many columns."""
    return NARROW if columns < FOR_RUNS else USUAL if columns < FOR_DETAILS else WIDE


def _status(progress: FitProgress, columns: int) -> str:
    """What there is room for."""
    run = progress.run if columns >= FOR_RUNS else ""
    if columns < FOR_DETAILS:
        return ", ".join(part for part in (run, progress.step) if part)
    step = f"iteration {progress.step}" if progress.details else progress.step
    return ", ".join(part for part in (run, step, progress.details) if part)


def shortened(label: str, columns: int) -> str:
    """A label with its middle left out where it is too long: both ends of a name tell it from others."""
    if len(label) <= columns:
        return label
    tail = (columns - 1) * 2 // 3
    return f"{label[: columns - 1 - tail]}…{label[-tail:]}"


@final
class StageReporter:
    """Tells what goes on before or after a fit, and the share of it that is done; nothing where it is over."""

    def __init__(self, show: Callable[[FitProgress], None], label: str) -> None:
        self._show, self._label = show, label
        self._start, self._share = time.perf_counter(), 0.0

    def __call__(self, step: str, share: float) -> None:
        """Tell of one step; where the share is less than before, something else has begun."""
        now = time.perf_counter()
        if share < self._share:
            self._start = now
        self._share = share
        left = (now - self._start) / share * (1 - share) if share else 0.0
        total = STAGE if share and step else 0
        self._show(FitProgress(self._label, round(STAGE * share), total, step, seconds_left=left))


@final
class Reporter:
    """A watcher that tells of iteration, objective, score and the time that is left, now and then."""

    def __init__(
        self, show: Callable[[FitProgress], None], interval: float, label: str, stopping: StoppingOptions
    ) -> None:
        self._show, self._interval, self._label = show, interval, label
        self._iterations, self._runs = stopping.iterations, stopping.runs
        self._limit = stopping.max_time or math.inf
        self._last = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show(FitProgress(self._label, 0, 0, ""))

    def __call__(self, moment: Moment) -> None:
        """Tell of one step, if the last report was long enough ago."""
        now = time.perf_counter()
        if now - self._last < self._interval:
            return
        self._last = now
        done = (moment.run - 1) * self._iterations + moment.step.iteration
        total = self._iterations * self._runs
        left = min(moment.seconds / done * (total - done), max(self._limit - moment.seconds, 0.0))
        step = f"{moment.step.iteration}/{self._iterations}"
        run = f"run {moment.run}/{self._runs}" if self._runs > 1 else ""
        self._show(FitProgress(self._label, done, total, step, run, _details(moment), left))


def _details(moment: Moment) -> str:
    objective = sum(float(term) for term in moment.step.terms.values())
    score = "" if moment.verdict.score is None else f", variance {moment.verdict.score:.2e}"
    return f"loss {objective:.4f}{score}"
