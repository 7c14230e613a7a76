"""What was typed, so that it can be typed again: by a worker, by a scheduler's script, by a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One command line, taken apart."""

    command: str = ""
    inputs: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of every option that was given
    asked: Mapping[str, Any] = field(default_factory=dict)  # the options that decide what comes out
    is_piped: bool = False  # whether the result is for stdout
    scratch: str | None = None  # the temporary folder of what came from pipes

    def again(self, **changes: str | bool | None) -> list[str]:
        """The arguments of the same call, with some options changed, raised (True) or left out (None)."""
        words = dict(self.words)
        for name, value in changes.items():
            flag = f"--{name.replace('_', '-')}"
            words.pop(name, None)
            if value is not None:
                words[name] = (flag,) if value is True else (flag, str(value))
        return [self.command, *(word for option in words.values() for word in option), "--", *self.inputs]
