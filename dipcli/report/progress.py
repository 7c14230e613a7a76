"""What a person sees while a run goes on: a bar on a terminal, a plain line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self, final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from dipcli.engine.solve import Moment

PLAIN_SECONDS = 5.0
BAR_SECONDS = 0.2


@final
class Reporter:
    """A watcher that shows iteration, objective, score and the time that is left, on stderr.

    The time is an upper bound: early stopping may end a run before its last iteration.
    """

    def __init__(self, console: Console, name: str, *, iterations: int, runs: int, quiet: bool) -> None:
        self._console = console
        self._name = name
        self._total = iterations * runs
        self._iterations, self._runs = iterations, runs
        self._quiet = quiet
        self._interval = BAR_SECONDS if console.is_terminal else PLAIN_SECONDS
        self._last = time.perf_counter()
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[status]}"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self._console, transient=True, redirect_stdout=False)
            self._task = self._bar.add_task(escape(self._name), total=self._total, status="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, moment: Moment) -> None:
        """Show one step, if the last one shown was long enough ago."""
        now = time.perf_counter()
        if self._quiet or now - self._last < self._interval:
            return
        self._last = now
        done = (moment.run - 1) * self._iterations + moment.step.iteration
        if self._bar:
            self._bar.update(self._task, completed=done, status=self._status(moment))
            return
        left = moment.seconds / done * (self._total - done)
        self._console.print(
            f"{self._name}: {self._status(moment)}, at most {left:.0f} s left", markup=False, soft_wrap=True
        )

    def _status(self, moment: Moment) -> str:
        run = f"run {moment.run}/{self._runs}, " if self._runs > 1 else ""
        objective = sum(float(term) for term in moment.step.terms.values())
        score = "" if moment.verdict.score is None else f", variance {moment.verdict.score:.2e}"
        return f"{run}iteration {moment.step.iteration}/{self._iterations}, loss {objective:.4f}{score}"
