"""From a call to the items that it has to do: planned or read back, its part taken, what is done left out.

All that names show is said here, before torch is loaded.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dipcli.batch.claims import refuse_conflicts, refuse_existing, refuse_missing
from dipcli.batch.inputs import find_inputs
from dipcli.batch.plan import NAME, load_manifest, plan, save_manifest, share
from dipcli.errors import InputError, OptionError
from dipcli.io.atomic import make_folder
from dipcli.options.files import FileOptions
from dipcli.options.naming import Naming
from dipcli.pipeline.item import Item, is_there
from dipcli.pipeline.progress_files import Standing, standing_of
from dipcli.report.messages import LOGGER, open_console, show_messages

MOST_SAID = 5  # inputs that are not there


@dataclass(frozen=True)
class Batch:
    """All items of a call, and where each of them stands; `folder` is theirs, where they have one."""

    files: FileOptions
    items: tuple[Item, ...] = ()
    plan: tuple[Item, ...] = ()  # those of all shards
    standings: tuple[Standing, ...] = ()
    folder: Path | None = None
    chosen: frozenset[Standing] = frozenset()

    @property
    def todo(self) -> list[Item]:
        """The items that are to be processed."""
        pairs = zip(self.items, self.standings, strict=True)
        return [item for item, standing in pairs if standing in self.chosen]


def freeze(batch: Batch) -> None:
    """Write the plan beside the outputs, where they have a folder. Errors: OutputError."""
    files = batch.files
    if batch.folder is not None and not files.batch.dry_run:
        make_folder(batch.folder)
        if not files.batch.shard or not (batch.folder / NAME).is_file():
            save_manifest(batch.folder, files.call, batch.plan, files.seed)


def look_at(inputs: Sequence[Path], files: FileOptions, naming: Naming) -> Batch:
    """Inputs that are only looked at. Raises InputError where none is there."""
    _say(files)
    with _in_one_sentence():
        found = find_inputs(inputs, naming, recursive=files.recursive)
        items = tuple(Item(path, path, name) for path, name in found)
        _refuse_missing_inputs(items)
    waiting: Standing = "waiting"
    return Batch(files, items, items, (waiting,) * len(items), None, frozenset({waiting}))


def open_batch(
    inputs: Sequence[Path], files: FileOptions, naming: Naming, *, needed: Iterable[tuple[str, Path | None]] = ()
) -> Batch:
    """What is to be done; a worker learns it later. `needed` are files that options name, each with its flag.

    Raises InputError for inputs and files that are not there, OptionError for outputs that are and must not be
    lost and for those that would fall together, OutputError for folders that cannot be written into.
    """
    _say(files)
    if files.batch.worker:
        return Batch(files)
    with _in_one_sentence():
        return _planned_batch(inputs, files, naming, needed)


def _planned_batch(
    inputs: Sequence[Path], files: FileOptions, naming: Naming, needed: Iterable[tuple[str, Path | None]]
) -> Batch:
    references = [("--reference", files.reference), *needed]
    refuse_missing((flag, path) for flag, path in references if path is not None)
    options = files.batch
    frozen = _frozen(files.output, files) if options.shard and files.output else None
    whole = tuple(plan(inputs, files, naming) if frozen is None else frozen)
    _refuse_missing_inputs(whole)
    refuse_conflicts(whole, naming, files.call)
    is_batch = (len(whole) > 1 or whole[0].input not in inputs) and files.output not in (None, whole[0].output)
    items = tuple(share(whole, *options.part())) if options.shard else whole
    goes_on = options.resume or options.retry_failed
    standings = tuple(standing_of(item, files.call) if goes_on or options.dry_run else "waiting" for item in items)
    batch = Batch(files, items, whole, standings, files.output if is_batch else None, _chosen(files))
    planned = _planned(files.output)
    refuse_existing(batch.todo, naming, planned, overwrite=files.overwrite, goes_on=goes_on)
    return batch


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """What a system says of a path that may not even be looked at. Raises InputError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{error.filename}: cannot be looked at, {reason}; check its folder.") from error


def _say(files: FileOptions) -> None:
    show_messages(open_console(), "error" if files.quiet else files.log_level)


def _chosen(files: FileOptions) -> frozenset[Standing]:
    if files.batch.retry_failed:
        return frozenset({"failed"})
    undone: set[Standing] = {"waiting", "begun", "failed", "stale"}
    return frozenset(undone if files.batch.resume else {*undone, "done"})


def _planned(folder: Path | None) -> set[Path]:
    """The outputs of the plan that lies in a folder."""
    try:
        items = load_manifest(folder).items if folder is not None and (folder / NAME).is_file() else ()
    except InputError:
        return set()
    return {item.output.absolute() for item in items}


def _frozen(folder: Path, files: FileOptions) -> list[Item] | None:
    """The items that an earlier shard of the same call found."""
    if not (folder / NAME).is_file():
        return None
    manifest = load_manifest(folder)
    call = manifest.call
    if (call.command, call.inputs, call.asked) != (files.call.command, files.call.inputs, files.call.asked):
        raise OptionError(f"{folder / NAME}: is the plan of another call; delete it, or name another --output.")
    LOGGER.info("%s: %d inputs, as they were found first.", folder / NAME, len(manifest.items))
    return list(manifest.items)


def _refuse_missing_inputs(items: Sequence[Item]) -> None:
    """Say which inputs are not there, before anything is computed. Raises InputError where none is."""
    missing = [item.input for item in items if not is_there(item.file)]
    if len(missing) == len(items):
        rest = f" Nor are the {len(missing) - 1} others." if len(missing) > 1 else ""
        raise InputError(f"{missing[0]}: there is no such file; check the path.{rest}")
    for path in missing[:MOST_SAID]:
        LOGGER.warning("%s: there is no such file; the others are taken.", path)
    if len(missing) > MOST_SAID:
        LOGGER.warning("%d more inputs are not there.", len(missing) - MOST_SAID)
