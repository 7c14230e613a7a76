"""The one funnel of every command: each item is processed, counted, and its failure said in one sentence."""

import logging
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from dipcli.batch.attempt import Ended, Task, attempt
from dipcli.batch.dry_run import show_plan
from dipcli.batch.index import BatchIndex
from dipcli.batch.pool import share_out
from dipcli.batch.scripts import requeue
from dipcli.batch.selection import Batch, freeze
from dipcli.batch.signals import interruptible
from dipcli.batch.stdio import clear, send
from dipcli.batch.submit import submit_batch
from dipcli.batch.worker import SECONDS, open_reports, serve
from dipcli.engine.device import allocated_threads, choose_device, most_threads, prepare
from dipcli.errors import DipcliError, Interrupted, OptionError, OutputError
from dipcli.io.atomic import sweep
from dipcli.io.locks import sweep_locks
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName, chosen_preset
from dipcli.options.resolved import Resolved, flattened
from dipcli.pipeline.context import Context
from dipcli.pipeline.interruption import Interruption
from dipcli.pipeline.medium import AnyMedium
from dipcli.pipeline.process import process
from dipcli.pipeline.progress_files import glance, may_go_on
from dipcli.pipeline.warm_start import WarmStart
from dipcli.report.endings import batch_line
from dipcli.report.messages import LOGGER, open_console, say, show_messages
from dipcli.report.progress import Display

# On the machines of a scheduler, which has what this one need not have.
ELSEWHERE = torch.device("cuda")


