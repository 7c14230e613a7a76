"""What the files of a folder of outputs tell of each item."""

from collections.abc import Sequence
from pathlib import Path

from dipcli.errors import InputError
from dipcli.io.run_record import load_record
from dipcli.pipeline.item import Item
from dipcli.pipeline.progress_files import failure_of, glance, is_checkpoint, recorded_outputs


def items_in(folder: Path) -> Sequence[Item]:
    """The items whose records, failures or checkpoints lie in a folder that has no plan, and below it.

    Raises InputError where it is no folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; check the path.")
    found: dict[str, Item] = {}
    for ending in ("run.json", "failed.json", "checkpoint"):
        for path in sorted(folder.rglob(f"*.{ending}")):
            if ending == "checkpoint" and not is_checkpoint(path):
                continue
            stem = path.name.removesuffix(f".{ending}")
            outputs = recorded_outputs(path) if ending == "run.json" else []
            output = path.with_name(outputs[0] if outputs else stem)
            name = str(output.relative_to(folder))
            found.setdefault(str(path.with_name(stem)), Item(output, output, name, stem))
    return sorted(found.values(), key=lambda item: item.name)


def row_of(item: Item) -> dict[str, object]:
    """Where an item stands, and what its record says in short."""
    standing = glance(item)
    row: dict[str, object] = {"name": item.name, "standing": standing}
    try:
        if standing == "done":
            record = load_record(item.beside("run.json"))
            row |= {name: record.get(name) for name in ("ending", "iterations", "seconds", "confirmed")}
        elif standing == "failed":
            row["error"] = failure_of(item)
    except InputError as error:
        row["error"] = str(error)
    return row
