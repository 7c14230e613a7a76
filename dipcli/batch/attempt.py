"""One item is tried: its result, or its failure in one sentence."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from dipcli.errors import DipcliError, Interrupted, OptionError, OutputError
from dipcli.io.atomic import make_folder
from dipcli.io.names import beside
from dipcli.io.run_record import to_json
from dipcli.pipeline.checkpoints import Checkpoints
from dipcli.pipeline.context import Context, Record
from dipcli.pipeline.item import Item
from dipcli.pipeline.progress_files import asked_of, note_failure, seal_of

Task = Callable[[Item, Context], Record]


@dataclass(frozen=True)
class Ended:
    """How one item ended; `text` is for stdout where it is done, and for stderr where it failed."""

    ending: Literal["done", "failed", "interrupted"]
    text: str = ""
    is_usage: bool = False  # whether it failed by options that cannot be right for it


def attempt(item: Item, context: Context, task: Task, *, in_batch: bool) -> Ended:
    """Process one item; in a batch its failure is noted beside where its output would be."""
    try:
        if context.interrupted.is_set():
            raise Interrupted(f"{item.input}: not begun.")
        if item.output == item.input:
            return _ended(item, context, task(item, context))
        own = _prepared(item, context)
        record = task(item, own)
        if own.checkpoints is not None:
            own.checkpoints.remove()
        beside(item.output, "failed.json").unlink(missing_ok=True)
        return _ended(item, context, record)
    except Interrupted as error:
        return Ended("interrupted", str(error))
    except DipcliError as error:
        return _failed(item, error, in_batch=in_batch)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        advice = "use --preset fast, a smaller --width, or a smaller picture"
        return _failed(item, OutputError(f"{item.input}: does not fit in memory; {advice}."), in_batch=in_batch)


def sentence_of(item: Item, error: DipcliError) -> str:
    """What is said of an item that failed; it names the item."""
    return str(error) if item.input.name in str(error) else f"{item.input}: {error}"


def _failed(item: Item, error: DipcliError, *, in_batch: bool) -> Ended:
    text = sentence_of(item, error)
    if in_batch:
        note_failure(item, text)
    return Ended("failed", text, isinstance(error, OptionError))


def _prepared(item: Item, context: Context) -> Context:
    """What is shared, with what this item has for itself: its checkpoints, and what decides its result."""
    make_folder(item.output.parent)
    asked = asked_of(item, context.files.call)
    batch = context.files.batch
    checkpoints = Checkpoints(
        beside(item.output, "checkpoint"),
        seal_of(context.command, asked, context.device.type),
        context.device,
        every=batch.checkpoint_every,
        interrupted=context.interrupted.is_set,
        may_discard=context.files.overwrite,
    )
    if context.files.overwrite and not batch.resume:
        checkpoints.remove()
    return replace(context, checkpoints=checkpoints, asked=asked)


def _ended(item: Item, context: Context, record: Record) -> Ended:
    if context.files.json:
        return Ended("done", to_json(record))
    return Ended("done", str(item.output) if "outputs" in record else "")


def _is_out_of_memory(error: Exception) -> bool:
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)
