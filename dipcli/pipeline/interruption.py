"""Whether a call was asked to leave, what leaving waits for, and what is done on leaving."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import final

from dipcli.io.locks import lock_of, locked


@final
class Interruption:
    """Shared by those who work, in the main thread, and by the one who listens to signals, in another.

    Whoever works need not look at it: without a word, the process ends wherever it is. Only what holds `saving` is
    waited for, and must look.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.RLock()
        self._farewells: list[tuple[Callable[[], object], bool]] = []

    def set(self) -> None:
        """Ask to leave."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    @property
    def saving(self) -> AbstractContextManager[bool]:
        """While this is held, nobody leaves: what is in it finishes, or looks at `is_set` and saves."""
        return self._lock

    def is_saving(self) -> bool:
        """Whether another thread holds `saving`."""
        is_free = self._lock.acquire(blocking=False)
        if is_free:
            self._lock.release()
        return not is_free

    @contextlib.contextmanager
    def on_leaving(self, farewell: Callable[[], object], *, at_once: bool = False) -> Iterator[None]:
        """What is to be done where the process ends within the block: quickly, and from another thread.

        `at_once`: it takes no time, and is done even where the process shall end without delay.
        """
        entry = (farewell, at_once)
        self._farewells.append(entry)
        try:
            yield
        finally:
            self._farewells.remove(entry)

    def bid_farewell(self, *, at_once: bool = False) -> None:
        """Do what is to be done on leaving, or only what takes no time, the last first; no failure stops it."""
        for farewell, takes_no_time in reversed(self._farewells):
            if takes_no_time or not at_once:
                with contextlib.suppress(Exception):
                    farewell()


@contextlib.contextmanager
def owned(output: Path, stem: str, interruption: Interruption) -> Iterator[None]:
    """Hold the lock of an output, of which nothing is left either where the process ends in the block.

    Raises InUseError where another process holds it.
    """
    unlock = partial(lock_of(output, stem).unlink, missing_ok=True)
    with locked(output, stem), interruption.on_leaving(unlock, at_once=True):
        yield
