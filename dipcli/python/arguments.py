"""From keyword arguments to options, with the sentences of the command line where they do not fit."""

import difflib
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np

from dipcli.errors import InputError, OptionError
from dipcli.options.call import Call
from dipcli.options.notes import Range
from dipcli.options.resolved import typed

COMMON = ("reference", "preset", "seed", "device", "threads")  # of every function
# Of functions that are not called as commands.
NAMES = {"mri": "reconstruct", "phase-retrieve": "phase_retrieve", "tomography": "reconstruct_slices"}


@dataclass(frozen=True)
class Note:
    """What is known of an option: its type, what it means, and what a number may be."""

    hint: Any
    text: str
    span: Range


def notes_of(kind: Any) -> dict[str, Note]:  # noqa: ANN401 - a dataclass of options
    """The options of a command by name, those of nested groups included."""
    found: dict[str, Note] = {}
    rich = typing.get_type_hints(kind, include_extras=True)
    for entry, hint in zip(fields(kind), typing.get_type_hints(kind).values(), strict=True):
        if is_dataclass(hint):
            found |= notes_of(hint)
        elif notes := getattr(rich[entry.name], "__metadata__", ()):
            text = next(note for note in notes if isinstance(note, str))
            found[entry.name] = Note(hint, text, next((n for n in notes if isinstance(n, Range)), Range()))
    return found


def checked(command: str, known: Mapping[str, Note], given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The options that are not None, each of its type; arrays become files in `folder`, which readers read.

    Raises OptionError for a name or a value that no option has.
    """
    for name in given.keys() - known.keys():
        near = difflib.get_close_matches(name, known, 1)
        function = NAMES.get(command, command)
        said = f"did you mean {near[0]}?" if near else f"help(dipcli.{function}) names all that it has."
        raise OptionError(f"{function}() has no option {name}; {said}")
    values = {name: filed(name, value, folder) for name, value in given.items() if value is not None}
    return {name: _checked(name, value, known[name]) for name, value in values.items()}


def _checked(name: str, value: Any, note: Note) -> Any:  # noqa: ANN401
    """A value that its option can have. Raises OptionError where it is none."""
    is_path = Path in (note.hint, *typing.get_args(note.hint))
    found = typed(name, str(value) if isinstance(value, Path) and not is_path else value, note.hint)
    flag, span = f"--{name.replace('_', '-')}", note.span
    for number in found if isinstance(found, tuple) else (found,):
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if not math.isfinite(number) and number != span.highest:
            raise OptionError(f"{flag}: {number} is no finite number.")
        if span.lowest is not None and number < span.lowest:
            raise OptionError(f"{flag}: {number:.12g} is less than {span.lowest:.12g}.")
        if span.highest is not None and number > span.highest:
            raise OptionError(f"{flag}: {number:.12g} is more than {span.highest:.12g}.")
    return found


def filed(name: str, value: Any, folder: Path) -> Any:  # noqa: ANN401
    """The value; of an array the path of a file that holds it. Raises InputError for what is no array."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, str | Path | Number | list | tuple):
        return value
    path = folder / f"{name}.npy"
    try:
        np.save(path, np.asarray(value), allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{name}: holds objects, which are no numbers; give an array of numbers.") from error
    return path


def call_of(command: str, source: Path, given: Mapping[str, Any]) -> Call:
    """The command line that does the same with files."""
    return Call(command, (str(source),), {name: _words(name, value) for name, value in given.items()})


def _words(name: str, value: Any) -> tuple[str, ...]:  # noqa: ANN401
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return (f"--{flag}" if value else f"--no-{flag}",)
    return (f"--{flag}", ",".join(map(str, value)) if isinstance(value, tuple) else str(value))
