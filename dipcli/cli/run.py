"""The one funnel of every command: each item is processed, counted, and its failure said in one sentence."""

import logging
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import torch
import typer

from dipcli.batch.plan import Item
from dipcli.batch.workers import Workers
from dipcli.cli.attempts import Attempt, Try, attempt
from dipcli.cli.batches import Batch, open_batch
from dipcli.cli.ledger import note_failure
from dipcli.cli.rehearsal import show_plan
from dipcli.cli.session import Process, Record, Session
from dipcli.cli.signals import interruptible
from dipcli.cli.worker import SECONDS, open_reports, serve
from dipcli.engine.device import allocated_threads, choose_device, prepare
from dipcli.errors import DipcliError, OptionError
from dipcli.options import FileOptions
from dipcli.report.messages import LOGGER, open_console, show_messages
from dipcli.report.progress import Display, Glimpse

__all__ = ["Process", "Record", "Session", "run"]

DONE, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 75


def run(
    command: str,
    inputs: Sequence[Path],
    files: FileOptions,
    suffixes: Collection[str],
    build: Callable[[str], Process],
    suffix: str = "",
) -> NoReturn:
    """Process every input and leave with the exit code: 0 all done, 1 some failed, 2 usage, 75 interrupted.

    `build` gets the type of the device and returns what processes one item into its record. `suffix`, where it
    is not empty, is what the names of outputs that are not named themselves end in. With several jobs, each
    process calls this function again and builds its own.
    """
    console = open_console()
    show_messages(console, "error" if files.quiet else files.log_level)
    with _explained(), interruptible(quiet=files.batch.worker) as interrupted:
        devices = _devices(files)
        threads = files.threads or max(1, allocated_threads() // len(devices))
        device = choose_device(devices[0])
        prepare(device, threads)
        process = build(device.type)

        def session(show: Callable[[Glimpse], None], interval: float) -> Session:
            return Session(command, files, show, interval, device, threads, interrupted)

        if files.batch.worker:
            reports = open_reports()
            own = session(reports.show, SECONDS)
            serve(lambda item: attempt(item, own, process, in_batch=False), reports)
            raise typer.Exit(DONE)
        batch = open_batch(inputs, files, suffixes, suffix)
        if files.batch.dry_run:
            show_plan(batch, files)
            raise typer.Exit(DONE)
        with Display(console, n_items=len(batch.todo), quiet=files.quiet) as display:
            if len(devices) > 1 and len(batch.todo) > 1:
                attempts = _by_workers(batch.todo, files, devices, threads, display, interrupted)
            else:
                own = session(display.show, display.interval)
                in_batch = batch.folder is not None
                attempts = _one_by_one(
                    batch.todo, interrupted, lambda item: attempt(item, own, process, in_batch=in_batch)
                )
            raise typer.Exit(_count(attempts, batch, display))


@contextmanager
def _explained() -> Iterator[None]:
    """Failures of the whole call are said in one sentence, and end it with their code."""
    try:
        yield
    except DipcliError as error:
        LOGGER.error("%s", error)
        raise typer.Exit(USAGE if isinstance(error, OptionError) else SOME_FAILED) from error


def _devices(files: FileOptions) -> list[str]:
    """The device of each process."""
    if files.device != "cuda:all":
        return [files.device] * files.batch.jobs
    n_devices = torch.cuda.device_count()
    if not n_devices:
        raise OptionError("--device cuda:all found no GPU here; try cpu or auto.")
    return [f"cuda:{job % n_devices}" for job in range(max(files.batch.jobs, n_devices))]


def _count(attempts: Iterator[tuple[Item, Attempt]], batch: Batch, display: Display) -> int:
    """Say how each item ended; the exit code of them all."""
    endings: list[str] = []
    for _, ended in attempts:
        endings.append(ended.ending)
        display.advance()
        if ended.ending == "failed":
            LOGGER.error("%s", ended.text)
        elif ended.ending == "interrupted":
            LOGGER.warning("%s", ended.text)
        elif ended.text:
            typer.echo(ended.text)
    n_failed = endings.count("failed")
    if n_failed and len(batch.items) > 1:
        LOGGER.error("%d of %d inputs failed.", n_failed, len(batch.items))
    if len(endings) - endings.count("interrupted") < len(batch.todo):
        LOGGER.warning("Interrupted; the same command with --resume goes on from here.")
        return INTERRUPTED
    return SOME_FAILED if n_failed else DONE


def _one_by_one(
    items: Sequence[Item], interrupted: threading.Event, attempt: Try
) -> Iterator[tuple[Item, Attempt]]:
    for item in items:
        if interrupted.is_set():
            return
        yield item, attempt(item)


def _by_workers(
    items: Sequence[Item],
    files: FileOptions,
    devices: Sequence[str],
    threads: int,
    display: Display,
    interrupted: threading.Event,
) -> Iterator[tuple[Item, Attempt]]:
    """Have the items processed by as many processes as there are devices."""
    call = replace(files.call, inputs=files.call.inputs[:1])
    changes: dict[str, str | bool | None] = {"jobs": None, "shard": None, "threads": str(threads), "worker": True}
    program = (sys.executable, "-m", "dipcli")
    with Workers([(*program, *call.again(**changes, device=device)) for device in devices]) as workers:
        for item, report in workers.work(items, interrupted.is_set):
            kind, facts = report["kind"], {name: fact for name, fact in report.items() if name != "kind"}
            if kind == "progress":
                display.show(Glimpse(**facts))
            elif kind == "message":
                LOGGER.log(getattr(logging, facts["level"]), "%s", facts["text"])
            elif kind in ("done", "failed", "interrupted"):
                if kind == "failed":
                    note_failure(item, facts["text"])
                yield item, Attempt(kind, facts["text"])
