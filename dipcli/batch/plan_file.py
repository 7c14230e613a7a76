"""The plan of a batch, frozen beside its outputs: every shard and every later call sees the same items."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dipcli import __version__
from dipcli.batch.plan import Item
from dipcli.errors import InputError
from dipcli.io.run_record import load_record, save_record
from dipcli.options.call import Call

NAME = "dipcli.plan.json"


@dataclass(frozen=True)
class Manifest:
    """What is to be done, and by which call."""

    call: Call
    items: tuple[Item, ...]


def save_manifest(folder: Path, call: Call, items: Sequence[Item], seed: int) -> None:
    """Freeze a plan. Errors: OutputError when it cannot be written."""
    record = {
        "version": __version__,
        "call": asdict(call),
        "seed": seed,  # of each input: from this one and from its name
        "items": [
            {"name": item.name, "input": item.input, "output": item.output, "bytes": item.size} for item in items
        ],
    }
    save_record(folder / NAME, record)


def load_manifest(folder: Path) -> Manifest:
    """The plan of the batch that was written into a folder. Errors: InputError when there is none."""
    record: dict[str, Any] = load_record(folder / NAME)
    try:
        call = record["call"]
        words = {name: tuple(option) for name, option in call["words"].items()}
        items = [Item(Path(entry["input"]), Path(entry["output"]), entry["name"]) for entry in record["items"]]
        return Manifest(Call(call["command"], tuple(call["inputs"]), words, call["asked"]), tuple(items))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / NAME}: is no plan of this program; delete it and run again.") from error
