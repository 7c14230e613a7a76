"""What all tasks share: one stated frame is restored, watched, reported and scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from dipcli.cli.run import Session
from dipcli.engine.restore import Networks, Result, restore
from dipcli.engine.solve import Moment
from dipcli.report.history import History
from dipcli.report.messages import LOGGER
from dipcli.report.progress import Reporter
from dipcli.tasks.statement import Statement

# The PSNR in dB of a picture, for the history of a run.
Metric = Callable[[Tensor], float]


@dataclass(frozen=True)
class Frame:
    """One restored frame and all that is recorded of it."""

    statement: Statement
    result: Result
    history: History
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Restored:
    """One restored file: what it held, and its frames."""

    shape: tuple[int, ...]
    dtype: str
    frames: Sequence[Frame]
    seconds: float
    warnings: Sequence[str]
    metrics: Mapping[str, float] | None = None  # of all frames together, where that is not their mean


def restore_frame(
    statement: Statement,
    session: Session,
    label: str,
    seed: int,
    *,
    metric: Metric | None = None,
    networks: Sequence[Networks] = (),
) -> tuple[Result, History]:
    """Solve a stated problem; the picture is finished as the statement wants it."""
    for name, fact in statement.facts.items():
        LOGGER.info("%s: %s %s", label, name, fact)
    for warning in statement.warnings:
        LOGGER.warning("%s: %s", label, warning)
    history = History(metric)
    stopping = statement.options.stopping
    bar = Reporter(
        session.console, label, iterations=stopping.iterations, runs=stopping.runs, quiet=session.files.quiet
    )

    def watch(moment: Moment) -> None:
        history(moment)
        bar(moment)

    with bar:
        result = restore(
            statement.problem,
            statement.options,
            seed=seed,
            networks=networks,
            watch=watch,
            interrupted=session.interrupted.is_set,
        )
    return replace(result, picture=statement.finish(result.picture)), history


def label_of(name: str, index: int, count: int) -> str:
    """What a frame is called in messages."""
    return name if count == 1 else f"{name} [{index + 1}/{count}]"
