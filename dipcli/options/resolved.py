"""What a call comes to where it says nothing: kept in a plan, so that no other version or machine knows better."""

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

from dipcli.errors import OptionError
from dipcli.options.engine import WHEN
from dipcli.options.presets import PresetName

Options = TypeVar("Options")


@dataclass(frozen=True)
class Resolved:
    """All options, defaults and a preset's included: of each kind of input that a command tells apart."""

    preset: PresetName = "auto"
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def every_field(options: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of options
    """The fields of options and of those nested in them, by name: no two of a command have the same."""
    flat: dict[str, Any] = {}
    for entry in fields(options):
        value = getattr(options, entry.name)
        flat |= every_field(value) if is_dataclass(value) else {entry.name: value}
    return flat


def flattened(options: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of options
    """Every field that decides what comes out."""
    return {name: value for name, value in every_field(options).items() if name not in WHEN}


def restored(options: Options, flat: Mapping[str, Any]) -> Options:
    """The options with every field that is in `flat`, whose values may have come through JSON.

    Raises OptionError for a value that no such option can have.
    """
    hints = typing.get_type_hints(type(options))
    changes: dict[str, Any] = {}
    for entry in fields(options):  # type: ignore[arg-type]
        value = getattr(options, entry.name)
        if is_dataclass(value):
            changes[entry.name] = restored(value, flat)
        elif entry.name in flat:
            changes[entry.name] = typed(entry.name, flat[entry.name], hints[entry.name])
    return replace(options, **changes)  # type: ignore[type-var]


def typed(name: str, value: Any, hint: Any) -> Any:  # noqa: ANN401 - whatever JSON holds, and a type
    """A value of the type of its option. Raises OptionError where it is none."""
    kinds = get_args(hint) if get_origin(hint) in (UnionType, typing.Union) else (hint,)
    for kind in kinds:
        if get_origin(kind) is Literal and value in get_args(kind):
            return value
        if get_origin(kind) is tuple and isinstance(value, list | tuple) and all(type(n) is int for n in value):
            return tuple(value)
        if kind is Path and isinstance(value, str | Path):
            return Path(value)
        if kind is float and type(value) is int:
            return float(value)
        if isinstance(kind, type) and type(value) is kind:
            return value
    raise OptionError(f"--{name.replace('_', '-')} cannot be {value!r}.")
