"""From a dataclass of options to Typer options, one for each field: the only metaprogramming here."""

import functools
import inspect
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from dipcli.batch.stdio import SCRATCH, streams
from dipcli.cli.command_line import negated, spell
from dipcli.cli.help import show_all
from dipcli.cli.numbers import counts_parser, number_parser, range_text, whole_range
from dipcli.errors import DipcliError, OptionError
from dipcli.options.call import Call
from dipcli.options.notes import Environment, Flag, Hidden, Range, Verbatim
from dipcli.options.overrides import Overrides
from dipcli.pipeline.interruption import Interruption
from dipcli.report.messages import LOGGER, open_console, show_messages

# Typer hands its context over to whatever is annotated so.
OWN = (
    inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
    inspect.Parameter(
        "help_all",
        inspect.Parameter.KEYWORD_ONLY,
        default=False,
        annotation=Annotated[
            bool,
            typer.Option("--help-all", callback=show_all, help="Show every option with its default, and exit."),
        ],
    ),
)
SLASHES = (os.sep, os.altsep or os.sep)  # at the end of a folder's name


def expand(command: Callable[..., int]) -> Callable[..., None]:
    """The command with every parameter typed with a dataclass replaced by one option for each field.

    `files: FileOptions` becomes options with the fields' defaults; `knobs: Overrides[EngineOptions]` becomes
    options that are empty unless given; nested dataclasses are included. `files.call` is what was typed.

    What the command returns is the exit code. This is the one place where a DipcliError of a whole call is said,
    in one sentence; it ends the program by the error's own code.
    """
    signature = inspect.signature(command, eval_str=True)
    groups = {name: p.annotation for name, p in signature.parameters.items() if _is_group(p.annotation)}
    parameters = [p for name, p in signature.parameters.items() if name not in groups]
    owners: dict[str, str] = {}
    for name, annotation in groups.items():
        options = _options(annotation)
        owners |= dict.fromkeys((p.name for p in options), name)
        parameters += options

    @functools.wraps(command)
    def wrapper(context: typer.Context, **values: Any) -> None:  # noqa: ANN401 - whatever Typer parsed
        values.pop("help_all", None)
        show_messages(open_console(), "info")
        try:
            with streams(values, context.find_object(Interruption) or Interruption()) as found:
                paths = _with_paths(parameters, found)
                call = spell(command.__name__, parameters, paths, _with_paths(parameters, values))
                paths.pop(SCRATCH, None)
                code = run(call, paths)
        except DipcliError as error:
            LOGGER.error("%s", error)
            raise typer.Exit(error.exit_code) from error
        if code:
            raise typer.Exit(code)

    def run(call: Call, values: dict[str, Any]) -> int:
        grouped: dict[str, dict[str, Any]] = {name: {} for name in groups}
        for name in owners:
            grouped[owners[name]][name] = values.pop(name)
        try:
            built = {name: _build(kind, grouped[name], call) for name, kind in groups.items()}
        except OptionError as error:
            raise typer.BadParameter(str(error)) from error
        return command(**values, **built)

    shown = [*parameters, *OWN]
    wrapper.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in shown} | {"return": None}
    return wrapper


