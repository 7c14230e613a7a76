"""Messages to a person, on stderr; stdout is for results alone."""

import codecs
import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from typing import IO, Any, TextIO, cast, final

import typer
from rich.console import Console

from dipcli.errors import OutputError
from dipcli.io.names import escape, printable, without_controls

# For terminals without the letters of formulas and bars; others are shown by their numbers.
SPELLED = (
    {
        "σ": "sigma",
        "λ": "lambda",
        "χ": "chi",
        "π": "pi",
        "α": "alpha",
        "μ": "mu",
        "µ": "u",
        "Σ": "sum",
        "ℓ": "l",
        "ŷ": "y",
    }
    | {"·": "*", "²": "^2", "±": "+-", "≈": "~", "×": "x", "≤": "<=", "≥": ">=", "→": "->", "•": "*", "…": "..."}
    | {
        "–": "-",
        "—": "-",
        "━": "-",
        "╸": "-",
        "╺": "-",
        "│": "|",
        "─": "-",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
    }
)
LOGGER = logging.getLogger("dipcli")


def open_console() -> Console:
    """The console of all messages, progress and errors."""
    if sys.stderr is None:
        return Console(stderr=True, highlight=False)
    return Console(file=cast("IO[str]", _Lenient(sys.stderr)), highlight=False)


@final
class _Lenient:
    """A stream whose reader may go away: what it does not take is lost, and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the stream's own
        return getattr(self._stream, name)


def say_facts(title: str, facts: Mapping[str, str]) -> None:
    """Write a title and what is known of it to stdout, a line each. Raises OutputError as `say` does."""
    width = max(map(len, facts))
    say(title)
    for name, fact in facts.items():
        say(f"  {name:{width}}  {fact}")


def say(text: str, *, end: str = "\n") -> None:
    """Write a result to stdout, file names byte by byte but without what would control a terminal.

    Raises OutputError where stdout takes no more; nothing is written from then on.
    """
    shown = without_controls(text)
    with stdout_taken():
        typer.echo(os.fsencode(shown) if os.name == "posix" else shown, nl=False)
        typer.echo(end, nl=False)


@contextlib.contextmanager
def stdout_taken() -> Iterator[None]:
    """Raise OutputError where stdout does not take what is written in the block."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:  # of another file
            raise
        with contextlib.suppress(OSError, ValueError):  # what is in its buffer shall not be tried again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"stdout takes no more: {error.strerror or error}.") from error


def spell_letters() -> None:
    """On terminals that do not know our letters, have them spelled: sigma for σ."""
    codecs.register_error("spelled", _spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="spelled")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(SPELLED.get(letter) or escape(letter) for letter in letters), error.end


def show_messages(console: Console, level: str) -> None:
    """Show messages of this level and above on the console, each as one unbroken line."""
    LOGGER.handlers = [_ConsoleHandler(console)]
    LOGGER.setLevel(level.upper())
    LOGGER.propagate = False


@final
class _ConsoleHandler(logging.Handler):
    """Prints above the progress bar, where there is one."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        style = {"ERROR": "red", "WARNING": "yellow"}.get(record.levelname)
        text = printable(self.format(record))
        line = text if record.exc_info else text.replace("\n", "\\n")
        self._console.print(line, style=style, markup=False, soft_wrap=True)
