"""The record that lies beside each output: what was run, on what, and how it ended."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from dipcli.errors import InputError
from dipcli.io.atomic import write_atomically
from dipcli.io.limits import refuse_oversized, refuse_special

JSON_BYTES = 16  # of memory for each byte of JSON, roughly


@runtime_checkable
class _Array(Protocol):
    """NumPy's scalars and arrays; they are not imported, for much of what reads records needs no numbers."""

    def tolist(self) -> object:
        """Return plain numbers, in lists."""


def sha256_of(path: Path) -> str:
    """Name a file's content: the hexadecimal SHA-256 of its bytes.

    Errors: InputError when it cannot be read, or would not end, as a device.
    """
    refuse_special(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read, {error.strerror or error}; check the path.") from error


def hash_of(lines: Iterable[str]) -> str:
    """The hexadecimal SHA-256 of lines of text."""
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def to_json(record: Mapping[str, object], *, indent: int | None = None) -> str:
    r"""A record as JSON that every parser takes: NaN and infinities become null.

    NumPy scalars and arrays, paths, tuples and sets become their plain counterparts; anything else that
    JSON has no word for is a TypeError. Bytes of a name that are no UTF-8 become single surrogates (\udce9),
    which Python's `json` gives back as it gives back file names.
    """
    plain = _plain(record)
    text = json.dumps(plain, indent=indent, ensure_ascii=indent is None, allow_nan=False)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return json.dumps(plain, indent=indent, allow_nan=False)
    return text


def save_record(path: Path, record: Mapping[str, object], *, once: bool = False) -> None:
    """Write a record as JSON, `once` only where there is none. Errors: OutputError when it cannot be written."""
    write_atomically(path, f"{to_json(record, indent=2)}\n".encode(), once=once)


def load_record(path: Path) -> dict[str, object]:
    """Read a record back.

    Errors: InputError when there is none, or when it is no JSON object.
    """
    refuse_special(path)
    try:
        refuse_oversized(path, JSON_BYTES * path.stat().st_size)
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read, {error.strerror or error}; check the path.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON record; delete it and run again.") from error
    if not isinstance(record, dict):
        raise InputError(f"{path}: JSON, but not a run's record; delete it and run again.")
    return record


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case _Array():
            return _plain(value.tolist())
        case Path():
            return str(value)
        case float():
            return value if math.isfinite(value) else None
        case _:
            return value
