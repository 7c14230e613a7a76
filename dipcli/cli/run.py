"""The one funnel of every command: each item is processed, counted, and its failure said in one sentence."""

import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import torch
import typer
from rich.console import Console

from dipcli.batch.plan import Item, plan
from dipcli.engine.device import allocated_threads, choose_device, prepare
from dipcli.errors import DipcliError, OptionError, OutputError
from dipcli.io.run_record import to_json
from dipcli.options import FileOptions
from dipcli.report.messages import LOGGER, open_console, show_messages

DONE, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Session:
    """What all items of one call share."""

    command: str
    files: FileOptions
    console: Console
    device: torch.device
    threads: int
    interrupted: threading.Event


Process = Callable[[Item, Session], Record]


def run(
    command: str,
    inputs: Sequence[Path],
    files: FileOptions,
    suffixes: Collection[str],
    build: Callable[[str], Process],
    suffix: str = "",
) -> NoReturn:
    """Process every input and leave with the exit code: 0 all done, 1 some failed, 2 usage, 130 interrupted.

    `build` gets the type of the device and returns what processes one item into its record. `suffix`, where it
    is not empty, is what the names of outputs that are not named themselves end in.
    """
    console = open_console()
    show_messages(console, "error" if files.quiet else files.log_level)
    try:
        items = plan(
            inputs,
            files.output,
            recursive=files.recursive,
            overwrite=files.overwrite,
            suffixes=suffixes,
            suffix=suffix,
        )
        device = choose_device(files.device)
        threads = files.threads or allocated_threads()
        prepare(device, threads)
        process = build(device.type)
    except DipcliError as error:
        LOGGER.error("%s", error)
        raise typer.Exit(USAGE if isinstance(error, OptionError) else SOME_FAILED) from error
    with _interruptible() as interrupted:
        session = Session(command, files, console, device, threads, interrupted)
        failed = sum(not _succeeds(item, session, process) for item in _until(items, interrupted))
    if failed and len(items) > 1:
        LOGGER.error("%d of %d inputs failed.", failed, len(items))
    raise typer.Exit(INTERRUPTED if interrupted.is_set() else SOME_FAILED if failed else DONE)


def _until(items: Sequence[Item], interrupted: threading.Event) -> Iterator[Item]:
    for item in items:
        if interrupted.is_set():
            return
        yield item


def _succeeds(item: Item, session: Session, process: Process) -> bool:
    """Whether the item was processed; its path or record goes to stdout, its failure to stderr."""
    try:
        _make_folder(item.output.parent)
        record = process(item, session)
    except DipcliError as error:
        text = str(error)
        LOGGER.error("%s", text if item.input.name in text else f"{item.input}: {text}")
        return False
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        LOGGER.error(
            "%s: does not fit in memory; use --preset fast, a smaller --width, or a smaller picture.",
            item.input,
        )
        return False
    if session.files.json or "outputs" in record:
        typer.echo(to_json(record) if session.files.json else str(item.output))
    return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: this folder cannot be made, {error.strerror}; name another --output."
        ) from error


def _is_out_of_memory(error: Exception) -> bool:
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second one is an ordinary KeyboardInterrupt."""
    interrupted = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        interrupted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        LOGGER.warning("Interrupted: writing the best result so far; press Ctrl-C again to leave at once.")

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
