"""From what Typer parsed back to what was typed, without shortcuts and defaults."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from dipcli.batch.stdio import SCRATCH
from dipcli.options.batch import BatchOptions, ClusterOptions
from dipcli.options.call import Call
from dipcli.options.engine import WHEN
from dipcli.options.files import FileOptions

# Beside where files are and who computes, this does not decide what comes out, but only when.
INDIFFERENT = {*WHEN, *(f.name for kind in (FileOptions, BatchOptions, ClusterOptions) for f in fields(kind))}
DECIDING = {"seed", "warm_start"}


def spell(
    command: str,
    parameters: Sequence[inspect.Parameter],
    values: Mapping[str, Any],
    typed: Mapping[str, Any] | None = None,
) -> Call:
    """The call whose parsed `values` these are; in `typed` they are as they were typed, before pipes were read."""
    typed = values if typed is None else typed
    given = {p.name: p for p in parameters if values[p.name] != p.default and p.name != "inputs"}
    return Call(
        command.replace("_", "-"),
        tuple(str(path) for path in values.get("inputs", ())),
        {name: _words(parameter, values[name]) for name, parameter in given.items()},
        {name: _plain(typed[name]) for name in given if name in DECIDING or name not in INDIFFERENT},
        is_piped=str(typed.get("output")) != str(values.get("output")),
        scratch=values.get(SCRATCH),
    )


def _words(parameter: inspect.Parameter, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever Typer parsed
    flag = f"--{parameter.name.replace('_', '-')}"
    if isinstance(value, bool):
        return (flag if value else negated(flag),)
    return (flag, ",".join(map(str, value)) if isinstance(value, tuple) else str(value))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever Typer parsed
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def negated(flag: str) -> str:
    """The opposite of a flag: --no-crop of --crop, and --crop of --no-crop."""
    return f"--{flag[5:]}" if flag.startswith("--no-") else f"--no-{flag[2:]}"
