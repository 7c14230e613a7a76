"""From what was typed to a list of items: which file is read, and where its result goes; frozen in a file.

Every shard and every later call of a batch sees the items that were found first.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from dipcli import __version__
from dipcli.batch.inputs import find_inputs
from dipcli.errors import InputError, OptionError
from dipcli.io.names import ending_of, name_of, stem_of
from dipcli.io.run_record import load_record, save_record
from dipcli.options.call import Call
from dipcli.options.files import FileOptions
from dipcli.options.naming import Naming
from dipcli.options.presets import PresetName
from dipcli.options.resolved import Resolved
from dipcli.pipeline.item import Item, is_there, item_of
from dipcli.pipeline.progress_files import recorded_outputs

NAME = "dipcli.plan.json"


def share(items: Sequence[Item], part: int, parts: int) -> list[Item]:
    """The items of one part of `parts`, counted from 1, in their order.

    Dealt out by size, so that all parts have about as much to do.
    """
    dealt = set(sorted(items, key=lambda item: (-item.size, item.name))[part - 1 :: parts])
    return [item for item in items if item in dealt]


def plan(inputs: Sequence[Path], files: FileOptions, naming: Naming) -> list[Item]:
    """The items of a batch, in the order of `find_inputs`.

    One file goes to the output unless that is a folder; several go into it under their own names, which end as
    `naming` says. Raises InputError where nothing is there, OptionError where the output cannot be one.
    """
    output = files.output
    found = find_inputs(inputs, naming, recursive=files.recursive, output=output)
    if not found:
        raise OptionError("No input was given; name a file, a folder with -r, or @list.txt.")
    is_whole_folder = not naming.takes_folders and any(path.is_dir() for path in inputs if is_there(path))
    if output is None:
        items = [_restored(Item(path, path, name), naming) for path, name in found]
    elif len(found) > 1 or is_whole_folder or _means_folder(output, files):
        if output.is_file():
            raise OptionError(
                f"{output} is a file, but {len(found)} input(s) need a folder; name another --output."
            )
        items = [Item(path, output / _own_name(name, naming), name) for path, name in found]
    else:
        ((path, name),) = found
        items = [Item(path, _with_ending(output, path, files, naming), name)]
    return _with_stems(items)


def _restored(item: Item, naming: Naming) -> Item:
    """With an output beside the input: NAME_restored."""
    file = item.file
    name = file.name if file.name not in ("", "..") else name_of(file)
    folder = file.parent if name == file.name else Path()
    return replace(item, output=folder / f"{stem_of(Path(name))}_restored{naming.ending or ending_of(file)}")


def _means_folder(output: Path, files: FileOptions) -> bool:
    """Whether an output is a folder, or will be one: it was typed with a slash, or names no format."""
    return not files.is_piped and (files.into or output.is_dir() or not output.suffix)


def _own_name(name: str, naming: Naming) -> Path:
    return Path(name).with_suffix(naming.ending) if naming.ending else Path(name)


def _with_ending(output: Path, path: Path, files: FileOptions, naming: Naming) -> Path:
    """The one output. Raises OptionError where its name says no format; for a pipe it is the usual one."""
    if files.is_piped:
        own = ending_of(path).lower()
        ending = naming.ending if naming.ending and (naming.is_chosen or own not in naming.outputs) else own
        return output.with_name(f"{output.name}{ending if ending in naming.outputs else naming.outputs[0]}")
    if ending_of(output).lower() not in naming.outputs:
        raise OptionError(
            f"{output}: its name says no known format; end it in {', '.join(naming.outputs)}, "
            "or in / for a folder."
        )
    return output


def _with_stems(items: Sequence[Item]) -> list[Item]:
    """Of outputs that differ only in their endings, all but one have side files of their whole names.

    That one is what the record says that lies there, or else the first.
    """
    owners: dict[Path, str] = {}
    for item in items:
        record = item.beside("run.json")
        if record not in owners:
            names = recorded_outputs(record) if record.is_file() else []
            is_kept = bool(names) and record.with_name(names[0]).exists()
            owners[record] = names[0] if is_kept else item.output.name
    return [
        item if owners[item.beside("run.json")] == item.output.name else replace(item, stem=item.output.name)
        for item in items
    ]


@dataclass(frozen=True)
class Manifest:
    """What is to be done, by which call, and what that call comes to where it says nothing."""

    call: Call
    items: tuple[Item, ...]
    resolved: Resolved = field(default_factory=Resolved)
    seed: int = 0  # of each input: from this one and from its name
    version: str = __version__


def save_manifest(folder: Path, manifest: Manifest, *, once: bool = False) -> None:
    """Freeze a plan; `once` leaves one alone that lies there. Errors: OutputError when it cannot be written."""
    call, items = manifest.call, manifest.items
    record = {
        "version": manifest.version,
        "call": asdict(call),
        "seed": manifest.seed,
        **asdict(manifest.resolved),
        "items": [{**item.plain, "output": item.output.relative_to(folder), "bytes": item.size} for item in items],
    }
    save_record(folder / NAME, record, once=once)


def load_manifest(folder: Path) -> Manifest:
    """The plan of the batch that was written into a folder. Errors: InputError when there is none of use.

    Outputs lie in that folder, wherever it has been moved to, and never outside of it.
    """
    record: dict[str, Any] = load_record(folder / NAME)
    try:
        call = record["call"]
        words = {name: tuple(option) for name, option in call["words"].items()}
        items = [item_of({**entry, "output": folder / entry["output"]}) for entry in record["items"]]
        outside = [item.output for item in items if not _is_within(item.output, folder)]
        if outside:
            raise InputError(
                f"{folder / NAME}: {outside[0]} is not in this folder; delete the plan and run again."
            )
        typed = Call(call["command"], tuple(call["inputs"]), words, call["asked"])
        kinds = {kind: dict(flat) for kind, flat in record.get("options", {}).items()}
        resolved = Resolved(record.get("preset", "auto"), kinds)
        if resolved.preset not in get_args(PresetName):
            raise InputError(f"{folder / NAME}: names a preset that is not known; delete it and run again.")
        return Manifest(typed, tuple(items), resolved, record["seed"], str(record["version"]))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{folder / NAME}: is no plan of this program; delete it and run again.") from error


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path stays in a folder: not by links, which its owner made, but by what is written."""
    return path.is_relative_to(folder) and ".." not in path.relative_to(folder).parts
