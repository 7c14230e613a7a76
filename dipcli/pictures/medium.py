"""What all commands on picture files share: read, state, restore, score."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.batch.plan import Item
from dipcli.engine.device import derive_seed
from dipcli.engine.forecast import free_bytes
from dipcli.errors import InputError
from dipcli.metrics import psnr_db, psnr_up_to_shift_db, ssim
from dipcli.pictures.files.formats import format_of_name
from dipcli.pictures.files.images import Picture, check_output, load_picture
from dipcli.pipeline.context import Rehearsed, Session
from dipcli.pipeline.fit import Frame, Restored, label_of, restore_frame
from dipcli.pipeline.statement import Outcome, State, Statement
from dipcli.pipeline.tiling import forecast_frame, restore_tiles, tile_side
from dipcli.report.messages import LOGGER


def restore_picture(
    item: Item, session: Session, picture: Picture, state: State, tile: int | None = 0
) -> Restored:
    """Restore every frame of one file; scored where there is a reference.

    Raises InputError for a reference that does not fit.
    """
    start = time.perf_counter()
    check_output(item.output, picture)
    if session.rehearses:
        first = torch.from_numpy(picture.frames[0]).to(session.device)
        raise Rehearsed(forecast_frame(first, state, len(picture.frames)))
    for warning in picture.warnings:
        LOGGER.warning("%s", warning)
    references = _references(item, session, picture)
    frames: list[Frame] = []
    for index, (measured, reference) in enumerate(zip(picture.frames, references, strict=True)):
        label = label_of(item.name, index, len(references))
        seed = derive_seed(session.files.seed, item.name, index)
        frames.append(_restore_frame(measured, reference, session, state, Place(label, seed, tile)))
    warnings = [*picture.warnings, *(warning for frame in frames for warning in frame.warnings)]
    if any(frame.statement.exact for frame in frames) and format_of_name(item.output).is_lossy:
        warnings.append(f"{item.output}: is compressed again, and no value survives that; end the name in .png.")
        LOGGER.warning("%s", warnings[-1])
    seconds = time.perf_counter() - start
    return Restored(picture.stored_shape, picture.stored_dtype, frames, seconds, warnings)


def _references(item: Item, session: Session, picture: Picture) -> Sequence[NDArray[np.float32] | None]:
    """The true frames, or as many times None."""
    path = session.files.reference
    if path is None:
        return [None] * len(picture.frames)
    path = path / item.name if path.is_dir() else path
    frames = load_picture(path, volume=len(picture.encoding.layout.space) == 3).frames
    if len(frames) != len(picture.frames):
        raise InputError(
            f"{path}: {len(frames)} frame(s), but {item.input} has {len(picture.frames)}; give as many."
        )
    return frames


def _size(frame: Tensor) -> str:
    channels, *sides = frame.shape
    return f"{'x'.join(map(str, reversed(sides)))} with {channels} channel(s)"


@dataclass(frozen=True)
class Place:
    """What a frame is called, its seed, and the side of its tiles: 0 for none, None as memory allows."""

    label: str
    seed: int
    tile: int | None


def _restore_frame(
    measured: NDArray[np.float32],
    reference: NDArray[np.float32] | None,
    session: Session,
    state: State,
    place: Place,
) -> Frame:
    measurement = torch.from_numpy(measured).to(session.device)
    truth = None if reference is None else torch.from_numpy(reference).to(session.device)
    free = free_bytes(session.device)
    side = tile_side(measurement, state, place.tile, free and free / session.files.batch.jobs)
    if side is None:
        frame = _restore_whole(state(measurement), truth, session, place)
    else:

        def restore_tile(part: Tensor, name: str, index: int) -> Frame:
            seed = derive_seed(place.seed, index)
            return restore_frame(state(part), session, f"{place.label} {name}", seed)

        frame = restore_tiles(measurement, side, restore_tile)
        _check_size(truth, frame.statement, session)
    return replace(frame, metrics=_metrics(measurement, truth, frame.statement, frame.outcome))


def _restore_whole(statement: Statement, truth: Tensor | None, session: Session, place: Place) -> Frame:
    _check_size(truth, statement, session)
    seen = None if truth is None else truth[statement.part]
    metric = None if seen is None else lambda picture: psnr_db(picture, seen)
    return restore_frame(statement, session, place.label, place.seed, metric=metric)


def _check_size(truth: Tensor | None, statement: Statement, session: Session) -> None:
    if truth is not None and truth.shape != statement.classical[1].shape:
        raise InputError(
            f"{session.files.reference}: the reference is {_size(truth)}, but the result will be "
            f"{_size(statement.classical[1])}; give one of the same size."
        )


def _metrics(
    measurement: Tensor, truth: Tensor | None, statement: Statement, outcome: Outcome
) -> dict[str, float]:
    picture = outcome.picture
    metrics = {**statement.checks(picture), **outcome.metrics}
    if truth is None:
        return metrics
    metrics |= {
        "psnr_db": psnr_db(picture, truth),
        "ssim": ssim(picture, truth),
        "classical_psnr_db": psnr_db(statement.classical[1], truth),
    }
    if statement.up_to_shift:
        pictures = {"": picture, "classical_": statement.classical[1], "input_": measurement.nan_to_num()}
        metrics |= {f"{name}psnr_up_to_shift_db": psnr_up_to_shift_db(x, truth) for name, x in pictures.items()}
    if statement.missing is not None:
        missing = statement.missing
        metrics["missing_psnr_db"] = psnr_db(picture[missing], truth[missing])
        metrics["classical_missing_psnr_db"] = psnr_db(statement.classical[1][missing], truth[missing])
    elif measurement.shape == truth.shape:
        metrics["input_psnr_db"] = psnr_db(measurement.nan_to_num(), truth)
    return metrics
