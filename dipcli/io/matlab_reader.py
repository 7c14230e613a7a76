"""`python -m dipcli.io.matlab_reader FILE KEY USUAL...`: one array of a MATLAB 5 file goes to stdout.

SciPy's reader can crash, and take all memory, at damaged files; here that costs nobody else anything.
"""

import json
import math
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import io

from dipcli.errors import InputError
from dipcli.io.arrays import numbers, pick
from dipcli.io.failures import explain_failures
from dipcli.io.limits import refuse_oversized
from dipcli.io.matlab import LEAST_VALUES, SAID

try:
    import resource
except ImportError:  # not on Windows, where nothing is limited
    resource = None  # type: ignore[assignment]

SIZES = {"double": 8, "single": 4, "logical": 1} | {f"{u}int{8 * n}": n for n in (1, 2, 4, 8) for u in ("", "u")}
ROOM = 2**30  # bytes, for the libraries and for damaged files
COPIES = 6  # of the array while it is read, complex numbers counted as two
SECONDS, BYTES_PER_SECOND = 60, 1e6  # of a processor: at most


def read(path: Path, key: str | None, usual: tuple[str, ...]) -> tuple[NDArray[Any], list[str]]:
    """The array that `pick` chooses among the large ones, and the names of these. Raises InputError.

    Where a struct is named, or there is nothing else, the fields of structs are arrays, too: STRUCT.FIELD.
    """
    with explain_failures(InputError, path, "cannot be read as MATLAB"):
        _limit(path, 0)
        sizes = {name: math.prod(shape) * SIZES[kind] for name, shape, kind in io.whosmat(path) if kind in SIZES}
        counts = {name: math.prod(shape) for name, shape, _ in io.whosmat(path)}
        large = [name for name in sizes if counts[name] >= LEAST_VALUES]
        structs = [name for name, _, kind in io.whosmat(path) if kind == "struct"]
        if structs and (not large or (key is not None and key not in large)):
            return _in_structs(path, structs, key, usual)
        name = pick(path, large, key, usual)
        refuse_oversized(path, sizes[name])
        _limit(path, sizes[name])
        return numbers(path, io.loadmat(path, variable_names=[name])[name]), large


def _in_structs(
    path: Path, structs: list[str], key: str | None, usual: tuple[str, ...]
) -> tuple[NDArray[Any], list[str]]:
    """The same among the fields of structs, which are read whole."""
    _limit(path, ROOM)
    found = io.loadmat(path, variable_names=structs, simplify_cells=True)
    arrays = dict(_fields({name: found[name] for name in structs}))
    by_field = [name for field in usual for name in arrays if name.rpartition(".")[2] == field]
    name = pick(path, list(arrays), key, tuple(by_field[:1]))
    return numbers(path, arrays[name]), list(arrays)


def _fields(struct: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    """The large arrays of numbers in a struct and in those in it, by their names."""
    for name, value in struct.items():
        if isinstance(value, dict):
            yield from _fields(value, f"{prefix}{name}.")
        elif isinstance(value, np.ndarray) and value.dtype.kind in "buifc" and value.size >= LEAST_VALUES:
            yield f"{prefix}{name}", value


def _limit(path: Path, n_bytes: int) -> None:
    """What this process may take for an array of that size."""
    if resource is None:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = 2 * ROOM + COPIES * n_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    seconds = SECONDS + int(path.stat().st_size / BYTES_PER_SECOND)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    """Send the array, or a sentence without the file's name and the exit code that says so."""
    path, key, *usual = sys.argv[1:]
    warnings.simplefilter("ignore")
    try:
        found, names = read(Path(path), key or None, tuple(usual))
        array = np.ascontiguousarray(found)
    except InputError as error:
        sys.stderr.write(str(error).removeprefix(path))
        sys.exit(SAID)
    sys.stdout.buffer.write(json.dumps([array.dtype.str, array.shape, names]).encode() + b"\n")
    sys.stdout.buffer.write(array.reshape(-1).view(np.uint8).data)


if __name__ == "__main__":
    main()
