"""Pictures in tiles: when, how large, and one frame made of them all."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import torch
from torch import Tensor

from dipcli.engine.forecast import PROCESS_BYTES, Forecast, Workload, forecast_of, needed_bytes
from dipcli.engine.restore import Result
from dipcli.engine.solve import Ending
from dipcli.errors import InputError
from dipcli.pipeline.statement import Fitted, Restoration
from dipcli.pipeline.tiles import Mosaic, Parts, cut
from dipcli.report.history import History

SMALL = 1_000_000  # values: a smaller frame fits wherever the program itself does
LEAST_SIDE = 160  # of tiles that are chosen here
SHARE = 0.8  # of the free memory that is used
GIGABYTE = 1e9
PLENTY, PLENTY_FOR_TILE = 3 * GIGABYTE, 1.2 * GIGABYTE
PLANE = 2
MOST_SAID = 4  # different decisions of parts
KEPT_BYTES = 40  # for each value of the whole picture, beside its tiles

FitTile = Callable[[Tensor, str, int], Fitted]  # measured, what it is called, its number


def side_of_tiles(work: Workload, device: torch.device, given: int | None, free: float | None) -> int | None:
    """The side of the tiles, or None for the whole frame at once; `given` 0 is for no tiles.

    On a processor, a picture takes no more than is plenty, though more be free: so its tiles, and with them its
    result, are the same on every machine that has as much.
    Raises InputError where the frame fits neither at once nor in tiles that are allowed, as far as that is known.
    """
    n_channels, *space = work.shape
    n_values = torch.Size(work.shape).numel()
    if given or n_values < SMALL or free is None:
        return given if given and max(space) > given else None
    needed, is_frugal = needed_bytes(work, device), given is None and len(space) == PLANE and device.type == "cpu"
    if needed <= (min(SHARE * free, PLENTY) if is_frugal else SHARE * free):
        return None
    room = SHARE * free - PROCESS_BYTES - KEPT_BYTES * n_values
    room = min(room, PLENTY_FOR_TILE) if is_frugal else room
    side = int((n_values / n_channels * max(room, 0) / (needed - PROCESS_BYTES)) ** (1 / len(space)))
    if side < LEAST_SIDE or given == 0:
        advice = (
            "leave --tile 0 out" if side >= LEAST_SIDE else "use fewer --jobs, a smaller --width, or --preset fast"
        )
        raise _too_large(needed, free, advice)
    return side // 32 * 32


def forecast_in_tiles(work: Workload, device: torch.device, side: int | None, count: int = 1) -> Forecast:
    """What so many frames cost in tiles of that side, or at once; tiles overlap, and only one is in memory."""
    if side is None:
        return forecast_of(work, device, count=count)
    channels, *space = work.shape
    sizes = [[end - begin for begin, end in tile.spans] for tile in cut(space, side)]
    n_values = torch.Size(work.shape).numel()
    share = channels * sum(math.prod(size) for size in sizes) / n_values
    whole = forecast_of(work, device, share=share, count=count)
    largest = channels * max(math.prod(size) for size in sizes) / n_values
    part = PROCESS_BYTES + (whole.bytes - PROCESS_BYTES) * largest + KEPT_BYTES * n_values
    return replace(whole, bytes=part, tiles=len(sizes))


def forecast_of_windows(works: Sequence[Workload], n_values: int, device: torch.device, count: int) -> Forecast:
    """What so many frames of so many values cost, of which only windows are worked on, one after the other."""
    costs = [forecast_of(work, device, count=count) for work in works]
    return Forecast(
        sum(cost.least_seconds for cost in costs),
        sum(cost.seconds for cost in costs),
        max(cost.bytes for cost in costs) + KEPT_BYTES * n_values,
        len(works),
    )


def side_by_side(cost: Forecast, count: int, free: float | None) -> Forecast:
    """The cost where so many frames are in memory at a time, or as many as there is room for."""
    own = cost.bytes - PROCESS_BYTES
    room = count if free is None or own <= 0 else int((SHARE * free - PROCESS_BYTES) / own)
    at_once = max(1, min(count, room))
    return replace(cost, bytes=PROCESS_BYTES + at_once * own, at_once=at_once)


def check_room(needed: float, free: float | None, advice: str) -> None:
    """Raise InputError where so many bytes, of the whole program, are not free, as far as that is known."""
    if free is not None and needed > SHARE * free:
        raise _too_large(needed, free, advice)


def _too_large(needed: float, free: float, advice: str) -> InputError:
    return InputError(f"needs about {needed / GIGABYTE:.1f} GB, and {free / GIGABYTE:.1f} GB are free; {advice}.")


def fit_parts(measurement: Tensor, parts: Parts, fit_tile: FitTile) -> Fitted:
    """Fit a frame part by part, by the function that fits one.

    Raises InputError where a tile's result is not a whole number of times as large as the tile.
    """
    tiles, space = parts.tiles, measurement.shape[1:]
    behind = _around_windows(measurement, parts) if parts.kind == "window" else {}
    mosaics = {name: Mosaic(space, picture) for name, picture in behind.items()}
    frames: list[Fitted] = []
    for index, tile in enumerate(tiles):
        frame = fit_tile(tile.of(measurement), f"{parts.kind} {index + 1}/{len(tiles)}", index)
        factor = frame.picture.shape[1] / (tile.spans[0][1] - tile.spans[0][0])
        if not factor.is_integer():
            raise InputError("a result that is not a whole number of times larger has no tiles; leave --tile out.")
        for name, picture in _pictures(frame).items():
            mosaic = mosaics.setdefault(name, Mosaic(space))
            mosaic.add(tile, picture if picture.dtype == torch.bool else picture.float(), int(factor))
        frames.append(_without_tensors(frame))
    whole = {name: mosaic.picture() for name, mosaic in mosaics.items()}
    return _one(frames, whole, parts)


def _around_windows(measurement: Tensor, parts: Parts) -> dict[str, Tensor]:
    """What is there where no window is: the measurement, known and unchanged."""
    behind, everywhere = measurement.clone(), torch.ones_like(measurement, dtype=torch.bool)
    for tile in parts.tiles:
        tile.of(behind).zero_()
    return {"picture": behind, "classical": behind.clone(), "mask": everywhere, "unchanged": everywhere.clone()}


def _pictures(frame: Fitted) -> dict[str, Tensor]:
    found = {
        "picture": frame.picture,
        "classical": frame.statement.classical[1],
        "mask": frame.statement.mask,
        "unchanged": frame.statement.unchanged,
        "spread": frame.spread,
    }
    return {name: picture for name, picture in found.items() if picture is not None}


def _without_tensors(frame: Fitted) -> Fitted:
    """The frame without what grows with the number of tiles."""
    blank = torch.empty(0)
    statement = replace(
        frame.statement, problem=None, classical=(frame.statement.classical[0], blank), beside={}, mask=None,
        unchanged=None, finish=None,
    )  # fmt: skip
    result = frame.result and replace(
        frame.result,
        estimate={},
        picture=blank,
        spread=None,
        solutions=tuple(replace(solution, estimate={}) for solution in frame.result.solutions),
        networks=(),
    )
    return Fitted(statement, replace(frame.restoration, picture=blank, objects={}), result, frame.history)


def _one(frames: Sequence[Fitted], whole: dict[str, Tensor], parts: Parts) -> Fitted:
    """One frame from those of the tiles: sums, the worst ending, and all that was decided."""
    first = frames[0]
    statement = replace(
        first.statement,
        classical=(first.statement.classical[0], whole["classical"]),
        decisions={**_all_said([frame.statement.decisions for frame in frames]), f"{parts.kind}s": str(parts)},
        warnings=tuple(dict.fromkeys(text for frame in frames for text in frame.statement.warnings)),
        mask=whole.get("mask"),
        unchanged=whole.get("unchanged"),
        checks=lambda _: {},
    )
    warnings = tuple(dict.fromkeys(text for frame in frames for text in frame.restoration.warnings))
    decisions = _all_said([frame.restoration.decisions for frame in frames])
    restoration = Restoration(whole["picture"], warnings=warnings, decisions=decisions)
    results = [frame.result for frame in frames if frame.result is not None]
    if not results:
        return Fitted(statement, restoration)
    spread = whole.get("spread") if len(results) == len(frames) else None
    ending: Ending = max((result.ending for result in results), key=get_args(Ending).index)
    solutions = tuple(solution for result in results for solution in result.solutions)
    result = Result({}, whole["picture"], spread, ending, solutions, results[0].tuning, ())
    return Fitted(statement, restoration, result, History.of([frame.history for frame in frames]))


def _all_said(decisions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was decided for the parts, by name: each thing once, and of many as much as can be read."""
    said: dict[str, list[Any]] = {}
    for each in decisions:
        for name, value in each.items():
            said.setdefault(name, []).append(value)
    return {name: _once(values) for name, values in said.items()}


def _once(values: Sequence[Any]) -> Any:  # noqa: ANN401 - what decisions are
    different = list(dict.fromkeys(map(str, values)))
    if len(different) == 1:
        return values[0]
    more = f" | and {len(different) - MOST_SAID} more" if len(different) > MOST_SAID else ""
    return " | ".join(different[:MOST_SAID]) + more
