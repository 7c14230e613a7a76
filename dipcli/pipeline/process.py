"""The one pipeline: check, load, state, fit, finish, score, write, record; for every medium.

It is also the only place that knows of a dry run, which ends where computing would begin.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from dipcli.engine.device import derive_seed
from dipcli.engine.forecast import Forecast, free_bytes, needed_bytes
from dipcli.errors import InputError
from dipcli.io.atomic import hashes_of_written, write_atomically
from dipcli.io.names import stem_of
from dipcli.io.run_record import save_record
from dipcli.pipeline.context import Context, Record
from dipcli.pipeline.fit import fit
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import AnyMedium, Control, SourceFile
from dipcli.pipeline.record import record_of, report_of
from dipcli.pipeline.statement import Fitted
from dipcli.pipeline.tiling import SMALL, check_room, fit_tiles, forecast_in_tiles, side_of_tiles
from dipcli.report.endings import ending_line
from dipcli.report.figures import Panel, can_draw, drawn
from dipcli.report.forecasts import in_words
from dipcli.report.messages import LOGGER
from dipcli.report.progress import StageReporter, stage

CLASSICAL = "classical"  # the estimate that comes before the fit, and decides whether there is one
LONG_SECONDS = 30.0  # of an item whose forecast is said before it is begun
LARGE_BYTES = 1e9  # of a small measurement whose search is checked for memory all the same


def process(item: Item, context: Context, medium: AnyMedium) -> Record:
    """Restore one item and write its outputs, its history and, last of all, its record.

    Raises DipcliError for what cannot be read, used or written, and Interrupted when the call was.
    """
    start = time.perf_counter()
    source, truths = prepare(item, context, medium)
    read = medium.files(item, source, reference_path(item, context.files.reference))
    hashes = {path: context.fingerprints.of(path) for path in read}
    for warning in source.warnings:
        LOGGER.warning("%s", warning)
    medium = medium.for_frames(source, context.device)
    frames: list[Fitted] = []
    panels: Sequence[Panel] = ()
    for index, measurement in enumerate(medium.frames(source, context.device)):
        control = _control(item, context, medium, index, len(truths))
        if index == 0:
            _say_forecast(item, _foreseen(measurement, context, medium, len(truths))[0])
        fitted = _fit(source, measurement, truths[index], context, medium, control, frames)
        frames.append(_scored(source, fitted, measurement, truths[index], medium))
        if index == len(truths) // 2 and context.files.report and can_draw():
            panels = medium.panels(source, measurement, frames[-1], truths[index])
    known = [truth for truth in truths if truth is not None]
    metrics = medium.score_all(frames, known) if known else None
    facts: Record = {
        **record_of(context, source, frames, hashes),
        "confirmed": not any(frame.doubts for frame in frames),
        **({} if metrics is None else {"metrics": dict(metrics)}),
    }
    report = drawn(report_of(item, facts, frames[len(frames) // 2], panels)) if panels else None
    seconds = time.perf_counter() - start
    marked = context.checkpoints.outputs() if context.checkpoints else hashes_of_written()
    with context.interrupted.saving, marked as written:
        outputs = medium.write(item, source, frames, context)
        if any(frame.result for frame in frames):
            outputs["history"] = item.beside("history.csv")
            write_atomically(outputs["history"], b"".join(f.history.csv(i) for i, f in enumerate(frames)))
        if report is not None:
            outputs["report"] = item.beside("report.png")
            write_atomically(outputs["report"], report)
        record: Record = {
            **facts,
            "outputs": {name: str(path) for name, path in outputs.items()},
            "output_sha256": written[item.output],
            "seconds": round(seconds, 3),
            "warnings": _warnings(source, frames, medium),
        }
        save_record(item.beside("run.json"), record)
    LOGGER.info("%s", ending_line(item.name, record))
    return record


def forecast(item: Item, context: Context, medium: AnyMedium) -> Forecast:
    """What `process` would cost; raises what it would raise before it computes anything."""
    source, truths = prepare(item, context, medium)
    cost, _ = _foreseen(next(iter(medium.frames(source, context.device))), context, medium, len(truths))
    return cost


def _foreseen(
    measurement: Any,  # noqa: ANN401
    context: Context,
    medium: AnyMedium,
    count: int = 1,
) -> tuple[Forecast, int | None]:
    """What so many frames like this one cost, and the side of their tiles, None for none.

    Raises InputError where memory does not suffice.
    """
    work = medium.workload(measurement)
    free = free_bytes(context.device)
    room = free and free / context.files.batch.jobs
    side = side_of_tiles(work, context.device, medium.tile, room) if isinstance(measurement, Tensor) else None
    if side is None and (work.n_values >= SMALL or (work.classical_bytes or 0.0) >= LARGE_BYTES):
        check_room(needed_bytes(work, context.device), room, medium.advice)
    return forecast_in_tiles(work, context.device, side, count), side


def prepare(item: Item, context: Context, medium: AnyMedium) -> tuple[Any, Sequence[Tensor | None]]:
    """What is read before anything is computed: the source, and the truth of each of its frames."""
    reference = reference_path(item, context.files.reference)
    if reference is not None and reference.is_file():
        context.fingerprints.of(reference)
    source = medium.load(item)
    return source, medium.references(item, source, reference)


def _say_forecast(item: Item, cost: Forecast) -> None:
    if cost.seconds >= LONG_SECONDS:
        LOGGER.info("%s: forecast %s", item.name, in_words(cost))


def reference_path(item: Item, given: Path | None) -> Path | None:
    """The truth of one item: the given file, or the one in a given folder that is called as input or output.

    Raises InputError where there is none.
    """
    if given is None:
        return None
    if not given.is_dir():
        if not given.exists() and not Path(str(given).rpartition(":")[0]).is_file():
            raise InputError(f"--reference {given}: there is no such file; check the path.")
        return given
    folder = (given / item.name).parent
    stem = stem_of(item.file)
    alike = sorted(path for path in folder.glob(f"{_escaped(stem)}.*") if stem_of(path) == stem)
    names = [folder / item.file.name, folder / item.output.name, *alike]
    found = next((path for path in names if path.is_file()), None)
    if found is None:
        raise InputError(f"--reference {given}: there is no {item.file.name} in it; name files as the inputs are.")
    return found


def _escaped(stem: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)


def _control(item: Item, context: Context, medium: AnyMedium, index: int, count: int) -> Control:
    names = (item.name, index) if medium.holds_stacks else ()
    label = item.name if count == 1 else f"{item.name} [{index + 1}/{count}]"
    return Control(
        label,
        derive_seed(context.files.seed, *names),
        interrupted=context.interrupted.is_set,
        tell=StageReporter(context.show, label),
    )


def _fit(
    source: Any,  # noqa: ANN401 - what the medium reads
    measurement: Any,  # noqa: ANN401 - what the medium's frames are
    truth: Tensor | None,
    context: Context,
    medium: AnyMedium,
    control: Control,
    before: Sequence[Fitted],
) -> Fitted:
    """One frame, at once or in tiles."""
    cost, side = _foreseen(measurement, context, medium)
    if limit := medium.workload(measurement).engine.stopping.max_time:
        control = replace(control, deadline=time.perf_counter() + limit)
    if side is not None:
        tiled = medium.for_tiles(source, measurement)

        def fit_tile(tile: Tensor, name: str, number: int) -> Fitted:
            own = replace(
                control,
                label=f"{control.label} {name}",
                seed=derive_seed(control.seed, number),
                deadline=control.share_of_time(cost.tiles - number),
            )
            with stage(context.show, own.label, CLASSICAL):
                statement = tiled.state(source, tile, own)
            return fit(statement, context, own)

        return fit_tiles(measurement, side, fit_tile)
    with stage(context.show, control.label, CLASSICAL):
        statement = medium.state(source, measurement, control)
    metric = None if truth is None else medium.metric(source, statement, truth)
    return fit(statement, context, control, metric=metric, networks=medium.networks(before, statement))


def _scored(
    source: Any,  # noqa: ANN401
    fitted: Fitted,
    measurement: Any,  # noqa: ANN401
    truth: Tensor | None,
    medium: AnyMedium,
) -> Fitted:
    scores = {} if truth is None else medium.score(source, measurement, fitted, truth)
    checks = fitted.statement.checks(fitted.picture)
    return replace(fitted, metrics={**checks, **fitted.restoration.metrics, **scores})


def _warnings(source: SourceFile, frames: Sequence[Fitted], medium: AnyMedium) -> list[str]:
    """Those of the file and of all frames, each with the name of its frame where there are several."""
    names = [f"{medium.name(source, index)}: " if len(frames) > 1 else "" for index in range(len(frames))]
    return [*source.warnings, *(f"{n}{w}" for n, frame in zip(names, frames, strict=True) for w in frame.warnings)]
