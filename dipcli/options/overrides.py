"""The options that were given on the command line, beside those that a preset has."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

Options = TypeVar("Options")


@dataclass(frozen=True)
class Overrides(Generic[Options]):
    """The options that were given on the command line, to be laid over a preset's."""

    given: Mapping[str, Any]

    def over(self, preset: Options) -> Options:
        """The preset with every given field replaced, in nested options too."""
        changes: dict[str, Any] = {}
        for field in fields(preset):  # type: ignore[arg-type]
            value = getattr(preset, field.name)
            if is_dataclass(value):
                changes[field.name] = self.over(value)  # type: ignore[arg-type]
            elif self.given.get(field.name) is not None:
                changes[field.name] = self.given[field.name]
        return replace(preset, **changes)  # type: ignore[type-var]


def without_engine(options: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of options
    """The options of a task as a record has them; the engine's have a place of their own there."""
    return {name: value for name, value in asdict(options).items() if name != "engine"}


def as_used(options: Any, **found: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of options
    """The options of a task as a record has them, with what was `found` where nothing was asked for."""
    asked = without_engine(options)
    return {**asked, **{name: value for name, value in found.items() if asked[name] is None}}
