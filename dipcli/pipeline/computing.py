"""From what was read to what is returned: every frame is stated, fitted, finished and scored.

Nothing is read or written here, but for checkpoints.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from dipcli.classical.threads import MOST, in_threads
from dipcli.engine.device import derive_seed
from dipcli.engine.forecast import Forecast, free_bytes, needed_bytes
from dipcli.engine.restore import Networks
from dipcli.pipeline.context import Context
from dipcli.pipeline.fit import fit
from dipcli.pipeline.medium import AnyMedium, Control
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.pipeline.tiles import Parts, cut
from dipcli.pipeline.tiling import (
    SMALL,
    check_room,
    fit_parts,
    forecast_in_tiles,
    forecast_of_windows,
    side_by_side,
    side_of_tiles,
)
from dipcli.report.figures import Panel
from dipcli.report.forecasts import in_words
from dipcli.report.messages import LOGGER
from dipcli.report.progress import StageReporter, stage

CLASSICAL = "classical"  # the estimate that comes before the fit, and decides whether there is one
LONG_SECONDS = 30.0  # of an item whose forecast is said before it is begun
LARGE_BYTES = 1e9  # of a small measurement whose search is checked for memory all the same


@dataclass(frozen=True)
class Loaded:
    """What is known of one item before anything is computed; `name` enters its seed."""

    name: str
    source: Any  # what the medium reads
    truths: Sequence[Tensor | None]  # one for each frame


@dataclass(frozen=True)
class Computed:
    """All frames of one item, and what is shown of the middle one."""

    frames: Sequence[Fitted]
    metrics: Mapping[str, float] | None = None  # of all frames together, where those are no means
    panels: Sequence[Panel] = ()

    @property
    def shown(self) -> Fitted:
        """The frame that the panels are of."""
        return self.frames[len(self.frames) // 2]


@dataclass(frozen=True)
class _Begun:
    """One frame; its statement where that was made beside those of others."""

    index: int
    measurement: Any  # what the medium's frames are
    control: Control
    statement: Statement | None = None


def compute(loaded: Loaded, context: Context, medium: AnyMedium) -> Computed:
    """Restore every frame. Raises DipcliError for what cannot be used, and Interrupted when the call was."""
    source, truths = loaded.source, loaded.truths
    medium = medium.for_frames(source, context.device)
    frames: list[Fitted] = []
    panels: Sequence[Panel] = ()
    for begun in _begun(loaded, context, medium):
        index, measurement = begun.index, begun.measurement
        fitted = _fit(loaded, begun, context, medium, frames)
        frames.append(_scored(source, fitted, measurement, truths[index], medium))
        if index == len(truths) // 2 and context.files.report:
            panels = medium.panels(source, measurement, frames[-1], truths[index])
    known = [truth for truth in truths if truth is not None]
    return Computed(frames, medium.score_all(frames, known) if known else None, panels)


def foreseen(
    measurement: Any,  # noqa: ANN401
    context: Context,
    medium: AnyMedium,
    count: int = 1,
) -> tuple[Forecast, Parts]:
    """What so many frames like this one cost, and the parts of each that are fitted one by one.

    Raises InputError where memory does not suffice.
    """
    free = free_bytes(context.device)
    room = free and free / context.files.batch.jobs
    if windows := medium.windows(measurement):
        works = [medium.workload(window.of(measurement)) for window in windows]
        if all(side_of_tiles(work, context.device, medium.tile, room) is None for work in works):
            cost = forecast_of_windows(works, measurement.numel(), context.device, count)
            return cost, Parts(windows, "window")
    work = medium.workload(measurement)
    side = side_of_tiles(work, context.device, medium.tile, room) if isinstance(measurement, Tensor) else None
    if side is None and (work.n_values >= SMALL or (work.classical_bytes or 0.0) >= LARGE_BYTES):
        check_room(needed_bytes(work, context.device), room, medium.advice)
    tiles = [] if side is None else cut(measurement.shape[1:], side)
    cost = forecast_in_tiles(work, context.device, side, count)
    is_alone = bool(work.unknowns or tiles) or work.engine.stopping.max_time > 0
    if is_alone or not medium.states_apart or context.device.type != "cpu":
        return cost, Parts(tiles)
    return side_by_side(cost, min(count, context.threads, MOST), room), Parts(tiles)


def _begun(loaded: Loaded, context: Context, medium: AnyMedium) -> Iterator[_Begun]:
    """The frames, one after the other; some are stated beside each other, which changes nothing of any."""
    count = len(loaded.truths)
    frames = (
        _Begun(index, measurement, _control(loaded, context, medium, index))
        for index, measurement in enumerate(medium.frames(loaded.source, context.device))
    )
    first = next(frames)
    cost, _ = foreseen(first.measurement, context, medium, count)
    _say_forecast(loaded.name, cost)

    def stated(one: _Begun) -> _Begun:
        return replace(one, statement=_stated(loaded, one.measurement, context, medium, one.control))

    every = itertools.chain([first], frames)
    yield from every if cost.at_once == 1 else in_threads(stated, every, cost.at_once)


def _stated(
    loaded: Loaded,
    measurement: Any,  # noqa: ANN401 - what the medium's frames are
    context: Context,
    medium: AnyMedium,
    control: Control,
) -> Statement:
    with stage(context.show, control.label, CLASSICAL):
        return medium.state(loaded.source, measurement, control)


def _say_forecast(name: str, cost: Forecast) -> None:
    if cost.seconds >= LONG_SECONDS:
        LOGGER.info("%s: forecast %s", name, in_words(cost))


def _control(loaded: Loaded, context: Context, medium: AnyMedium, index: int) -> Control:
    name, count = loaded.name, len(loaded.truths)
    names = (name, index) if medium.holds_stacks else ()
    label = name if count == 1 else f"{name} [{index + 1}/{count}]"
    return Control(
        label,
        derive_seed(context.files.seed, *names),
        interrupted=context.interrupted.is_set,
        tell=StageReporter(context.show, label),
    )


def _fit(loaded: Loaded, begun: _Begun, context: Context, medium: AnyMedium, before: Sequence[Fitted]) -> Fitted:
    """One frame, at once or in parts."""
    source, truth = loaded.source, loaded.truths[begun.index]
    measurement, control = begun.measurement, begun.control
    cost, parts = foreseen(measurement, context, medium)
    if limit := medium.workload(measurement).engine.stopping.max_time:
        control = replace(control, deadline=time.perf_counter() + limit)
    if parts.tiles:
        tiled = medium.for_tiles(source, measurement)

        def fit_tile(tile: Tensor, name: str, number: int) -> Fitted:
            own = replace(
                control,
                label=f"{control.label} {name}",
                seed=derive_seed(control.seed, number),
                deadline=control.share_of_time(cost.tiles - number),
            )
            return _fit_warm(_stated(loaded, tile, context, tiled, own), context, own)

        return fit_parts(measurement, parts, fit_tile)
    statement = begun.statement or _stated(loaded, measurement, context, medium, control)
    metric = None if truth is None else medium.metric(source, statement, truth)
    return _fit_warm(statement, context, control, metric=metric, networks=medium.networks(before, statement))


def _fit_warm(
    statement: Statement,
    context: Context,
    control: Control,
    *,
    metric: Callable[[Tensor], float] | None = None,
    networks: Sequence[Networks] = (),
) -> Fitted:
    """Fit from these networks or, where there are none and that is asked for, from those of the last fit."""
    warm = context.warm_start
    if warm is None:
        return fit(statement, context, control, metric=metric, networks=networks)
    if not networks:
        statement, networks = warm(statement)
    fitted = fit(statement, context, control, metric=metric, networks=networks)
    warm.keep(control.label, fitted)
    return fitted


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
