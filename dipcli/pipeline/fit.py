"""What all tasks share: one stated frame is restored, watched, reported and scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from dipcli.engine.checkpoint import Keeper
from dipcli.engine.forecast import forecast_fit
from dipcli.engine.restore import Networks, Result, restore
from dipcli.engine.solve import Moment
from dipcli.errors import Interrupted
from dipcli.options.engine import EngineOptions
from dipcli.pipeline.context import Rehearsed, Session
from dipcli.pipeline.statement import Outcome, Statement
from dipcli.problem import Problem
from dipcli.report.history import History
from dipcli.report.messages import LOGGER
from dipcli.report.progress import Reporter

# The PSNR in dB of a picture, for the history of a run.
Metric = Callable[[Tensor], float]


@dataclass(frozen=True)
class Frame:
    """One restored frame and all that is recorded of it."""

    statement: Statement
    outcome: Outcome
    result: Result | None = None  # of the fit; None where there was none
    history: History = field(default_factory=History)
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def spread(self) -> Tensor | None:
        """The standard deviation of the picture over several runs."""
        return None if self.result is None else self.result.spread

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those from before the fit, and those from after it."""
        return (*self.statement.warnings, *self.outcome.warnings)


@dataclass(frozen=True)
class Restored:
    """One restored file: what it held, and its frames."""

    shape: tuple[int, ...]
    dtype: str
    frames: Sequence[Frame]
    seconds: float
    warnings: Sequence[str]
    metrics: Mapping[str, float] | None = None  # of all frames together, where that is not their mean
    also_read: Sequence[Path] = ()  # files beside the input that entered the result


@dataclass(frozen=True)
class Fit:
    """How a problem is to be fitted."""

    options: EngineOptions
    label: str
    seed: int
    networks: Sequence[Networks]


def restore_frame(
    statement: Statement,
    session: Session,
    label: str,
    seed: int,
    *,
    metric: Metric | None = None,
    networks: Sequence[Networks] = (),
) -> Frame:
    """Solve a stated problem and finish it as the statement wants; not scored yet.

    Raises Interrupted when the session was, before the fit or in it; its checkpoint lets it go on.
    """
    if session.interrupted.is_set():
        if session.checkpoints:
            session.checkpoints.flush()
        raise Interrupted(f"{label}: left before its fit.")
    for name, fact in statement.facts.items():
        LOGGER.info("%s: %s %s", label, name, fact)
    _warn(label, statement.warnings)
    if statement.problem is None:
        outcome = statement.finish({}, statement.classical[1])
        _warn(label, outcome.warnings)
        return Frame(statement, outcome)
    if session.rehearses:
        raise Rehearsed(forecast_fit(statement.problem, statement.options))
    history = History(metric)
    result = _fit(statement.problem, Fit(statement.options, label, seed, networks), session, history)
    outcome = statement.finish(result.estimate, result.picture)
    _warn(label, outcome.warnings)
    return Frame(statement, outcome, result, history)


def _fit(problem: Problem, fit: Fit, session: Session, history: History) -> Result:
    """The result of the fit, or of what is left of it; its state is kept when the session is interrupted.

    Raises Interrupted then.
    """
    stopping = fit.options.stopping
    checkpoints = session.checkpoints
    found, keeper = checkpoints.begin(history) if checkpoints else (None, Keeper())
    if found is not None:
        return found
    reporter = Reporter(
        session.show, session.interval, fit.label, iterations=stopping.iterations, runs=stopping.runs
    )

    def watch(moment: Moment) -> None:
        history(moment)
        reporter(moment)

    with reporter:
        result = restore(problem, fit.options, seed=fit.seed, networks=fit.networks, watch=watch, keeper=keeper)
    if result.ending == "interrupted":
        raise Interrupted(f"{fit.label}: left with a checkpoint at iteration {result.iterations}.")
    if checkpoints:
        checkpoints.end(result, history)
    return result


def _warn(label: str, warnings: Sequence[str]) -> None:
    for warning in warnings:
        LOGGER.warning("%s: %s", label, warning)


def label_of(name: str, index: int, count: int) -> str:
    """What a frame is called in messages."""
    return name if count == 1 else f"{name} [{index + 1}/{count}]"
