"""`index.html` of a batch: written as the batch goes on, by all processes that work on it.

What is said of an input stands in its record. The page itself keeps the pictures: each process adds its own to
those that it finds, and one of an output that is another by now is left out.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, final

from dipcli import __version__
from dipcli.batch.attempt import Ended
from dipcli.batch.selection import Batch
from dipcli.errors import DipcliError, InputError, InUseError
from dipcli.io.atomic import write_atomically
from dipcli.io.limits import refuse_special
from dipcli.io.locks import locked
from dipcli.io.run_record import load_record
from dipcli.pipeline.interruption import Interruption
from dipcli.pipeline.item import Item
from dipcli.pipeline.progress_files import failure_of, glance
from dipcli.report.endings import how_ended, score_of
from dipcli.report.index_page import GENERATOR, Page, Row, link_to, page_of, pictures_in
from dipcli.report.messages import LOGGER
from dipcli.report.thumbnails import Thumbnails

NAME = "index.html"
MOST_LETTERS = 60_000_000  # of all pictures on the page; later ones are left out
LEAST_SECONDS = 1.0  # from one writing to the next
SHARE = 20.0  # times as long as writing takes, nothing is written
PATIENCE = 20.0  # seconds for which another process may write
QUICK = 0.3  # seconds that writing may take where the process is about to end


@final
class BatchIndex:
    """The page of one batch; of none, where there is no folder or no report is wanted."""

    def __init__(self, command: str, batch: Batch) -> None:
        self._command, self._batch = command, batch
        self._items = {item.name: item for item in batch.todo}
        self._folder = batch.folder if batch.files.report else None
        self._own: dict[str, tuple[str, Thumbnails]] = {}  # of which output, and the pictures
        self._rows: dict[str, tuple[int, Row]] = {}  # as they were when the record was written
        self._cost, self._last = 0.0, -LEAST_SECONDS

    @contextlib.contextmanager
    def kept(self, interruption: Interruption) -> Iterator[None]:
        """Write the page at the end of the block, however that comes."""
        if self._folder is None or not self._is_free(self._folder / NAME):
            self._folder = None
            yield
            return
        with interruption.on_leaving(self._write_quickly):
            try:
                yield
            finally:
                self._write(PATIENCE)

    def add(self, ended: Ended) -> None:
        """Take in how one input ended, and show it, if the page has not just been written."""
        if self._folder is None:
            return
        if ended.name in self._items and ended.thumbnails is not None:
            before, after = ended.thumbnails
            self._own[ended.name] = (_digest_of(self._items[ended.name]), (before, after))
        if time.perf_counter() - self._last >= max(LEAST_SECONDS, SHARE * self._cost):
            self._write(0.0)

    def _is_free(self, path: Path) -> bool:
        """Whether the page may be written: what lies there is none of others, unless all may be written over."""
        if not path.is_symlink() and not path.exists():
            return True
        is_ours = path.is_file() and GENERATOR in _start_of(path)
        if is_ours or (self._batch.files.overwrite and not path.is_dir()):
            return True
        LOGGER.warning("%s: is not of this program and stays; there is no page of this batch.", path)
        return False

    def _write_quickly(self) -> None:
        if self._cost < QUICK:
            self._write(0.0)

    def _write(self, patience: float) -> None:
        """Write what there is; a page that cannot be written is a warning, once, and costs no result."""
        if self._folder is None:
            return
        start, path = time.perf_counter(), self._folder / NAME
        try:
            while True:
                with contextlib.suppress(InUseError), locked(path, NAME):
                    write_atomically(path, page_of(self._page(path)).encode())
                    break
                if time.perf_counter() - start >= patience:
                    return
                time.sleep(0.05)
        except DipcliError as error:
            LOGGER.warning("%s", error)
            self._folder = None
        self._last = time.perf_counter()
        self._cost = self._last - start

    def _page(self, path: Path) -> Page:
        pictures = {**_found(path), **self._own}
        items, files = self._batch.plan, self._batch.files
        rows = [row for item in items if (row := self._row(item, pictures.get(item.name))) is not None]
        counts = Counter(row.standing for row in rows)
        doubts = f" ({counts['unconfirmed']} not confirmed)" if counts["unconfirmed"] else ""
        waiting = len(items) - len(rows)
        parts = [f"{counts['done'] + counts['unconfirmed']} done{doubts}", f"{counts['failed']} failed"]
        when = datetime.now().astimezone().isoformat(" ", "minutes")
        typed = " ".join(word for option in files.call.words.values() for word in option)
        return Page(
            f"dipcli {self._command}: {path.parent.resolve().name}",
            f"{len(items)} inputs: {', '.join([*parts, *([f'{waiting} to do'] if waiting else [])])}",
            f"Written at {when} by dipcli {__version__}: dipcli {self._command} {typed}",
            _within_bounds(rows),
            len(items),
        )

    def _row(self, item: Item, pictures: tuple[str, Thumbnails] | None) -> Row | None:
        """What the files of an item say; None where it has not ended."""
        standing = glance(item)
        if self._folder is None or standing not in ("done", "failed"):
            return None
        make, ending = (_done, "run.json") if standing == "done" else (_failed, "failed.json")
        try:
            changed = item.beside(ending).stat().st_mtime_ns
            if item.name not in self._rows or self._rows[item.name][0] != changed:
                self._rows[item.name] = (changed, make(item, self._folder))
        except (OSError, InputError):
            return None
        row = self._rows[item.name][1]
        return replace(row, pictures=pictures[1]) if pictures and pictures[0] == row.digest else row


def _done(item: Item, folder: Path) -> Row:
    """The row of a record. Raises InputError where it cannot be read."""
    record: Mapping[str, Any] = load_record(item.beside("run.json"))
    metrics, outputs = _mapping(record.get("metrics")), _mapping(record.get("outputs"))
    score, is_whole = score_of(metrics), {"ending", "classical", "runs"} <= record.keys()
    links = {name: item.output.with_name(Path(str(path)).name) for name, path in outputs.items()}
    links |= {"record": item.beside("run.json"), "input": item.file}
    return Row(
        item.name,
        "done" if record.get("confirmed", True) else "unconfirmed",
        how_ended(record) if is_whole else "",
        str(_mapping(record.get("decisions")).get("noise", "")),
        None if score is None else metrics[score],
        None if score is None else metrics.get(f"input_{score}"),
        record.get("seconds"),
        tuple(map(str, record.get("warnings", ()))),
        {name: _link(path, folder) for name, path in links.items()},
        str(record.get("output_sha256", "")),
    )


def _failed(item: Item, folder: Path) -> Row:
    """The row of a failure. Raises InputError where word of it cannot be read."""
    return Row(item.name, "failed", failure_of(item), files={"input": _link(item.file, folder)})


def _link(path: Path, folder: Path) -> str:
    """The way to a file from the page; what lies on another drive is named in full."""
    try:
        return link_to(os.path.relpath(path.absolute(), folder.absolute()))
    except ValueError:
        return path.absolute().as_uri()


def _digest_of(item: Item) -> str:
    try:
        return str(load_record(item.beside("run.json")).get("output_sha256", ""))
    except InputError:
        return ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _found(path: Path) -> dict[str, tuple[str, Thumbnails]]:
    """The pictures of the page that lies there."""
    try:
        refuse_special(path)
        return pictures_in(path.read_text("utf-8"))
    except (OSError, ValueError, InputError):
        return {}


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1000)
    except OSError:
        return b""


def _within_bounds(rows: Sequence[Row]) -> list[Row]:
    """The rows, with pictures as long as the page does not become too large."""
    kept: list[Row] = []
    room = MOST_LETTERS
    for row in rows:
        room -= sum(map(len, row.pictures or ()))
        kept.append(row if room >= 0 else replace(row, pictures=None))
    return kept
