"""The program: one name per command. Nothing heavy is imported here, so that help is instant."""

import sys
from typing import Annotated

import typer

from dipcli import __version__
from dipcli.cli.deblur import deblur
from dipcli.cli.denoise import denoise
from dipcli.cli.doctor import doctor
from dipcli.cli.expand import expand
from dipcli.cli.inpaint import inpaint
from dipcli.cli.mri import mri
from dipcli.cli.phase_retrieve import phase_retrieve
from dipcli.cli.simulate import simulate
from dipcli.cli.status import status
from dipcli.cli.upscale import upscale
from dipcli.errors import OutputError
from dipcli.pipeline.interruption import Interruption
from dipcli.report.messages import LOGGER, spell_letters, stdout_taken

app = typer.Typer(
    name="dipcli",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Restore pictures without training data: untrained networks that know when to stop.",
    epilog="Example: dipcli denoise noisy.png -o clean.png",
)
app.command()(expand(denoise))
app.command()(expand(inpaint))
app.command()(expand(upscale))
app.command()(expand(deblur))
app.command()(expand(mri))
app.command("phase-retrieve")(expand(phase_retrieve))
app.command()(expand(simulate))
app.command()(expand(doctor))
app.command()(expand(status))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dipcli {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
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
