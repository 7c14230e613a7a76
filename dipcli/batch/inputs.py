"""From what was typed to files: folders are looked through, and lists are read."""

import codecs
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dipcli.errors import InputError, OptionError
from dipcli.io.names import ending_of, in_natural_order, is_of_the_system, name_of, stem_of
from dipcli.options.naming import ALWAYS, Naming
from dipcli.pipeline.item import is_there
from dipcli.report.messages import LOGGER

# Longer ones begin with shorter ones: UTF-32 is recognised before UTF-16. PowerShell writes UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
LONGEST_LIST = 1_000_000_000  # bytes
RESTORED = "_restored"

Found = tuple[Path, str]  # a file, and its name within the batch


def find_inputs(
    inputs: Sequence[Path], naming: Naming, *, recursive: bool, output: Path | None = None
) -> list[Found]:
    """The inputs in the order given; folders sorted by name, `@list.txt` line by line.

    Of folders, what systems and this program leave in them is no input, nor what lies in the folder `output`.
    Raises InputError for folders without pictures and lists that cannot be read, OptionError for folders that are
    none of the inputs.
    """
    found: list[Found] = []
    for path in inputs:
        is_list = str(path).startswith("@") and not is_there(path)
        for each in read_list(str(path)[1:]) if is_list else (path,):
            if not _is_folder(each) or naming.takes_folders:
                found.append((each, name_of(each)))
            elif recursive:
                found += _look_through(each, naming, output)
            else:
                raise OptionError(f"{each} is a folder; add -r to take the files in it.")
    return found


def read_list(name: str) -> list[Path]:
    """The paths in a text file, one a line, or with a zero byte after each, as of `find -print0`; - is stdin.

    Lines that begin with # are left out. Paths need not be UTF-8. Raises InputError where there is no such list.
    """
    try:
        content = sys.stdin.buffer.read() if name == "-" else _content(Path(name))
        mark = next((mark for mark in MARKS if content.startswith(mark)), None)
        text = os.fsdecode(content) if mark is None else content.decode(MARKS[mark])
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: this list cannot be read; give a text file with one path a line.") from error
    if "\0" in text:
        return [Path(path) for path in text.split("\0") if path]
    lines = (line.strip() for line in text.split("\n"))
    return [Path(line) for line in lines if line and not line.startswith("#")]


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LONGEST_LIST + 1)
    if len(content) > LONGEST_LIST:
        raise ValueError("no list is so long")
    return content


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _look_through(folder: Path, naming: Naming, output: Path | None) -> list[Found]:
    skipped = None if output is None or output.resolve() == folder.resolve() else output.resolve()
    files: list[Path] = []
    n_results = 0
    for parent, names in _folders(folder, skipped):
        known = set(names)
        wanted = [name for name in names if ending_of(Path(name)).lower() in naming.inputs]
        own = {name for name in wanted if _is_of_this_program(name, known, wanted)}
        n_results += len(own)
        files += [parent / name for name in wanted if name not in own and (parent / name).is_file()]
    if n_results:
        LOGGER.info("%s: %d files that dipcli made there are no inputs.", folder, n_results)
    if not files:
        raise InputError(f"{folder}: no pictures in this folder; it takes {', '.join(sorted(naming.inputs))}.")
    return [(file, str(file.relative_to(folder))) for file in in_natural_order(files)]


def _folders(folder: Path, skipped: Path | None) -> Iterator[tuple[Path, list[str]]]:
    """A folder and those in it, with the names of their files; links to folders are not followed."""

    def warn(error: OSError) -> None:
        LOGGER.warning("%s: this folder cannot be read, %s.", error.filename, error.strerror)

    for place, folders, names in os.walk(folder, onerror=warn):
        parent = Path(place)
        folders[:] = [
            name for name in folders if not is_of_the_system(name) and (parent / name).resolve() != skipped
        ]
        yield parent, [name for name in names if not is_of_the_system(name)]


def _is_of_this_program(name: str, names: set[str], wanted: Iterable[str]) -> bool:
    """Whether a file lies beside an output (clean.spread.tif), or is one beside its input (a_restored.png)."""
    stem = stem_of(Path(name))
    if _is_output(stem, names):
        before = stem.removesuffix(RESTORED)
        return before != stem and any(stem_of(Path(other)) == before for other in wanted)
    before, dot, _ = stem.rpartition(".")
    return bool(dot) and _is_output(before, names)


def _is_output(stem: str, names: set[str]) -> bool:
    return any(f"{stem}.{ending}" in names for ending in ALWAYS if ending != "history.csv")
