"""NumPy's files, .npy and .npz, as arrays of numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.arrays import named_parts, numbers, pick
from dipcli.io.failures import explain_failures
from dipcli.io.limits import refuse_oversized

SIGNATURE, ARCHIVE = b"\x93NUMPY", b"PK"


def read_numpy(
    path: Path, key: str | None, usual: tuple[str, ...], beside: tuple[str, ...] = ()
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The array of a file, or that of an archive which `pick` chooses, and the first of those `beside` it.

    Raises InputError where it is not clear which, and for arrays that hold no numbers.
    """
    with explain_failures(InputError, path, "cannot be read as NumPy's"), path.open("rb") as file:
        if file.read(len(SIGNATURE)) == SIGNATURE:
            return numbers(path, read_npy_array(path)), None
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            parts = None if key or not {*usual}.isdisjoint(archive) else named_parts(archive)
            if parts is not None:
                real, imaginary = (numbers(path, _member(path, archive, part)) for part in parts)
                return real + 1j * imaginary, None
            name = pick(path, ([] if key else _pictures_in(archive)) or list(archive), key, usual)
            others = [other for other in beside if other in archive and other != name]
            array = numbers(path, _member(path, archive, name))
            return array, numbers(path, _member(path, archive, others[0])) if others else None


def read_npy_array(path: Path) -> NDArray[Any]:
    """The array of a .npy file as it is. Raises ValueError where the file is too short for it."""
    promised = np.load(path, mmap_mode="r", allow_pickle=False)  # which compares shape and size, and reads nothing
    refuse_oversized(path, promised.nbytes)
    del promised
    return np.asarray(np.load(path, allow_pickle=False))


def read_members(path: Path, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """Those arrays of an archive that have one of the names, in the order of the names."""
    with _opened(path) as archive:
        return [numbers(path, _member(path, archive, name)) for name in names if name in archive]


def names_in_archive(path: Path) -> list[str]:
    """Of all its arrays."""
    with _opened(path) as archive:
        return list(archive)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """An archive; its file is closed even where it is damaged, which `np.load` of a name does not see to."""
    with (
        explain_failures(InputError, path, "cannot be read as NumPy's"),
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        yield archive


def _pictures_in(archive: Any) -> list[str]:  # noqa: ANN401
    """The arrays of an archive with two axes or more, by their headers: fewer are a parameter, not data."""
    return [name for name in archive if len(_shape_in(archive, name)) > 1]


def _shape_in(archive: Any, name: str) -> tuple[int, ...]:  # noqa: ANN401
    """The shape of one array, () of what is none."""
    with archive.zip.open(f"{name}.npy" if f"{name}.npy" in archive.zip.namelist() else name) as member:
        try:
            version = np.lib.format.read_magic(member)
            read = (
                np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            )
            return tuple(read(member)[0])
        except ValueError:
            return ()


def _member(path: Path, archive: Any, name: str) -> Any:  # noqa: ANN401 - an archive may hold anything
    listed = {info.filename: info.file_size for info in archive.zip.infolist()}
    refuse_oversized(path, listed.get(f"{name}.npy", listed.get(name, 0)))
    return archive[name]
