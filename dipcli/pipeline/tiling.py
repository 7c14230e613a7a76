"""Pictures in tiles: when, how large, and one frame made of them all."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import get_args

import torch
from torch import Tensor

from dipcli.engine.forecast import PROCESS_BYTES, Forecast, forecast_fit
from dipcli.engine.restore import Result
from dipcli.engine.solve import Ending
from dipcli.errors import DipcliError, InputError
from dipcli.pipeline.fit import Frame
from dipcli.pipeline.statement import Outcome, State, Statement
from dipcli.pipeline.tiles import Mosaic, cut
from dipcli.report.history import History

SMALL = 1_000_000  # values: a smaller frame fits wherever the program itself does
TRIAL_SIDES = {1: 4096, 2: 128, 3: 32}
LEAST_SIDE = 160  # of tiles that are chosen here
SHARE = 0.8  # of the free memory that is used
GIGABYTE = 1e9
KEPT_BYTES = 40  # for each value of the whole picture, beside its tiles

PARTS = ("picture", "classical", "missing", "kept", "spread")  # of a frame, that tiles have too

RestoreTile = Callable[[Tensor, str, int], Frame]  # measured, what it is called, its number


def forecast_frame(measurement: Tensor, state: State, count: int = 1) -> Forecast | None:
    """What so many such frames will cost, from its middle; None where the middle alone cannot be stated."""
    space = measurement.shape[1:]
    side = TRIAL_SIDES[len(space)]
    middle = [slice(max(0, (n - side) // 2), max(0, (n - side) // 2) + min(n, side)) for n in space]
    crop = measurement[(slice(None), *middle)]
    begin = time.perf_counter()
    try:
        statement = state(crop)
        textbook = time.perf_counter() - begin
        if statement.problem is None:
            return None
        fit = forecast_fit(statement.problem, statement.options)
        one = replace(fit, seconds=fit.seconds + textbook).times(measurement.numel() / crop.numel())
        return replace(one, seconds=one.seconds * count)
    except DipcliError:
        return None


def tile_side(measurement: Tensor, state: State, told: int | None, free: float | None) -> int | None:
    """The side of the tiles, or None for the whole frame at once; `told` 0 is for no tiles.

    Raises InputError where the frame fits neither at once nor in tiles that are allowed, as far as can be told.
    """
    space = measurement.shape[1:]
    if told or measurement.numel() < SMALL or free is None:
        return told if told and max(space) > told else None
    forecast = forecast_frame(measurement, state)
    if forecast is None or forecast.bytes <= SHARE * free:
        return None
    room = SHARE * free - PROCESS_BYTES - KEPT_BYTES * measurement.numel()
    side = int((measurement[0].numel() * max(room, 0) / (forecast.bytes - PROCESS_BYTES)) ** (1 / len(space)))
    if side < LEAST_SIDE or told == 0:
        advice = (
            "leave --tile 0 out" if side >= LEAST_SIDE else "use fewer --jobs, a smaller --width, or --preset fast"
        )
        raise _too_large(forecast.bytes, free, advice)
    return side // 32 * 32


def check_room(needed: float, free: float | None, advice: str) -> None:
    """Raise InputError where so many bytes, of the whole program, are not free, as far as can be told."""
    if free is not None and needed > SHARE * free:
        raise _too_large(needed, free, advice)


def _too_large(needed: float, free: float, advice: str) -> InputError:
    return InputError(f"needs about {needed / GIGABYTE:.1f} GB, and {free / GIGABYTE:.1f} GB are free; {advice}.")


def restore_tiles(measurement: Tensor, side: int, restore_tile: RestoreTile) -> Frame:
    """Restore a frame tile by tile, by the function that restores one.

    Raises InputError where a tile's result is not a whole number of times as large as the tile.
    """
    tiles = cut(measurement.shape[1:], side)
    mosaics = {
        name: Mosaic(measurement.shape[1:]) for name in ("picture", "classical", "missing", "kept", "spread")
    }
    frames: list[Frame] = []
    for index, tile in enumerate(tiles):
        frame = restore_tile(tile.of(measurement), f"tile {index + 1}/{len(tiles)}", index)
        factor = frame.outcome.picture.shape[1] / (tile.spans[0][1] - tile.spans[0][0])
        if not factor.is_integer():
            raise InputError("a result that is not a whole number of times larger has no tiles; leave --tile out.")
        for name, picture in _pictures(frame).items():
            mosaics[name].add(tile, picture.float(), int(factor))
        frames.append(_without_tensors(frame))
    whole = {name: mosaic.picture() for name, mosaic in mosaics.items()}
    return _one(frames, whole, f"{len(tiles)} of up to {side} pixels")


def _pictures(frame: Frame) -> dict[str, Tensor]:
    found = {
        "picture": frame.outcome.picture,
        "classical": frame.statement.classical[1],
        "missing": frame.statement.missing,
        "kept": frame.statement.kept,
        "spread": frame.spread,
    }
    return {name: picture for name, picture in found.items() if picture is not None}


def _without_tensors(frame: Frame) -> Frame:
    """The frame without what grows with the number of tiles."""
    blank = torch.empty(0)
    statement = replace(
        frame.statement, problem=None, classical=(frame.statement.classical[0], blank), beside={}, missing=None,
        kept=None,
    )  # fmt: skip
    result = frame.result and replace(
        frame.result,
        estimate={},
        picture=blank,
        spread=None,
        solutions=tuple(replace(solution, estimate={}) for solution in frame.result.solutions),
        networks=(),
    )
    return Frame(statement, replace(frame.outcome, picture=blank, objects={}), result, frame.history)


def _mask(shares: Tensor) -> Tensor | None:
    return shares > 0.5 if shares.numel() else None


def _one(frames: Sequence[Frame], whole: dict[str, Tensor], told: str) -> Frame:
    """One frame from those of the tiles: sums and the worst ending; what was decided, of the first one."""
    first = frames[0]
    statement: Statement = replace(
        first.statement,
        classical=(first.statement.classical[0], whole["classical"]),
        facts={**first.statement.facts, "tiles": told},
        warnings=tuple(dict.fromkeys(text for frame in frames for text in frame.statement.warnings)),
        missing=_mask(whole["missing"]),
        kept=_mask(whole["kept"]),
        checks=lambda _: {},
    )
    warnings = tuple(dict.fromkeys(text for frame in frames for text in frame.outcome.warnings))
    outcome = Outcome(whole["picture"], warnings=warnings, facts=first.outcome.facts)
    results = [frame.result for frame in frames if frame.result is not None]
    if not results:
        return Frame(statement, outcome)
    spread = whole["spread"] if whole["spread"].numel() and len(results) == len(frames) else None
    ending: Ending = max((result.ending for result in results), key=get_args(Ending).index)
    solutions = tuple(solution for result in results for solution in result.solutions)
    result = Result({}, whole["picture"], spread, ending, solutions, results[0].tuning, ())
    return Frame(statement, outcome, result, History.of([frame.history for frame in frames]))
