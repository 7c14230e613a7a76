"""One picture file from input to outputs: restore it, write everything, record it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli.batch.plan import Item
from dipcli.io.atomic import write_atomically
from dipcli.io.names import beside
from dipcli.io.run_record import save_record
from dipcli.pictures.files.images import Picture, plain_picture, save_picture
from dipcli.pictures.medium import restore_picture
from dipcli.pipeline.context import Record, Session
from dipcli.pipeline.fit import Restored
from dipcli.pipeline.record import record_of
from dipcli.pipeline.statement import State


def process_picture(
    item: Item, session: Session, picture: Picture, state: State, preset: str, tile: int | None = 0
) -> Record:
    """Restore one file, read as `picture`, and write picture, history, spread and, last of all, the record.

    `tile` is the side of tiles; 0 is for no tiles, None for tiles where memory wants them.

    Raises InputError for what cannot be read or used,
    OutputError for what cannot be written.
    """
    restored = restore_picture(item, session, picture, state, tile)
    outputs = _write(item, picture, restored)
    record = record_of(item, session, restored, outputs, preset)
    save_record(beside(item.output, "run.json"), record)
    return record


def _write(item: Item, picture: Picture, restored: Restored) -> dict[str, Path]:
    """Write picture, spread over runs and history; returns what was written, by name.

    Raises OutputError for what cannot be written.
    """
    pictures = [_array(frame.outcome.picture) for frame in restored.frames]
    save_picture(item.output, pictures, picture, _kept(restored))
    outputs = {"picture": item.output, "history": beside(item.output, "history.csv")}
    write_atomically(outputs["history"], b"".join(f.history.csv(i) for i, f in enumerate(restored.frames)))
    outputs |= _write_objects(item, restored)
    spreads = [frame.spread for frame in restored.frames]
    if all(spread is not None for spread in spreads):
        outputs["spread"] = beside(item.output, "spread.tif")
        maps = [_array(s.square().mean(0, keepdim=True).sqrt()) for s in spreads if s is not None]
        save_picture(outputs["spread"], maps, plain_picture(maps))
    return outputs


def _write_objects(item: Item, restored: Restored) -> dict[str, Path]:
    """Write what was found beside the pictures: exactly, and to be looked at with its largest value white."""
    outputs: dict[str, Path] = {}
    for index, frame in enumerate(restored.frames):
        for name, tensor in frame.outcome.objects.items():
            called = name if len(restored.frames) == 1 else f"{name}{index}"
            exact = _array(tensor)[None]
            shown = (exact / max(float(exact.max()), 1e-30)).clip(0, 1)
            for ending, array, dtype in (("npy", exact, "float32"), ("png", shown, "uint16")):
                path = beside(item.output, f"{called}.{ending}")
                save_picture(path, [array], plain_picture([array], dtype=dtype))
                outputs[f"{called}_{ending}"] = path
    return outputs


def _kept(restored: Restored) -> list[NDArray[np.bool_]] | None:
    kept = [frame.statement.kept for frame in restored.frames]
    return [tensor.cpu().numpy() for tensor in kept if tensor is not None] if None not in kept else None


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().cpu().numpy()
    return array
