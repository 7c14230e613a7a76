"""The one funnel of every command: each item is processed, counted, and its failure said in one sentence."""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import torch
import typer

from dipcli.batch.attempt import Attempt, attempt
from dipcli.batch.dry_run import show_plan
from dipcli.batch.pool import share_out
from dipcli.batch.scripts import requeue
from dipcli.batch.selection import Batch, freeze, open_batch
from dipcli.batch.signals import interruptible
from dipcli.batch.stdio import Streams, streams
from dipcli.batch.submit import submit_batch
from dipcli.batch.worker import SECONDS, open_reports, serve
from dipcli.engine.device import allocated_threads, choose_device, prepare
from dipcli.errors import DipcliError, OptionError
from dipcli.options.files import FileOptions
from dipcli.pipeline.context import Process, Record, Session
from dipcli.report.messages import LOGGER, open_console, show_messages
from dipcli.report.progress import Display, Glimpse

__all__ = ["Process", "Record", "Session", "run"]

DONE, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 75

Build = Callable[[str], Process]


def run(
    command: str,
    inputs: Sequence[Path],
    files: FileOptions,
    suffixes: Collection[str],
    build: Build,
    suffix: str | None = "",
) -> NoReturn:
    """Process every input and leave with the exit code: 0 all done, 1 some failed, 2 usage, 75 interrupted.

    `build` gets the type of the device and returns what processes one item into its record. `suffix`, where it
    is not empty, is what the names of outputs that are not named themselves end in; None is for a look at the
    inputs. With several jobs, each process calls this function again and builds its own.
    """
    console = open_console()
    show_messages(console, "error" if files.quiet else files.log_level)
    with (
        _explained(),
        interruptible(quiet=files.batch.worker) as interrupted,
        streams(inputs, files, suffix) as found,
    ):
        inputs, files = found.inputs, found.files
        if files.batch.worker:
            reports = open_reports()
            own, process = _ready(command, files, interrupted, build)
            own = replace(own, show=reports.show, interval=SECONDS)
            serve(lambda item: attempt(item, own, process, in_batch=False), reports)
            raise typer.Exit(DONE)
        batch = open_batch(inputs, files, suffixes, suffix)
        if files.cluster.submit:
            freeze(batch, files)
            raise typer.Exit(submit_batch(batch, files))
        own, process = _ready(command, files, interrupted, build)
        if files.batch.dry_run:
            show_plan(batch, own, process)
            raise typer.Exit(DONE)
        freeze(batch, files)
        with Display(console, n_items=len(batch.todo), quiet=files.quiet) as display:
            own = replace(own, show=display.show, interval=display.interval)
            devices = _devices(files)
            if len(devices) > 1 and len(batch.todo) > 1:
                attempts = share_out(batch, own, devices, display)
            else:
                attempts = _one_by_one(batch, own, process)
            code = _count(attempts, batch, display, found)
    if code == INTERRUPTED and files.batch.requeue and (problem := requeue()):
        LOGGER.error("%s", problem)
    raise typer.Exit(code)


@contextmanager
def _explained() -> Iterator[None]:
    """Failures of the whole call are said in one sentence, and end it with their code."""
    try:
        yield
    except DipcliError as error:
        LOGGER.error("%s", error)
        raise typer.Exit(USAGE if isinstance(error, OptionError) else SOME_FAILED) from error


def _ready(
    command: str, files: FileOptions, interrupted: threading.Event, build: Build
) -> tuple[Session, Process]:
    """The machine is set up, and what is to be done on it; nothing is shown yet."""
    devices = _devices(files)
    threads = files.threads or max(1, allocated_threads() // len(devices))
    device = choose_device(devices[0])
    prepare(device, threads)
    return Session(command, files, _ignore, 1.0, device, threads, interrupted), build(device.type)


def _ignore(glimpse: Glimpse) -> None:
    pass


def _devices(files: FileOptions) -> list[str]:
    """The device of each process."""
    if files.device != "cuda:all":
        return [files.device] * files.batch.jobs
    n_devices = torch.cuda.device_count()
    if not n_devices:
        raise OptionError("--device cuda:all found no GPU here; try cpu or auto.")
    return [f"cuda:{job % n_devices}" for job in range(max(files.batch.jobs, n_devices))]


def _one_by_one(batch: Batch, session: Session, process: Process) -> Iterator[Attempt]:
    for item in batch.todo:
        if session.interrupted.is_set():
            return
        yield attempt(item, session, process, in_batch=batch.folder is not None)


def _count(attempts: Iterator[Attempt], batch: Batch, display: Display, found: Streams) -> int:
    """Say how each item ended; the exit code of them all."""
    endings: list[str] = []
    for ended in attempts:
        endings.append(ended.ending)
        display.advance()
        if ended.ending == "failed":
            LOGGER.error("%s", ended.text)
        elif ended.ending == "interrupted":
            LOGGER.warning("%s", ended.text)
        elif found.piped is not None:
            found.send()
        elif ended.text:
            typer.echo(ended.text)
    n_failed = endings.count("failed")
    if n_failed and len(batch.items) > 1:
        LOGGER.error("%d of %d inputs failed.", n_failed, len(batch.items))
    if len(endings) - endings.count("interrupted") < len(batch.todo):
        LOGGER.warning("Interrupted; the same command with --resume goes on from here.")
        return INTERRUPTED
    return SOME_FAILED if n_failed else DONE
