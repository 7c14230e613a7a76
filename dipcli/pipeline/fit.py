"""One stated frame is fitted, watched and finished."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import final

from torch import Tensor

from dipcli.engine.checkpoint import Keeper
from dipcli.engine.restore import Networks, restore
from dipcli.engine.solve import Moment, Watcher
from dipcli.errors import Interrupted
from dipcli.options.engine import EngineOptions
from dipcli.pipeline.context import Context
from dipcli.pipeline.interruption import Interruption
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.report.history import History
from dipcli.report.messages import LOGGER
from dipcli.report.progress import Reporter


def fit(
    statement: Statement,
    context: Context,
    control: Control,
    *,
    metric: Callable[[Tensor], float] | None = None,
    networks: Sequence[Networks] = (),
) -> Fitted:
    """Solve a stated problem and finish it as the statement wants; not scored yet.

    Raises Interrupted when the call was, before the fit or in it; its checkpoint lets it go on.
    """
    checkpoints, engine = context.checkpoints, statement.engine
    if context.interrupted.is_set():
        if checkpoints:
            checkpoints.flush()
        raise Interrupted(f"{control.label}: left before its fit.")
    control.tell("", 1.0)
    for name, decision in statement.decisions.items():
        LOGGER.info("%s: %s %s", control.label, name, decision)
    _warn(control, statement.warnings)
    history, result = History(metric), None
    if statement.problem is not None:
        result, keeper = checkpoints.begin(history) if checkpoints else (None, Keeper())
        is_late = time.perf_counter() >= control.deadline and keeper.frozen is None
        if result is None and not is_late:
            with (
                Reporter(context.show, context.interval, control.label, engine.stopping) as reporter,
                ExitStack() as held,
            ):
                watch = partial(_watch, (history, reporter, _Hold(held, context.interrupted)))
                result = restore(
                    statement.problem,
                    within(engine, control.deadline),
                    seed=control.seed,
                    networks=networks,
                    watch=watch,
                    keeper=keeper,
                )
            if result.ending == "interrupted":
                how = "with a checkpoint" if checkpoints and checkpoints.are_written() else "without a checkpoint"
                raise Interrupted(f"{control.label}: left {how} at iteration {result.iterations}.")
            if checkpoints:
                checkpoints.end(result, history)
    restoration = statement.finished({} if result is None else result.estimate)
    control.tell("", 1.0)
    fitted = Fitted(statement, restoration, result, history)
    _warn(control, (*restoration.warnings, *fitted.doubts))
    return fitted


def within(engine: EngineOptions, deadline: float) -> EngineOptions:
    """The options of a fit that must be over by then, on the clock of time.perf_counter."""
    left = max(deadline - time.perf_counter(), 1e-3)
    limit = min(left, engine.stopping.max_time or math.inf)
    return engine if math.isinf(limit) else replace(engine, stopping=replace(engine.stopping, max_time=limit))


@final
class _Hold:
    """A watcher from whose first step on leaving waits for the checkpoint."""

    def __init__(self, held: ExitStack, interruption: Interruption) -> None:
        self._held, self._interruption, self._holds = held, interruption, False

    def __call__(self, moment: Moment) -> None:  # noqa: ARG002 - that there is one is enough
        if not self._holds:
            self._held.enter_context(self._interruption.saving)
            self._holds = True


def _watch(watchers: Sequence[Watcher], moment: Moment) -> None:
    for watcher in watchers:
        watcher(moment)


def _warn(control: Control, warnings: Sequence[str]) -> None:
    for warning in warnings:
        LOGGER.warning("%s: %s", control.label, warning)
