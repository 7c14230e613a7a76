"""From a call to the items that it has to do: planned or read back, its part taken, what is done left out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dipcli.batch.plan import NAME, load_manifest, plan, save_manifest, share
from dipcli.errors import OptionError
from dipcli.io.atomic import make_folder
from dipcli.options.files import FileOptions
from dipcli.pipeline.item import Item
from dipcli.pipeline.progress_files import Standing, standing_of
from dipcli.report.messages import LOGGER


@dataclass(frozen=True)
class Batch:
    """All items of a call, and where each of them stands; `folder` is theirs, where they have one."""

    items: tuple[Item, ...]
    plan: tuple[Item, ...]  # those of all shards
    standings: tuple[Standing, ...]
    folder: Path | None
    chosen: frozenset[Standing]

    @property
    def todo(self) -> list[Item]:
        """The items that are to be processed."""
        pairs = zip(self.items, self.standings, strict=True)
        return [item for item, standing in pairs if standing in self.chosen]


def freeze(batch: Batch, files: FileOptions) -> None:
    """Write the plan beside the outputs, where they have a folder. Errors: OutputError."""
    if batch.folder is not None and not files.batch.dry_run:
        make_folder(batch.folder)
        if not files.batch.shard or not (batch.folder / NAME).is_file():
            save_manifest(batch.folder, files.call, batch.plan, files.seed)


def open_batch(inputs: Sequence[Path], files: FileOptions, suffixes: Collection[str], suffix: str | None) -> Batch:
    """What is to be done.

    Raises InputError for inputs that are not there, OptionError for outputs that are and must not be lost.
    """
    options = files.batch
    goes_on = options.resume or options.retry_failed
    items = _frozen(files.output, files) if options.shard and files.output else None
    if items is None:
        items = plan(
            inputs,
            files.output,
            recursive=files.recursive,
            overwrite=files.overwrite or goes_on or bool(options.shard),
            suffixes=suffixes,
            suffix=suffix,
        )
    whole = tuple(items)
    is_found = len(whole) > 1 or whole[0].input not in inputs
    is_batch = suffix is not None and is_found and whole[0].output != files.output
    if options.shard:
        items = share(items, *options.part())
        _refuse_existing(items, files)
    looks = goes_on or options.dry_run
    standings = tuple(standing_of(item, files.call) if looks else "waiting" for item in items)
    return Batch(tuple(items), whole, standings, files.output if is_batch else None, _chosen(files))


def _chosen(files: FileOptions) -> frozenset[Standing]:
    if files.batch.retry_failed:
        return frozenset({"failed"})
    undone: set[Standing] = {"waiting", "begun", "failed", "stale"}
    return frozenset(undone if files.batch.resume else {*undone, "done"})


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


def _refuse_existing(items: Sequence[Item], files: FileOptions) -> None:
    may_exist = files.overwrite or files.batch.resume or files.batch.retry_failed
    for item in items:
        if item.output.exists() and not may_exist:
            raise OptionError(f"{item.output} exists; add --resume or --overwrite, or name another --output.")