def open_context(command: str, batch: Batch, preset: PresetName) -> Context:
    """Set up messages and the machine: the device is known from here on.

    Raises OptionError for a device that is not here.
    """
    files, console = batch.files, open_console()
    show_messages(console, "error" if files.quiet else files.log_level)
    if files.batch.worker:
        open_reports()
    interrupted = Interruption()
    if files.cluster.submit:
        known = None if files.device == "auto" else files.device.split(":")[0]
        return Context(command, _preset(batch, preset, known), files, ELSEWHERE, 1, interrupted, console)
    if files.threads > most_threads():
        raise OptionError(
            f"--threads {files.threads}: this machine has {os.cpu_count()} processor(s); give at most "
            f"{most_threads()}, or leave it out."
        )
    devices = _devices(files)
    threads = files.threads or max(1, allocated_threads() // len(devices))
    device = choose_device(devices[0])
    prepare(device, threads)
    return Context(command, _preset(batch, preset, device.type), files, device, threads, interrupted, console)


def _preset(batch: Batch, preset: PresetName, device_type: str | None) -> PresetName:
    """The one that the plan has, or else what auto is here, or on machines that are not known."""
    planned = batch.resolved.preset
    if planned != "auto":
        return planned
    chosen = chosen_preset(preset, device_type)
    if preset == "auto" and device_type is None:
        LOGGER.info("--preset auto is %s, on whatever machines; add --preset balanced for GPUs.", chosen)
    return chosen


def run(
    context: Context,
    batch: Batch,
    medium: AnyMedium,
    options: Mapping[Any, object],
    *,
    look: Task | None = None,
) -> int:
    """Process every item; the exit code: 0 all done, 1 some failed, 2 usage, 75 interrupted.

    `options` are those of the medium, for each kind of input that has its own. With `look`, inputs are only looked
    at, by that function, and nothing is written. With several jobs, each process calls this function again and
    makes its own context and medium.
    """
    resolved = Resolved(context.preset, {kind: flattened(each) for kind, each in options.items()})
    files = context.files
    on_leaving = context.interrupted.on_leaving
    counted: list[Ended] = []
    last_words = partial(_say_interrupted, batch, counted, is_look=look is not None)
    with (
        _signals(context),
        on_leaving(partial(clear, files.call.scratch), at_once=True),
        on_leaving(last_words),
    ):
        task = look or partial(process, medium=medium)
        if files.batch.worker:
            reports = open_reports()
            own = replace(context, show=reports.show, interval=SECONDS)
            serve(lambda item: attempt(item, own, task, in_batch=False), reports)
            return 0
        if files.cluster.submit:
            freeze(batch, resolved)
            return submit_batch(batch, files)
        if files.batch.dry_run:
            return show_plan(batch, context, None if look else medium, len(_devices(files)))
        if not look:
            _tidy(batch)
        freeze(batch, resolved)
        start = time.perf_counter()
        is_heard = True
        index = BatchIndex(context.command, batch)
        with (
            index.kept(context.interrupted),
            Display(context.console, n_items=len(batch.todo), quiet=files.quiet) as display,
        ):
            warm = WarmStart() if files.batch.warm_start else None
            own = replace(context, show=display.show, interval=display.interval, warm_start=warm)
            for ended in _endings(batch, own, task, display):
                counted.append(ended)
                index.add(ended)
                try:
                    with display.aside():
                        _tell(ended, batch)
                except OutputError as error:  # the work goes on, unless this was it
                    LOGGER.error("%s", error)
                    is_heard = False
                display.advance()
    if len(batch.items) > 1 and not look:
        _sum_up(counted, batch, time.perf_counter() - start)
    if sum(ended.ending != "interrupted" for ended in counted) < len(batch.todo):
        last_words()
        return Interrupted.exit_code
    return _exit_code(counted) or (0 if is_heard else OutputError.exit_code)


def _tidy(batch: Batch) -> None:
    """Delete what processes that were killed left beside the outputs."""
    for folder in {item.output.parent for item in batch.items}:
        sweep(folder)
        sweep_locks(folder)


def _signals(context: Context) -> AbstractContextManager[None]:
    """A dry run computes nothing that is worth an ending in good order."""
    if context.files.batch.dry_run:
        return nullcontext()
    return interruptible(context.interrupted, quiet=context.files.batch.worker)


def _devices(files: FileOptions) -> list[str]:
    """The device of each process."""
    if files.device != "cuda:all":
        return [files.device] * files.batch.jobs
    n_devices = torch.cuda.device_count()
    if not n_devices:
        raise OptionError("--device cuda:all found no GPU here; try cpu or auto.")
    return [f"cuda:{job % n_devices}" for job in range(max(files.batch.jobs, n_devices))]


def _endings(batch: Batch, context: Context, task: Task, display: Display) -> Iterator[Ended]:
    """How the items end, as they do: shared out to several processes, or one by one."""
    devices = _devices(context.files)
    if len(devices) > 1 and len(batch.todo) > 1:
        with context.interrupted.saving:  # the workers save, and are asked to here
            yield from share_out(batch, context, devices, display)
        return
    for item in batch.todo:
        if context.interrupted.is_set():
            return
        yield attempt(item, context, task, in_batch=batch.folder is not None)


def _tell(ended: Ended, batch: Batch) -> None:
    """A result goes to stdout, a failure to stderr."""
    if ended.ending == "failed":
        LOGGER.error("%s", ended.text)
    elif ended.ending == "interrupted":
        LOGGER.log(logging.DEBUG if batch.files.is_piped else logging.WARNING, "%s", ended.text)
    elif batch.files.is_piped:
        send(batch.items[0].output)
    elif ended.text:
        say(ended.text)


def _sum_up(counted: Sequence[Ended], batch: Batch, seconds: float) -> None:
    """One line about all items; said even where only errors are, if some failed."""
    counts = Counter(ended.ending for ended in counted)
    line = batch_line(
        {
            "done": counts["done"],
            "unconfirmed": sum(not ended.is_confirmed for ended in counted),
            "failed": counts["failed"],
            "interrupted": len(batch.todo) - counts["done"] - counts["failed"],
            "skipped": len(batch.items) - len(batch.todo),
        },
        seconds,
    )
    LOGGER.log(logging.ERROR if counts["failed"] else logging.INFO, "%s.", line)


def _exit_code(counted: Sequence[Ended]) -> int:
    """The exit code of all items together, once all have ended."""
    failed = [ended for ended in counted if ended.ending == "failed"]
    if failed and len(failed) == len(counted) and all(ended.is_usage for ended in failed):
        return OptionError.exit_code
    return DipcliError.exit_code if failed else 0


def _say_interrupted(batch: Batch, counted: Sequence[Ended], *, is_look: bool) -> None:
    """The last words, and the job's wish to be queued again; a worker has none."""
    options = batch.files.batch
    if options.worker:
        return
    words = "Interrupted; nothing was kept yet, so the same command begins anew."
    if is_look:
        words = "Interrupted."
    elif _is_kept(batch, counted):
        words = "Interrupted; the same command with --resume goes on from here."
    LOGGER.warning(words)
    if options.requeue and (problem := requeue()):
        LOGGER.error("%s", problem)


def _is_kept(batch: Batch, counted: Sequence[Ended]) -> bool:
    """Whether there is a result or a checkpoint that the same command could go on from; pipes keep nothing."""
    if batch.files.is_piped:
        return False
    is_elsewhere = bool(batch.files.cluster.submit)
    is_done = "done" in batch.standings or any(ended.ending == "done" for ended in counted)
    return is_done or any(may_go_on(item) or (is_elsewhere and glance(item) == "done") for item in batch.items)
