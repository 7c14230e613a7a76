"""One picture file from input to outputs: restore it, write everything, record it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli.batch.plan import Item
from dipcli.cli.pictures import Restored, restore_picture
from dipcli.cli.records import record_of
from dipcli.cli.run import Record, Session
from dipcli.io.atomic import write_atomically
from dipcli.io.images import plain_picture, save_picture
from dipcli.io.run_record import save_record
from dipcli.tasks.statement import State


def process_picture(
    item: Item, session: Session, state: State, options: Mapping[str, Any], *, volume: bool = False
) -> Record:
    """Restore one file and write picture, history, spread and, last of all, the record.

    `options` are those of the command, for the record. Raises InputError for what cannot be read or used,
    OutputError for what cannot be written.
    """
    restored = restore_picture(item, session, state, volume=volume)
    outputs = _write(item, restored)
    record = record_of(item, session, restored, outputs, options)
    save_record(beside(item.output, "run.json"), record)
    return record


def _write(item: Item, restored: Restored) -> dict[str, Path]:
    """Write picture, spread over runs and history; returns what was written, by name.

    Raises OutputError for what cannot be written.
    """
    results = [frame.result for frame in restored.frames]
    save_picture(item.output, [_array(result.picture) for result in results], restored.picture)
    outputs = {"picture": item.output, "history": beside(item.output, "history.csv")}
    write_atomically(outputs["history"], b"".join(f.history.csv(i) for i, f in enumerate(restored.frames)))
    spreads = [result.spread for result in results]
    if all(spread is not None for spread in spreads):
        outputs["spread"] = beside(item.output, "spread.tif")
        maps = [_array(s.square().mean(0, keepdim=True).sqrt()) for s in spreads if s is not None]
        save_picture(outputs["spread"], maps, plain_picture(maps))
    return outputs


def beside(output: Path, ending: str) -> Path:
    """The path of a file that accompanies an output: clean.png -> clean.run.json."""
    return output.with_name(f"{output.stem}.{ending}")


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().cpu().numpy()
    return array
