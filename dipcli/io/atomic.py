"""Write a file whole or not at all."""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

from dipcli.errors import OutputError
from dipcli.io.processes import HOST, is_gone

TEMPORARY = ".dipcli-*.tmp"
DAY = 86400.0  # seconds after which a temporary file of another machine is nobody's

_WRITTEN: ContextVar[dict[Path, str] | None] = ContextVar("written", default=None)


def write_atomically(path: Path, data: bytes | Iterable[bytes], *, once: bool = False) -> None:
    """Put `data`, or its parts, at `path` in one step: a reader sees the old file or the new one, no mixture.

    The bytes go to a temporary file in the same folder (a rename works only within one file system), reach
    the disk, and then take the name. A failure leaves the old file as it was and no temporary file.
    Permissions are those of the old file; of a new one they follow the umask. A link is replaced, and what it
    points at is left alone. With `once` whatever lies there is, and of several writers only the first one writes.
    Errors: OutputError when the folder or the disk refuses, or when something lies there that is no file.
    """
    temporary = path.parent / f".dipcli-{HOST}-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        mode = _mode_of(path)
        try:
            digest = _write_through(temporary, (data,) if isinstance(data, bytes) else data, mode)
            _rename(temporary, path, once=once)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written, {_reason(path, error)}.") from error
    written = _WRITTEN.get()
    if written is not None:
        written[path] = digest


def _rename(temporary: Path, path: Path, *, once: bool) -> None:
    if not once:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    except OSError:  # a file system without such links, on which two may write
        if not path.exists():
            temporary.replace(path)


@contextlib.contextmanager
def hashes_of_written() -> Iterator[dict[Path, str]]:
    """The SHA-256 of all that is written in the block, by path: of the bytes, not of what lies there later."""
    written: dict[Path, str] = {}
    token = _WRITTEN.set(written)
    try:
        yield written
    finally:
        _WRITTEN.reset(token)


def _write_through(path: Path, parts: Iterable[bytes], mode: int | None) -> str:
    """Write parts to a new file, down to the disk; returns their SHA-256."""
    digest = hashlib.sha256()
    # Until it has the permissions of a file that may be private, nobody else reads it.
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
    with os.fdopen(number, "wb") as file:
        for part in parts:
            digest.update(part)
            file.write(part)
        file.flush()
        if mode is not None:
            path.chmod(mode)
        os.fsync(number)
    return digest.hexdigest()


def _mode_of(path: Path) -> int | None:
    """The permissions of the file that is written over, None where there is none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISREG(status.st_mode):
        return stat.S_IMODE(status.st_mode)
    if not stat.S_ISLNK(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EINVAL, "it is no file, but a device or a pipe")
    return None


def _reason(path: Path, error: OSError) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; create it first"
    if path.is_dir():
        return "a folder has this name; choose another"
    return f"{error.strerror or error}; check the folder's permissions and free space"


def sweep(folder: Path) -> None:
    """Delete the temporary files that processes left in a folder when they were killed."""
    for path in folder.glob(TEMPORARY):
        with contextlib.suppress(OSError, ValueError):
            host, process, _ = path.name.removeprefix(".dipcli-").split("-")
            is_left = is_gone(int(process)) if host == HOST else time.time() - path.stat().st_mtime > DAY
            if is_left:
                path.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises OutputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: this folder cannot be made, {error.strerror}; name another --output."
        ) from error
