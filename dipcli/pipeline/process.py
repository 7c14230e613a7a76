"""The one pipeline: check, load, state, fit, finish, score, write, record; for every medium.

It is also the only place that knows of a dry run, which ends where computing would begin.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dipcli.engine.forecast import Forecast
from dipcli.errors import InputError
from dipcli.io.atomic import hashes_of_written, write_atomically
from dipcli.io.names import stem_of
from dipcli.io.run_record import save_record
from dipcli.pipeline.computing import Loaded, compute, foreseen
from dipcli.pipeline.context import Context, Processed, Record
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import AnyMedium
from dipcli.pipeline.record import record_of, report_of
from dipcli.pipeline.statement import Fitted
from dipcli.report.endings import ending_line
from dipcli.report.figures import can_draw, drawn
from dipcli.report.messages import LOGGER


def process(item: Item, context: Context, medium: AnyMedium) -> Processed:
    """Restore one item and write its outputs, its history and, last of all, its record.

    Raises DipcliError for what cannot be read, used or written, and Interrupted when the call was.
    """
    start, medium = time.perf_counter(), medium.for_item(item)
    loaded, hashes = read(item, context, medium)
    first: dict[str, Path] = {}
    if medium.writes_first:
        with _writing(context):
            first = medium.write_first(item, loaded.source)
    computed = compute(loaded, context, medium)
    facts = record_of(context, medium, loaded, computed, hashes)
    is_drawn = bool(computed.panels) and can_draw()
    report = drawn(report_of(item, facts, computed, medium.curves(computed.shown))) if is_drawn else None
    facts["seconds"] = round(time.perf_counter() - start, 3)
    with _writing(context) as written:
        outputs = medium.write(item, loaded.source, computed.frames, context)
        outputs |= first | _write_beside(item, computed.frames, report)
        record: Record = {
            **facts,
            "outputs": {name: str(path) for name, path in outputs.items()},
            "output_sha256": written[item.output],
        }
        save_record(item.beside("run.json"), record)
    LOGGER.info("%s", ending_line(item.name, record))
    return Processed(record, computed.panels)


def read(item: Item, context: Context, medium: AnyMedium) -> tuple[Loaded, dict[Path, str]]:
    """What is read before anything is computed, and the hashes of its files; what is odd about them is said."""
    loaded = load(item, context, medium)
    files = medium.files(item, loaded.source, reference_path(item, context.files.reference))
    hashes = {path: context.fingerprints.of(path) for path in files}
    for warning in loaded.source.warnings:
        LOGGER.warning("%s", warning)
    return loaded, hashes


@contextmanager
def _writing(context: Context) -> Iterator[dict[Path, str]]:
    """The hashes of what is written in the block, in which nobody leaves."""
    marked = context.checkpoints.outputs() if context.checkpoints else hashes_of_written()
    with context.interrupted.saving, marked as written:
        yield written


def _write_beside(item: Item, frames: Sequence[Fitted], report: bytes | None) -> dict[str, Path]:
    """The history of what was fitted, and the report."""
    outputs: dict[str, Path] = {}
    if any(frame.result for frame in frames):
        outputs["history"] = item.beside("history.csv")
        write_atomically(outputs["history"], b"".join(f.history.csv(i) for i, f in enumerate(frames)))
    if report is not None:
        outputs["report"] = item.beside("report.png")
        write_atomically(outputs["report"], report)
    return outputs


def forecast(item: Item, context: Context, medium: AnyMedium) -> Forecast:
    """What `process` would cost; raises what it would raise before it computes anything."""
    medium = medium.for_item(item)
    loaded = load(item, context, medium)
    first = next(iter(medium.frames(loaded.source, context.device)))
    cost, _ = foreseen(first, context, medium, len(loaded.truths))
    return cost


def load(item: Item, context: Context, medium: AnyMedium) -> Loaded:
    """What is read before anything is computed: the source, and the truth of each of its frames."""
    reference = reference_path(item, context.files.reference)
    if reference is not None and reference.is_file():
        context.fingerprints.of(reference)
    source = medium.load(item)
    return Loaded(item.name, source, medium.references(item, source, reference))


def reference_path(item: Item, given: Path | None) -> Path | None:
    """The truth of one item: the given file, or the one in a given folder that is called as input or output.

    Raises InputError where there is none.
    """
    if given is None:
        return None
    if not given.is_dir():
        if not given.exists() and not Path(str(given).rpartition(":")[0]).is_file():
            raise InputError(f"--reference {given}: there is no such file; check the path.")
        return given
    folder = (given / item.name).parent
    stem = stem_of(item.file)
    alike = sorted(path for path in folder.glob(f"{_escaped(stem)}.*") if stem_of(path) == stem)
    names = [folder / item.file.name, folder / item.output.name, *alike]
    found = next((path for path in names if path.is_file()), None)
    if found is None:
        raise InputError(f"--reference {given}: there is no {item.file.name} in it; name files as the inputs are.")
    return found


def _escaped(stem: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)