def _with_paths(parameters: Sequence[inspect.Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with paths for what is taken verbatim; a slash at the end raises the option that is for that."""
    paths = dict(values)
    for parameter in parameters:
        text = values[parameter.name]
        for note in getattr(parameter.annotation, "__metadata__", ()):
            if isinstance(note, Verbatim) and text:
                paths |= {parameter.name: Path(text), note.option: values[note.option] or text.endswith(SLASHES)}
    return paths


def _is_group(annotation: Any) -> bool:  # noqa: ANN401 - an annotation
    return get_origin(annotation) is Overrides or is_dataclass(annotation)


def _build(kind: Any, values: Mapping[str, Any], call: Call) -> Any:  # noqa: ANN401 - reflection
    """A group of options from the values of its fields, those of nested groups included."""
    if get_origin(kind) is Overrides:
        return Overrides(values)
    nested = {name: hint for name, hint in typing.get_type_hints(kind).items() if is_dataclass(hint)}
    own = {field.name: values[field.name] for field in fields(kind) if field.name not in nested}
    groups = {name: call if hint is Call else _build(hint, values, call) for name, hint in nested.items()}
    return kind(**own, **groups)


def _options(annotation: Any) -> list[inspect.Parameter]:  # noqa: ANN401 - an annotation
    """One keyword parameter, annotated for Typer, for each field."""
    options: list[inspect.Parameter] = []
    optional = get_origin(annotation) is Overrides
    kind = get_args(annotation)[0] if optional else annotation
    for field, hint in zip(fields(kind), typing.get_type_hints(kind).values(), strict=True):
        if is_dataclass(hint):
            options += [] if hint is Call else _options(Overrides[hint] if optional else hint)  # type: ignore[valid-type]
        else:
            options.append(_option(kind, field, None if optional else field.default))
    return options


def _option(kind: Any, field: Any, default: Any) -> inspect.Parameter:  # noqa: ANN401 - reflection
    hint = typing.get_type_hints(kind, include_extras=True)[field.name]
    bare, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    text = next(note for note in notes if isinstance(note, str))
    span = next((note for note in notes if isinstance(note, Range)), Range())
    names = [f"--{field.name.replace('_', '-')}", *(n.name for n in notes if isinstance(n, Flag))]
    if bare is bool and default is not False:
        names[0] += f"/{negated(names[0])}"
    settings: dict[str, Any] = {
        "help": text,
        "rich_help_panel": (inspect.getdoc(kind) or "").partition(".\n")[0].rstrip("."),
    }
    settings["envvar"] = next((note.name for note in notes if isinstance(note, Environment)), None)
    settings["hidden"] = any(isinstance(note, Hidden) for note in notes)
    settings["metavar"] = _value_name(bare, span)
    if bare == tuple[int, ...]:
        settings["parser"] = counts_parser(span)
        bare = tuple
    elif _is_one_of(bare, float):
        settings["parser"] = number_parser(span)
    elif _is_one_of(bare, int):
        settings |= whole_range(span)
    annotation = bare if default is not None and default is not MISSING else _optional(bare)
    option = typer.Option(*names, **settings)
    verbatim = next((note for note in notes if isinstance(note, Verbatim)), None)
    if verbatim is not None:
        annotation = _optional(str)
    note: Any = Annotated[annotation, option, verbatim]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=note)


def _title(kind: Any) -> str:  # noqa: ANN401 - a dataclass of options
    """What a group of options is about: the first sentence of its docstring."""
    return (inspect.getdoc(kind) or "").splitlines()[0].rstrip(".")


def _value_name(kind: Any, span: Range) -> str:  # noqa: ANN401 - a type
    """What help shows for the value of an option: its kind, or its choices, and the range of a number."""
    is_union = get_origin(kind) in (types.UnionType, typing.Union)
    kinds = set(get_args(kind)) - {types.NoneType} if is_union else {kind}
    choices = [choice for each in kinds if get_origin(each) is Literal for choice in get_args(each)]
    if choices:
        return "|".join(choices)
    names = {int: "COUNT", float: "NUMBER", Path: "PATH", tuple[int, ...]: "COUNTS"}
    return next((names[each] for each in kinds if each in names), "TEXT") + range_text(span)


def _is_one_of(kind: Any, number: type) -> bool:  # noqa: ANN401 - a type
    """Whether a type is that of a number, None allowed or not."""
    return (set(get_args(kind)) - {types.NoneType} or {kind}) == {number}


def _optional(kind: Any) -> Any:  # noqa: ANN401 - a type
    return kind if isinstance(kind, types.UnionType) else kind | None
