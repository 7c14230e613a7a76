"""One item is tried: its result, or its failure in one sentence."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from dipcli.errors import DipcliError, Interrupted, InUseError, OptionError, OutputError
from dipcli.io.atomic import make_folder
from dipcli.io.failures import LONGEST_REASON
from dipcli.io.fingerprints import Fingerprints
from dipcli.io.run_record import to_json
from dipcli.options.files import FileOptions
from dipcli.pipeline.checkpoints import Checkpoints
from dipcli.pipeline.context import Context, Processed
from dipcli.pipeline.interruption import owned
from dipcli.pipeline.item import Item
from dipcli.pipeline.progress_files import asked_of, forget_failure, note_failure, seal_of
from dipcli.report.messages import LOGGER
from dipcli.report.thumbnails import Thumbnails, thumbnails_of

Task = Callable[[Item, Context], Processed]


@dataclass(frozen=True)
class Ended:
    """How one item ended; `text` is for stdout where it is done, and for stderr where it failed."""

    ending: Literal["done", "failed", "interrupted"]
    text: str = ""
    is_usage: bool = False  # whether it failed by options that cannot be right for it
    is_confirmed: bool = True  # whether its fit ended as it was meant to
    name: str = ""  # of the item
    thumbnails: Thumbnails | None = None


def attempt(item: Item, context: Context, task: Task, *, in_batch: bool) -> Ended:
    """Process one item; in a batch its failure is noted beside where its output would be."""
    try:
        with explained(item):
            return _done(item, context, task)
    except Interrupted as error:
        return Ended("interrupted", str(error), name=item.name)
    except InUseError as error:
        return Ended("failed", sentence_of(item, error), name=item.name)
    except DipcliError as error:
        return _failed(item, error, in_batch=in_batch)


def _done(item: Item, context: Context, task: Task) -> Ended:
    if context.interrupted.is_set():
        raise Interrupted(f"{item.input}: not begun.")
    if item.output == item.input:
        return _ended(item, context, task(item, context))
    make_folder(item.output.parent)
    with owned(item.output, item.stem, context.interrupted):
        _refuse_existing(item, context.files)
        fingerprints = Fingerprints()
        asked = asked_of(item, context.files.call, fingerprints.of)
        checkpoints = _checkpoints(item, context, asked)
        with context.interrupted.on_leaving(checkpoints.flush):
            own = replace(context, checkpoints=checkpoints, asked=asked, fingerprints=fingerprints)
            processed = task(item, own)
        checkpoints.remove()
        forget_failure(item)
    return _ended(item, context, processed)


def _refuse_existing(item: Item, files: FileOptions) -> None:
    """There was none when the call began."""
    batch = files.batch
    if item.output.exists() and not (files.overwrite or batch.resume or batch.retry_failed):
        raise InUseError(f"{item.output}: another process has just written it; add --overwrite to do it again.")


@contextmanager
def explained(item: Item) -> Iterator[None]:
    """Turn whatever goes wrong with one item into a DipcliError, so that it costs no other item.

    Where the program itself is wrong, its traceback is said at debug level.
    """
    try:
        yield
    except DipcliError:
        raise
    except Exception as error:
        if _is_out_of_memory(error):
            advice = "use --preset fast, a smaller --width, or a smaller picture"
            raise OutputError(f"{item.input}: does not fit in memory; {advice}.") from error
        LOGGER.debug("%s: a mistake of dipcli", item.input, exc_info=True)
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON].rstrip(".: ")
        raise DipcliError(
            f"{item.input}: dipcli itself failed ({reason}); please report it, with what --log-level debug shows."
        ) from error


def sentence_of(item: Item, error: DipcliError) -> str:
    """What is said of an item that failed; it names the item."""
    return str(error) if item.input.name in str(error) else f"{item.input}: {error}"


def _failed(item: Item, error: DipcliError, *, in_batch: bool) -> Ended:
    text = sentence_of(item, error)
    if in_batch:
        note(item, text)
    return Ended("failed", text, isinstance(error, OptionError), name=item.name)


def note(item: Item, text: str) -> None:
    """Leave word of a failure, where that is possible."""
    try:
        note_failure(item, text)
    except OutputError as error:
        LOGGER.warning("%s", error)


def _checkpoints(item: Item, context: Context, asked: Mapping[str, Any]) -> Checkpoints:
    batch = context.files.batch
    checkpoints = Checkpoints(
        item.beside("checkpoint"),
        seal_of(context.command, asked, context.device.type),
        context.device,
        every=batch.checkpoint_every,
        interrupted=context.interrupted.is_set,
        may_discard=context.files.overwrite,
    )
    if context.files.overwrite and not batch.resume:
        checkpoints.remove()
    return checkpoints


def _ended(item: Item, context: Context, processed: Processed) -> Ended:
    record = processed.record
    shown = str(item.output).replace("\n", "\\n") if "outputs" in record else ""
    return Ended(
        "done",
        to_json(record) if context.files.json else shown,
        is_confirmed=bool(record.get("confirmed", True)),
        name=item.name,
        thumbnails=thumbnails_of(processed.panels),
    )


def _is_out_of_memory(error: Exception) -> bool:
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)
