"""The signals that end a run: from a person, a terminal that is closed, a scheduler, or the machine going down.

Python runs handlers of signals between two of its own instructions, of which a long call into a library is one. So
signals are heard by a thread, which ends the process wherever it is, unless something is being saved.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Collection, Iterator
from types import FrameType

from dipcli.errors import Interrupted
from dipcli.pipeline.interruption import Interruption

LOGGER = logging.getLogger("dipcli")  # that of report.messages, without what it imports

ASK = ("SIGINT", "SIGTERM", "SIGHUP")
# Slurm announces the end by the signal that the script asks for; Grid Engine by SIGUSR1 and SIGUSR2.
ANNOUNCE = ("SIGUSR1", "SIGUSR2")
PATIENCE = 0.5  # seconds for those who look at the interruption, to leave in good order
ECHO = 0.25  # seconds in which the same wish comes twice: from the terminal and from the shell in it
SHOW_CURSOR = b"\x1b[?25h\r\x1b[K"


@contextlib.contextmanager
def interruptible(
    interruption: Interruption, *, quiet: bool, names: Collection[str] = (*ASK, *ANNOUNCE)
) -> Iterator[None]:
    """The first of these signals ends the block within a second, or as soon as something is saved, by code 75.

    What looks at the interruption leaves by itself; otherwise the process ends, after its farewells. A second one
    ends it at once. A SIGHUP that is ignored, as under nohup, stays so.
    """
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    numbers = [number for number in numbers if not _stays_ignored(number)]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, _hear) for number in numbers}
    outer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    is_over = threading.Event()
    listener = threading.Thread(target=_listen, args=(reader, numbers, interruption, is_over, quiet), daemon=True)
    listener.start()
    try:
        yield
    finally:
        with interruption.saving:  # whoever is leaving does not give it back
            is_over.set()
        signal.set_wakeup_fd(outer)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)
        listener.join()
        os.close(reader)


def _stays_ignored(number: int) -> bool:
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) == signal.SIG_IGN


def _hear(number: int, frame: FrameType | None) -> None:
    """Nothing: Python itself has written the number into the pipe."""


def _listen(
    reader: int, numbers: Collection[int], interruption: Interruption, is_over: threading.Event, quiet: bool
) -> None:
    """Read the numbers of signals until the pipe is closed."""
    first = None
    while heard := os.read(reader, 1):
        number = heard[0]
        if number not in numbers:
            continue
        if first is None:
            first = time.monotonic()
            saves = interruption.is_saving()  # asked before it knows: it may be done before anything is said
            interruption.set()
            words = "" if quiet else _words(number, saves=saves)
            threading.Thread(target=_leave, args=(words, interruption, is_over), daemon=True).start()
        elif signal.Signals(number).name in ASK and time.monotonic() - first > ECHO:
            interruption.bid_farewell(at_once=True)
            _end(128 + number)


def _words(number: int, *, saves: bool) -> str:
    what = "writing a checkpoint; once more to leave at once" if saves else "leaving"
    return f"{signal.Signals(number).name}: {what}."


def _leave(words: str, interruption: Interruption, is_over: threading.Event) -> None:
    """Wait for what is being saved and for those who leave by themselves; then end the process."""
    if words:
        LOGGER.warning(words)
    while True:
        with interruption.saving:
            pass
        if is_over.wait(PATIENCE):
            return
        if not interruption.is_saving():
            break
    with interruption.saving:
        if not is_over.is_set():
            interruption.bid_farewell()
            _end(Interrupted.exit_code)


def _end(code: int) -> None:
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
    os._exit(code)
