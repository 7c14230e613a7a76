"""From a call to the items that it has to do: planned or read back, its part taken, what is done left out.

All that names show is said here, before torch is loaded.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dipcli import __version__
from dipcli.batch.claims import refuse_conflicts, refuse_existing, refuse_missing
from dipcli.batch.inputs import find_inputs
from dipcli.batch.plan import NAME, Manifest, load_manifest, plan, save_manifest, share
from dipcli.errors import InputError, OptionError
from dipcli.io.atomic import make_folder
from dipcli.io.run_record import to_json
from dipcli.options.files import FileOptions
from dipcli.options.naming import Naming
from dipcli.options.resolved import Options, Resolved, restored
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
    resolved: Resolved = field(
        default_factory=Resolved
    )  # by an earlier call that this one belongs to or goes on with

    @property
    def todo(self) -> list[Item]:
        """The items that are to be processed."""
        pairs = zip(self.items, self.standings, strict=True)
        return [item for item, standing in pairs if standing in self.chosen]


def as_planned(batch: Batch, options: Options, kind: str = "") -> Options:
    """The options of the plan that a call belongs to, for one kind of input; without a plan, those that are given.

    Raises InputError for a plan of other options.
    """
    try:
        return restored(options, batch.resolved.options.get(kind, {}))
    except OptionError as error:
        raise InputError(f"{batch.files.output}/{NAME}: {error} Delete it and run again.") from error


def freeze(batch: Batch, resolved: Resolved) -> None:
    """Write the plan beside the outputs, where they have a folder.

    Raises OutputError where it cannot be written, OptionError where another shard has planned other options.
    """
    files, folder = batch.files, batch.folder
    if folder is None or files.batch.dry_run:
        return
    make_folder(folder)
    mine = Manifest(files.call, batch.plan, resolved, files.seed)
    if not files.batch.shard:
        save_manifest(folder, mine)
        return
    save_manifest(folder, mine, once=True)
    found = load_manifest(folder).resolved
    if not found.options:
        save_manifest(folder, mine)
    elif to_json(asdict(found)) != to_json(asdict(resolved)):
        raise OptionError(
            f"{folder / NAME}: another machine has just planned this batch with --preset {found.preset}, not "
            f"{resolved.preset}; run this part again."
        )


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
        return Batch(files, resolved=_resolved(files))
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
    folder = files.output if is_batch else None
    batch = Batch(files, items, whole, standings, folder, _chosen(files), _resolved(files))
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


def _resolved(files: FileOptions) -> Resolved:
    """What the plan says of the options, where this call is a part of it or goes on with it."""
    options, folder = files.batch, files.output
    belongs = options.worker or options.shard or options.resume or options.retry_failed
    if folder is None or not belongs or not (folder / NAME).is_file():
        return Resolved()
    try:
        manifest = load_manifest(folder)
    except InputError:  # it will be written anew, unless this is a shard, which has said so
        return Resolved()
    if (manifest.call.command, manifest.call.asked) != (files.call.command, files.call.asked):
        return Resolved()
    if manifest.version != __version__ and not options.worker:
        LOGGER.warning(
            "%s: is of dipcli %s, this is %s; its options are kept.", folder / NAME, manifest.version, __version__
        )
    return manifest.resolved


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
