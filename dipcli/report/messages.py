"""Messages to a person, on stderr; stdout is for results alone."""

import logging
from typing import final

import typer
from rich.console import Console

LOGGER = logging.getLogger("dipcli")


def open_console() -> Console:
    """The console of all messages, progress and errors."""
    return Console(stderr=True, highlight=False)


def say(text: str, *, end: str = "\n") -> None:
    """Write a result to stdout."""
    typer.echo(text, nl=False)
    typer.echo(end, nl=False)


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
        self._console.print(self.format(record), style=style, markup=False, soft_wrap=True)
