"""Whether a call was asked to leave, what leaving waits for, and what is done on leaving."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import final


@final
class Interruption:
    """Shared by those who work, in the main thread, and by the one who listens to signals, in another.

    Whoever works need not look at it: without a word, the process ends wherever it is. Only what holds `saving` is
    waited for, and must look.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.RLock()
        self._farewells: list[Callable[[], object]] = []

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
    def on_leaving(self, farewell: Callable[[], object]) -> Iterator[None]:
        """What is to be done where the process ends within the block: quickly, and from another thread."""
        self._farewells.append(farewell)
        try:
            yield
        finally:
            self._farewells.remove(farewell)

    def bid_farewell(self) -> None:
        """Do what is to be done on leaving, the last first; what fails stops nothing."""
        for farewell in reversed(self._farewells):
            with contextlib.suppress(Exception):
                farewell()
