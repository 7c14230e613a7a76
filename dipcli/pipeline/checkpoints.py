"""The checkpoints of one item: a file for each of its fits, in a folder beside its output."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, final

import torch

from dipcli.engine.checkpoint import Keeper, State, from_bytes, to_bytes
from dipcli.engine.restore import Result
from dipcli.engine.solve import Solution
from dipcli.engine.tuning import Tuning
from dipcli.errors import InputError, OutputError
from dipcli.io.atomic import TEMPORARY, hashes_of_written, make_folder, sweep, write_atomically
from dipcli.io.limits import refuse_special
from dipcli.pipeline.progress_files import MARK, is_checkpoint
from dipcli.report.history import History
from dipcli.report.messages import LOGGER


@final
class Checkpoints:
    """Fits are asked for in the order in which the item has them: slice by slice, tile by tile.

    Nothing is written before a checkpoint is due; then the results of the finished fits are, too. What a
    checkpoint is of is its `seal`; a file with another seal raises InputError, unless it `may_discard` it.
    """

    def __init__(
        self,
        folder: Path,
        seal: Mapping[str, Any],
        device: torch.device,
        *,
        every: float,
        interrupted: Callable[[], bool],
        may_discard: bool,
    ) -> None:
        """`every` is in seconds; 0 for none but when interrupted."""
        self._folder, self._seal, self._device = folder, dict(seal), device
        self._every, self._interrupted = every or float("inf"), interrupted
        self._may_discard = may_discard
        self._begun = 0
        sweep(folder)
        self._unwritten: dict[int, State] = {}
        self._last = time.perf_counter()

    def begin(self, history: History) -> tuple[Result | None, Keeper]:
        """The next fit: its result, if it was finished before, and what keeps it; the history comes back too."""
        index, self._begun = self._begun, self._begun + 1
        found = self._load(index)
        if found is not None:
            history.load_state(found["history"])
            if "result" in found:
                return _result(found["result"]), Keeper()
        keeper = Keeper(
            partial(self._save, index, history),
            frozen=None if found is None else found["fit"],
            interrupted=self._interrupted,
            is_time=self._is_time,
        )
        return None, keeper

    def end(self, result: Result, history: History) -> None:
        """Take in the result of the fit that was begun last."""
        solutions = [vars(replace(solution, estimate={})) for solution in result.solutions]
        plain = {**vars(result), "solutions": solutions, "tuning": vars(result.tuning)}
        plain |= {"estimate": dict(result.estimate), "networks": list(result.networks)}
        self._unwritten[self._begun - 1] = {"result": plain, "history": history.state()}

    def remove(self) -> None:
        """Delete them all: the item is done, or is begun afresh. What is not of this program is left alone."""
        if not is_checkpoint(self._folder):
            return
        with contextlib.suppress(OSError):  # of others who have put something in it, or forbid it
            for file in [*self._folder.glob("*.pt"), *self._folder.glob(TEMPORARY), self._folder / MARK]:
                file.unlink(missing_ok=True)
            self._folder.rmdir()

    def _is_time(self) -> bool:
        return time.perf_counter() - self._last >= self._every

    def _save(self, index: int, history: History, state: State) -> None:
        self._unwritten[index] = {"fit": state, "history": history.state()}
        self.flush()

    def flush(self) -> None:
        """Write what was not yet written; where that cannot be, it is kept for the next time, with a warning."""
        self._last = time.perf_counter()
        try:
            if self._unwritten:
                self._mark()
            for number, content in list(self._unwritten.items()):
                write_atomically(self._path(number), to_bytes({"seal": self._seal, **content}))
                self._unwritten.pop(number, None)
        except OutputError as error:
            LOGGER.warning("There is no checkpoint: %s", error)

    def are_written(self) -> bool:
        """Whether nothing would be lost now."""
        return not self._unwritten

    @contextlib.contextmanager
    def outputs(self) -> Iterator[dict[Path, str]]:
        """The hashes of what is written in the block, the item's outputs.

        Meanwhile a mark shows that these are this program's; it stays where some were written and others not.
        """
        self._mark()
        with hashes_of_written() as written:
            try:
                yield written
            except OutputError:
                if not written and not any(self._folder.glob("*.pt")):
                    self.remove()
                raise

    def _mark(self) -> None:
        make_folder(self._folder)
        write_atomically(
            self._folder / MARK, b"The checkpoints of a run of dipcli, which goes on with --resume.\n"
        )

    def _load(self, index: int) -> State | None:
        path = self._path(index)
        if not is_checkpoint(self._folder):
            return None
        if not path.exists():
            return None
        try:
            refuse_special(path)
            found = from_bytes(path.read_bytes(), self._device)
        except (OSError, InputError):
            found = None
        if found is None or not _is_whole(found):
            LOGGER.warning("%s: this checkpoint is damaged, and not used.", path)
            return None
        if found.get("seal") == self._seal:
            return found
        if not self._may_discard:
            raise InputError(
                f"{self._folder}: this checkpoint is of another input, other options or another version; "
                "delete it, or add --overwrite."
            )
        self.remove()
        return None

    def _path(self, index: int) -> Path:
        return self._folder / f"{index}.pt"


def _is_whole(found: State) -> bool:
    return isinstance(found.get("history"), dict) and any(
        isinstance(found.get(n), dict) for n in ("fit", "result")
    )


def _result(plain: State) -> Result:
    return Result(
        **{
            **plain,
            "solutions": tuple(Solution(**solution) for solution in plain["solutions"]),
            "tuning": Tuning(**plain["tuning"]),
            "networks": tuple(plain["networks"]),
        }
    )
