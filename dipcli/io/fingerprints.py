"""What was in the files that were read."""

from pathlib import Path
from typing import final

from dipcli.errors import InputError
from dipcli.io.run_record import sha256_of


@final
class Fingerprints:
    """The SHA-256 of files, each taken once: before it is read, and asked for again when that is done."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, ...], str]] = {}

    def of(self, path: Path) -> str:
        """The hash of a file. Raises InputError where it cannot be read, or has changed since it was taken."""
        if path not in self._known:
            stamp = _stamp(path)
            self._known[path] = (stamp, sha256_of(path))
        stamp, digest = self._known[path]
        if _stamp(path) != stamp:
            raise InputError(f"{path}: was changed while it was read; run again when it is complete.")
        return digest


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when somebody writes into a file, or puts another one in its place."""
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read, {error.strerror or error}; check the path.") from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
