"""What may be said of an option beside its type and its help."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """The values that a number may take, both ends included; infinity only where it is an end."""

    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True)
class Flag:
    """Another name, beside the field's own."""

    name: str


@dataclass(frozen=True)
class Environment:
    """The variable of the environment that an option has its default from, where it is set."""

    name: str


@dataclass(frozen=True)
class Hidden:
    """An option that the program gives to itself; help does not name it."""


@dataclass(frozen=True)
class Verbatim:
    """A path whose last slash says that it is a folder, which raises the named option."""

    option: str
