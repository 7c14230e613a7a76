"""What `--help` and `--help-all` show: what most people use on one page, and everything, each with its default."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, final, get_args

import typer
from typer.core import TyperCommand

from dipcli.options.presets import PRESETS, PresetName, chosen_preset
from dipcli.options.resolved import every_field

# The options of each kind of input that a command tells apart, for every preset.
Presets = Mapping[Any, Mapping[PresetName, Any]]
SILENT = ("none", "no")  # defaults that a short help leaves out
LONGEST = 12  # letters of the values of an option that stand beside it
EXAMPLE = "Example: "  # begins the last lines of a command's docstring
# What several commands take.
Preset = Annotated[PresetName, typer.Option(help=PRESETS, metavar="|".join(get_args(PresetName)), is_eager=True)]
PictureInputs = Annotated[
    list[Path], typer.Argument(metavar="INPUT", help="Pictures, folders with -r, or @list.txt.")
]


class HelpedCommand(TyperCommand):
    """A command with a short help, of the options in `usual`, in that order, and a long one."""

    usual: Sequence[str] = ()  # all, where there are none
    presets: Presets = MappingProxyType({})

    @final
    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Click's, or Typer's copy of Click
        """Write the help: what it does, the options, examples."""
        is_long = bool(ctx.meta.get("all")) or not self.usual
        given = [_metavar(param) for param in self.get_params(ctx) if _is_argument(param)]
        formatter.write_usage(ctx.command_path, " ".join(["[OPTIONS]", *given]))
        first, *rest = [part for part in (self.help or "").split("\n\n") if not part.startswith(EXAMPLE)]
        for paragraph in (first, *rest) if is_long else (first,):
            formatter.write_paragraph()
            formatter.write_text(" ".join(paragraph.split()))
        shown = {param.name: param for param in self.get_params(ctx) if not getattr(param, "hidden", False)}
        defaults = _defaults(self.presets, ctx.params.get("preset") or "auto")
        for title, names in _sections(shown, () if is_long else self.usual).items():
            with formatter.section(title):
                formatter.write_dl([_row(shown[name], defaults, is_long=is_long) for name in names], col_max=26)
        examples = [line for line in (self.help or "").splitlines() if line.startswith(EXAMPLE)]
        with formatter.section("Examples" if len(examples) > 1 else "Example"):
            formatter.write("".join(f"  {line.removeprefix(EXAMPLE)}\n" for line in examples))


def show_all(context: typer.Context, wanted: bool) -> None:
    """The callback of `--help-all`."""
    if wanted:
        context.meta["all"] = True
        typer.echo(context.get_help())
        raise typer.Exit


def _sections(shown: Mapping[str, Any], usual: Sequence[str]) -> dict[str, list[str]]:
    """Titles, and the names of the options under them."""
    if usual:
        given = [name for name in shown if _is_argument(shown[name])]
        return {"What it takes": given, "Options": [*usual, "help_all", "help"]}
    sections: dict[str, list[str]] = {}
    for name, param in shown.items():
        title = "What it takes" if _is_argument(param) else param.rich_help_panel or "General"
        sections.setdefault(title, []).append(name)
    general = sections.pop("General", [])
    return {**sections, "General": general}


def _is_argument(param: Any) -> bool:  # noqa: ANN401 - Click's
    return bool(param.param_type_name == "argument")


def _defaults(presets: Presets, preset: PresetName) -> dict[str, str]:
    """Those of a preset, by the names of the options: several where kinds of input differ."""
    found: dict[str, dict[str, None]] = {}
    for kinds in presets.values():
        for name, value in every_field(kinds[chosen_preset(preset, None)]).items():
            found.setdefault(name, {})[in_words(value)] = None
    return {name: " or ".join(values) for name, values in found.items()}


def in_words(value: object) -> str:
    """A default as it would be typed."""
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case tuple():
            return _counts(value)
        case _:
            return str(value)


def _counts(counts: Sequence[int]) -> str:
    if len(counts) > 2 and len(set(counts)) == 1:
        return f"{counts[0]}x{len(counts)}"
    return ",".join(map(str, counts)) or "none"


def _metavar(argument: Any) -> str:  # noqa: ANN401 - Click's
    several = "..." if argument.nargs == -1 else ""
    return f"{argument.metavar or argument.name.upper()}{several}"


def _row(param: Any, defaults: Mapping[str, str], *, is_long: bool) -> tuple[str, str]:  # noqa: ANN401 - Click's
    """The names of an option with what follows them, and what it does; in the long help all about its values."""
    if _is_argument(param):
        return (_metavar(param), param.help or "")
    names = ", ".join(sorted((*param.opts, *param.secondary_opts), key=lambda name: name.startswith("--")))
    value, _, span = (param.metavar or "").partition(" ")
    notes = [span.strip("[]")] if span and is_long else []
    if len(value) > LONGEST and "|" in value:
        notes.append(f"one of {value.replace('|', ', ')}")
        value = "NAME"
    default = defaults.get(param.name) or in_words(param.default)
    if param.name not in ("help", "help_all") and (is_long or default not in SILENT):
        notes.append(f"default: {default}")
    if param.envvar:
        notes.append(f"or ${param.envvar}")
    value = "" if param.is_flag else f" {value or 'TEXT'}"
    text = param.help if is_long else f"{param.help.split(';')[0].rstrip('.')}."
    return (f"{names}{value}", f"{text} [{'; '.join(notes)}]" if notes else text)
