"""Folders that are written into, and files that must not be written over, by whatever name."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import final

from dipcli.errors import OptionError, OutputError
from dipcli.io.names import MOST_BYTES

NUMBER = re.compile(r"\d*(\.[^./]+)$")  # in a name, before its ending
HEADERS = {".cfl": ".hdr"}  # of files that come in pairs


def forms_of(name: str) -> list[str]:
    """A name, and the one that it would have with # for its number."""
    return [name, NUMBER.sub(r"#\1", name)]


def is_taken(path: Path) -> bool:
    """Whether a name is taken, be it by a link to nothing."""
    try:
        return os.path.lexists(path)
    except ValueError:
        return False


def _listed(folder: Path) -> list[str]:
    """What is in a folder, as far as it is there and can be read."""
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


@final
class Protected:
    """Files that must not be written over; of folders, the files that are in them."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._parents: dict[Path, str] = {}
        self._names: dict[Path, frozenset[str]] = {}
        self._keys: set[str] = set()
        self._identities: set[tuple[int, int]] = set()
        self._folders: set[str] = set()
        for path in paths:
            self._protect(path)
            if path.suffix in HEADERS:
                self._protect(path.with_suffix(HEADERS[path.suffix]))

    def key(self, path: Path) -> str:
        """A name by which a file is known, whatever the links above it; not the one that it may link to."""
        if path.parent not in self._parents:
            self._parents[path.parent] = os.path.realpath(path.parent)
        return f"{self._parents[path.parent]}/{path.name}"

    def has(self, path: Path) -> bool:
        """Whether it is one of them."""
        key = self.key(path)
        if key in self._keys:
            return True
        if path.parent not in self._names:
            self._names[path.parent] = frozenset(_listed(path.parent))
        if path.name not in self._names[path.parent]:
            return False
        if self._parents[path.parent] in self._folders:
            return True
        try:
            status = path.stat()
        except OSError:
            return False
        return (status.st_dev, status.st_ino) in self._identities

    def _protect(self, path: Path) -> None:
        try:
            status = path.stat()
        except (OSError, ValueError):
            return
        if path.is_dir():
            self._folders.add(os.path.realpath(path))
        else:
            self._keys.update(forms_of(self.key(path)))
            self._identities.add((status.st_dev, status.st_ino))


@final
class OutputFolder:
    """A folder of outputs, which may not be there yet; it is read once."""

    def __init__(self, path: Path) -> None:
        """Raise OutputError where nothing can be written into it."""
        self._nearest = next(place for place in (path, *path.parents, Path.cwd()) if is_taken(place))
        if not self._nearest.is_dir():
            raise OutputError(
                f"{path}: this folder cannot be made, {self._nearest} is a file; name another --output."
            )
        if not os.access(self._nearest, os.W_OK | os.X_OK):
            raise OutputError(f"{path}: cannot be written into; check its permissions, or name another --output.")
        self._names = {form for name in _listed(path) for form in forms_of(name)}

    def has(self, path: Path) -> bool:
        """Whether a name in it is taken, or one with a number for its #."""
        return path.name in self._names

    def refuse_long(self, output: Path) -> None:
        """Raise OptionError for a name that is too long."""
        try:
            most = min(MOST_BYTES, os.pathconf(self._nearest, "PC_NAME_MAX"))
        except (OSError, ValueError, AttributeError):
            most = MOST_BYTES
        excess = len(os.fsencode(output.name)) - most
        if excess > 0:
            raise OptionError(f"{output}: this name is {excess} bytes too long; name another --output.")
