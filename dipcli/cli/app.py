"""The program: one name per command. Nothing heavy is imported here, so that help is instant."""

import sys
from collections.abc import Callable
from types import MappingProxyType
from typing import Annotated

import typer

from dipcli import __version__
from dipcli.blur.presets import DEBLUR
from dipcli.cli.deblur import deblur
from dipcli.cli.denoise import denoise
from dipcli.cli.doctor import doctor
from dipcli.cli.expand import expand
from dipcli.cli.help import HelpedCommand, Presets
from dipcli.cli.inpaint import inpaint
from dipcli.cli.mri import mri
from dipcli.cli.phase_retrieve import phase_retrieve
from dipcli.cli.simulate import simulate
from dipcli.cli.status import status
from dipcli.cli.tomography import tomography
from dipcli.cli.upscale import upscale
from dipcli.cli.usual import USUAL
from dipcli.diffraction.presets import presets_of
from dipcli.errors import OutputError
from dipcli.mri.presets import MRI
from dipcli.pictures.presets import DENOISE, INPAINT, UPSCALE
from dipcli.pipeline.interruption import Interruption
from dipcli.report.messages import LOGGER, spell_letters, stdout_taken
from dipcli.tomography.presets import TOMOGRAPHY

app = typer.Typer(
    name="dipcli",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Restore pictures without training data: untrained networks that know when to stop.",
    epilog="Example: dipcli denoise noisy.png -o clean.png",
)


def _add(command: Callable[..., int], presets: Presets = MappingProxyType({})) -> None:
    """Make a command of a function: of the same name, with one flag for each option."""
    name = command.__name__
    kind = type("Command", (HelpedCommand,), {"usual": USUAL.get(name, ()), "presets": presets})
    app.command(name.replace("_", "-"), cls=kind)(expand(command))


_add(denoise, {"": DENOISE})
_add(inpaint, INPAINT)
_add(upscale, {"": UPSCALE})
_add(deblur, {"": DEBLUR})
_add(mri, MRI)
_add(phase_retrieve, {"": presets_of("sparse")})
_add(tomography, {"": TOMOGRAPHY})
_add(simulate)
_add(doctor)
_add(status)


@app.command("help")
def _help(
    context: typer.Context,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="The command that is explained.")] = "",
) -> None:
    """Explain a command, as its --help does."""
    parent = context.find_root()
    found = parent.command.get_command(parent, command) if command else parent.command  # type: ignore[attr-defined]
    if found is None:
        raise typer.BadParameter(f"there is no command {command}; dipcli --help names them all.")
    own = found.make_context(command, [], parent=parent, resilient_parsing=True) if command else parent
    typer.echo(found.get_help(own))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dipcli {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", "-v", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run_app(interruption: Interruption) -> None:
    """Run the program; what Typer itself writes to stdout, such as help, may not be taken either."""
    spell_letters()
    try:
        with stdout_taken():
            try:
                app(obj=interruption)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
    except OutputError as error:
        if not isinstance(error.__cause__, BrokenPipeError):
            LOGGER.error("%s", error)
        sys.exit(error.exit_code)
