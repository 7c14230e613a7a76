"""One item is tried: its result, or its failure in one sentence."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from dipcli.batch.plan import Item
from dipcli.errors import DipcliError, Interrupted, OutputError
from dipcli.io.names import beside
from dipcli.io.run_record import to_json
from dipcli.pipeline.checkpoints import Checkpoints
from dipcli.pipeline.context import Process, Record, Session
from dipcli.pipeline.progress_files import asked_of, note_failure, seal_of


@dataclass(frozen=True)
class Attempt:
    """How one item ended; `text` is for stdout where it is done, and for stderr where it failed."""

    ending: Literal["done", "failed", "interrupted"]
    text: str = ""


Try = Callable[[Item], Attempt]


def attempt(item: Item, session: Session, process: Process, *, in_batch: bool) -> Attempt:
    """Process one item; in a batch its failure is noted beside where its output would be."""
    try:
        try:
            return _process(item, session, process)
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            advice = "use --preset fast, a smaller --width, or a smaller picture"
            raise OutputError(f"{item.input}: does not fit in memory; {advice}.") from error
    except Interrupted as error:
        return Attempt("interrupted", str(error))
    except DipcliError as error:
        text = str(error) if item.input.name in str(error) else f"{item.input}: {error}"
        if in_batch:
            note_failure(item, text)
        return Attempt("failed", text)


def _process(item: Item, session: Session, process: Process) -> Attempt:
    if session.interrupted.is_set():
        raise Interrupted(f"{item.input}: not begun.")
    if item.output == item.input:
        return _told(item, session, process(item, session))
    make_folder(item.output.parent)
    asked = asked_of(item, session.files.call)
    batch = session.files.batch
    checkpoints = Checkpoints(
        beside(item.output, "checkpoint"),
        seal_of(session.command, asked, session.device.type),
        session.device,
        every=batch.checkpoint_every,
        interrupted=session.interrupted.is_set,
        may_discard=session.files.overwrite,
    )
    if session.files.overwrite and not batch.resume:
        checkpoints.remove()
    record = process(item, replace(session, checkpoints=checkpoints, asked=asked))
    checkpoints.remove()
    beside(item.output, "failed.json").unlink(missing_ok=True)
    return _told(item, session, record)


def _told(item: Item, session: Session, record: Record) -> Attempt:
    if session.files.json:
        return Attempt("done", to_json(record))
    return Attempt("done", str(item.output) if "outputs" in record else "")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises OutputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: this folder cannot be made, {error.strerror}; name another --output."
        ) from error


def _is_out_of_memory(error: Exception) -> bool:
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)
