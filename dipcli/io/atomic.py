"""Write a file whole or not at all."""

import os
import secrets
from pathlib import Path

from dipcli.errors import OutputError


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step: a reader sees the old file or the new one, never a part.

    The bytes go to a temporary file in the same folder (a rename works only within one file system), reach
    the disk, and then take the name. A failure leaves the old file as it was and no temporary file.
    Permissions follow the umask, as for any new file.
    Errors: OutputError when the folder or the disk refuses.
    """
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        try:
            _write_through(temporary, data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written, {_reason(path, error)}.") from error


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _reason(path: Path, error: OSError) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; create it first"
    if path.is_dir():
        return "a folder has this name; choose another"
    return f"{error.strerror or error}; check the folder's permissions and free space"


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises OutputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: this folder cannot be made, {error.strerror}; name another --output."
        ) from error
