"""From what was typed to a list of items: which file is read, and where its result goes; frozen in a file.

Every shard and every later call of a batch sees the items that were found first.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dipcli import __version__
from dipcli.errors import InputError, OptionError
from dipcli.io.names import in_natural_order
from dipcli.io.run_record import load_record, save_record
from dipcli.options.call import Call
from dipcli.pipeline.item import Item

NAME = "dipcli.plan.json"


def share(items: Sequence[Item], part: int, parts: int) -> list[Item]:
    """The items of one part of `parts`, counted from 1, in their order.

    Dealt out by size, so that all parts have about as much to do.
    """
    dealt = set(sorted(items, key=lambda item: (-item.size, item.name))[part - 1 :: parts])
    return [item for item in items if item in dealt]


def plan(
    inputs: Sequence[Path],
    output: Path | None,
    *,
    recursive: bool,
    overwrite: bool,
    suffixes: Collection[str],
    suffix: str | None = "",
) -> list[Item]:
    """The items of a batch, in the order given; folders in natural order, `@list.txt` line by line.

    One file goes to `output` unless that is a folder; several go into it under their own names, which end in
    `suffix` where one is given. Where `suffixes` name "/", a folder is an input itself, as a stack of frames is.
    Raises InputError for folders without pictures and lists that cannot be read, OptionError where an output
    exists, is an input, or is claimed twice: all before anything is computed.
    """
    found = [pair for path in inputs for pair in _find(path, recursive, suffixes)]
    if not found:
        raise OptionError("No input was given; name a file, a folder with -r, or @list.txt.")
    many = "/" not in suffixes and any(path.is_dir() for path in inputs)
    if suffix is None:
        return [Item(path, path, name) for path, name in found]
    into_folder = len(found) > 1 or many or bool(output and output.is_dir())
    if into_folder and output is not None and output.is_file():
        raise OptionError(f"{output} is a file, but {len(found)} inputs need a folder; name another --output.")
    items = [Item(path, _output(path, name, output, into_folder, suffix), name) for path, name in found]
    _check(items, overwrite)
    return items


def _find(path: Path, recursive: bool, suffixes: Collection[str]) -> list[tuple[Path, str]]:
    """Files with their names within the batch."""
    if str(path).startswith("@") and not path.exists():
        return [(Path(line), Path(line).name) for line in _lines(Path(str(path)[1:]))]
    if not path.is_dir() or "/" in suffixes:
        return [(path, path.name)]
    if not recursive:
        raise OptionError(f"{path} is a folder; add -r to take the pictures in it.")
    files = in_natural_order(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    if not files:
        raise InputError(f"{path}: no pictures in this folder; it takes {', '.join(sorted(suffixes))}.")
    return [(file, str(file.relative_to(path))) for file in files]


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: this list cannot be read; give a text file with one path a line.") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _output(path: Path, name: str, output: Path | None, into_folder: bool, suffix: str) -> Path:
    if output is None:
        return path.with_name(f"{path.stem}_restored{suffix or path.suffix}")
    own = Path(name).with_suffix(suffix) if suffix else Path(name)
    return output / own if into_folder else output


def _check(items: Sequence[Item], overwrite: bool) -> None:
    sources = {item.input.resolve() for item in items}
    claimed: dict[Path, Path] = {}
    for item in items:
        target = item.output.resolve()
        if target in sources:
            raise OptionError(f"{item.output} is an input and is never written over; name another --output.")
        if target in claimed:
            raise OptionError(f"{item.input} and {claimed[target]} would both be written to {item.output}.")
        record = target.with_suffix("")
        if record in claimed:
            raise OptionError(
                f"{item.input} and {claimed[record]} would have one record, {record.name}.run.json; "
                "give them outputs of their own."
            )
        claimed[target] = claimed[record] = item.input
        if item.output.exists() and not overwrite:
            raise OptionError(f"{item.output} exists; add --overwrite, or name another --output.")


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
            {
                "name": item.name,
                "input": item.input,
                "output": item.output.relative_to(folder),
                "bytes": item.size,
            }
            for item in items
        ],
    }
    save_record(folder / NAME, record)


def load_manifest(folder: Path) -> Manifest:
    """The plan of the batch that was written into a folder. Errors: InputError when there is none of use.

    Outputs lie in that folder, wherever it has been moved to, and never outside of it.
    """
    record: dict[str, Any] = load_record(folder / NAME)
    try:
        call = record["call"]
        words = {name: tuple(option) for name, option in call["words"].items()}
        items = [Item(Path(entry["input"]), folder / entry["output"], entry["name"]) for entry in record["items"]]
        outside = [item.output for item in items if not _is_within(item.output, folder)]
        if outside:
            raise InputError(
                f"{folder / NAME}: {outside[0]} is not in this folder; delete the plan and run again."
            )
        return Manifest(Call(call["command"], tuple(call["inputs"]), words, call["asked"]), tuple(items))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / NAME}: is no plan of this program; delete it and run again.") from error


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path stays in a folder: not by links, which its owner made, but by what is written."""
    return path.is_relative_to(folder) and ".." not in path.relative_to(folder).parts
