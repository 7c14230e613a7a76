"""Which files an item may write, and whose they are: nothing is written over that belongs to somebody else."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from dipcli.batch.places import HEADERS, OutputFolder, Protected, forms_of, is_taken
from dipcli.errors import InputError, OptionError
from dipcli.options.call import Call
from dipcli.options.naming import ALWAYS, Naming
from dipcli.pipeline.item import Item
from dipcli.pipeline.progress_files import is_checkpoint, may_be_checkpoint, recorded_outputs


def may_write(item: Item, naming: Naming) -> list[Path]:
    """All files that an item may write, the output first; # stands for a number, or none.

    Headers of pairs lie beside pairs alone: scan.cfl may become scan.npy in its own folder.
    """
    paths = [item.beside(ending) for ending in (*ALWAYS, *naming.beside)]
    header = HEADERS.get(item.output.suffix)
    return [item.output, *(path for path in paths if path.suffix not in HEADERS.values() or path.suffix == header)]


def refuse_conflicts(items: Sequence[Item], naming: Naming, call: Call) -> None:
    """Raise OptionError where an item may write over an input, a file of an option, or another item's files.

    Nothing of that is ever allowed.
    """
    inputs = Protected(item.file for item in items if not item.file.is_dir())
    given = Protected(_of_options(call))
    claimed: dict[str, Item] = {}
    for item in items:
        _claim(item, item.output, forms_of(inputs.key(item.output)), claimed)
    for item in items:
        for path in may_write(item, naming):
            if inputs.has(path):
                raise OptionError(f"{_shown(path)} is an input and is never written over; name another --output.")
            if given.has(path):
                raise OptionError(f"{_shown(path)} belongs to an option and is kept; name another --output.")
            _claim(item, path, [inputs.key(path)], claimed)


def _claim(item: Item, path: Path, keys: Iterable[str], claimed: dict[str, Item]) -> None:
    """Note whose a path is. Raises OptionError where it is another's already."""
    own, *numbered = keys
    other = claimed.setdefault(own, item)
    if other is not item:
        beside = "" if path == item.output else f"{_shown(path)}, which lies beside "
        raise OptionError(
            f"{item.input} and {other.input} would both be written to {beside}{item.output}; "
            "give them outputs of their own."
        )
    for key in numbered:  # a.png for a#.png, which a1.png may be, too
        claimed.setdefault(key, item)


def refuse_existing(
    items: Iterable[Item], naming: Naming, planned: Collection[Path], *, overwrite: bool, goes_on: bool
) -> None:
    """Raise OptionError where something would be written over that is no earlier output of this program.

    `planned` are outputs of earlier calls, whose files are all this program's; only a call that goes on may write
    over outputs. With `overwrite` all may be written over but folders, devices, and what is not of this program in
    the place of a checkpoint. Raises OutputError for folders that cannot be written into.
    """
    folders: dict[Path, OutputFolder] = {}
    for item in items:
        if item.output.parent not in folders:
            folders[item.output.parent] = OutputFolder(item.output.parent)
        folder = folders[item.output.parent]
        folder.refuse_long(item.output)
        taken = [path for path in may_write(item, naming) if folder.has(path)]
        if taken:
            owned = _owned(item, naming, is_planned=item.output.absolute() in planned)
            _refuse(item, taken, owned if goes_on else owned - {item.output.name}, overwrite=overwrite)


def refuse_missing(needed: Iterable[tuple[str, Path]]) -> None:
    """Raise InputError where a file, a folder or FILE:NAME is not there that an option names."""
    for flag, path in needed:
        file = Path(str(path).rpartition(":")[0])
        if not is_taken(path) and not (file.name and is_taken(file)):
            raise InputError(f"{flag} {path}: there is no such file; check the path.")


def _refuse(item: Item, taken: Sequence[Path], owned: Collection[str], *, overwrite: bool) -> None:
    for path in taken:
        if path == item.beside("checkpoint"):
            if not may_be_checkpoint(path):
                raise OptionError(
                    f"{path} is not of this program, and its place is that of checkpoints; "
                    "move it, or name another --output."
                )
        elif path == item.beside("failed.json") and path.is_dir():
            continue  # that a failure cannot be noted is a warning, if it comes to that
        elif is_taken(path) and not path.is_symlink() and not path.is_file():
            raise OptionError(f"{path} is no file that could be written over; name another --output.")
        elif not overwrite and path.name not in owned:
            raise OptionError(f"{_shown(path)} exists; add --overwrite, or name another --output.")


def _owned(item: Item, naming: Naming, *, is_planned: bool) -> set[str]:
    """The names among the item's files that this program has written."""
    if is_planned or is_checkpoint(item.beside("checkpoint")):
        return {path.name for path in may_write(item, naming)}
    names = recorded_outputs(item.beside("run.json"))
    if not names or (names[0] != item.output.name and is_taken(item.output.with_name(names[0]))):
        return set()
    return {item.beside(ending).name for ending in ALWAYS}.union(*(forms_of(name) for name in names))


def _of_options(call: Call) -> list[Path]:
    """What options name, and lists of inputs."""
    words = [option[-1] for name, option in call.words.items() if name != "output" and len(option) > 1]
    return [Path(word) for word in (*words, *(text[1:] for text in call.inputs if text[:1] == "@")) if word]


def _shown(path: Path) -> str:
    return str(path.with_name(path.name.replace("#.", ".")))
