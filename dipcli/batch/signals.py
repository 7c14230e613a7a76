"""The signals that end a run in good order: from a person, a scheduler, or the machine going down."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dipcli.report.messages import LOGGER

# Slurm announces the end by the signal that the script asks for; Grid Engine by SIGUSR1 and SIGUSR2.
NAMES = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2")


@contextmanager
def interruptible(interrupted: threading.Event, *, quiet: bool) -> Iterator[None]:
    """The first of these signals sets the event; a second Ctrl-C is an ordinary KeyboardInterrupt."""

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not interrupted.is_set():
            interrupted.set()
            if quiet:
                return
            name = signal.Signals(number).name
            LOGGER.warning("%s: writing a checkpoint; press Ctrl-C again to leave at once.", name)

    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = [(number, signal.signal(number, on_signal)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
