"""One process at a time writes an output and what accompanies it."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from dipcli.errors import InUseError
from dipcli.io.names import stem_of

try:
    import fcntl
except ImportError:  # not on Windows, where two processes do not notice each other
    fcntl = None  # type: ignore[assignment]

LOCKS = ".*.dipcli-lock"


def lock_of(output: Path, stem: str = "") -> Path:
    """The file that is locked: one for all outputs whose side files would have the same names, after `stem`."""
    return output.with_name(f".{stem or stem_of(output)}.dipcli-lock")


@contextlib.contextmanager
def locked(output: Path, stem: str = "") -> Iterator[None]:
    """Hold the lock of an output; raises InUseError where another process holds it.

    The system gives a lock back when its process dies, on this machine or, over NFS, on another one. Where the
    file system knows no locks, or the file cannot be made, nothing is held.
    """
    path = lock_of(output, stem)
    number = None if fcntl is None else _hold(path, output)
    try:
        yield
    finally:
        if number is not None:
            _let_go(path, number)


def sweep_locks(folder: Path) -> None:
    """Delete the locks of processes that were killed."""
    for path in folder.glob(LOCKS):
        with contextlib.suppress(InUseError):
            number = None if fcntl is None else _hold(path, path)
            if number is not None:
                _let_go(path, number)


def _hold(path: Path, output: Path) -> int | None:
    """The open file that holds the lock, or None where there are no locks."""
    while True:
        try:
            number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError:
            return None
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(number), path.stat()):
                os.write(number, f"{os.getpid()} on {socket.gethostname()}\n".encode())
                return number
        except BlockingIOError:
            holder = os.read(number, 200).decode(errors="replace").strip()
            os.close(number)
            who = f"process {holder}" if holder else "another process"
            raise InUseError(f"{output}: {who} is writing it; wait for it, or name another --output.") from None
        except FileNotFoundError:
            pass  # who held it has just deleted it
        except OSError:
            os.close(number)
            return None
        os.close(number)


def _let_go(path: Path, number: int) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(number)
