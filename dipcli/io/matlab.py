"""MATLAB files: version 5 by SciPy, version 7.3 by h5py."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.arrays import numbers, pick
from dipcli.io.hdf5 import array_names, open_hdf5, read_stored

FIFTH, SEVENTH = b"MATLAB 5.0", b"MATLAB 7.3"
LEAST_VALUES = 1000  # an array with fewer is a parameter, not data
READER = (sys.executable, "-P", "-m", "dipcli.io.matlab_reader")
SAID = 3  # the exit code of a reader that has said what is wrong
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def read_matlab(
    path: Path, key: str | None, usual: tuple[str, ...], check: Callable[[list[str]], None] = lambda _: None
) -> NDArray[Any]:
    """The array called `key`, by one of the usual names, or the only large one, with MATLAB's own order of axes.

    What lies in a struct is called STRUCT.FIELD. `check` sees the names of all large arrays. Raises InputError
    where it is not clear, and for files that cannot be read.
    """
    with path.open("rb") as file:
        is_hdf5 = file.read(len(SEVENTH)) == SEVENTH
    if not is_hdf5:
        array, names = _read_apart(path, key, usual)
        check(names)
        return numbers(path, array)
    with open_hdf5(path) as file:
        paths = [n for n in array_names(file) if not n.startswith("#") and file[n].size >= LEAST_VALUES]
        names = [name.replace("/", ".") for name in paths]
        check(names)
        fields = [name for field in usual for name in names if name.rpartition(".")[2] == field]
        name = pick(path, names, None if key is None else key.replace("/", "."), (*usual, *fields[:1]))
        return numbers(path, read_stored(path, file[paths[names.index(name)]])).T


def _read_apart(path: Path, key: str | None, usual: tuple[str, ...]) -> tuple[NDArray[Any], list[str]]:
    """An array and all names, by a process of its own: damaged files end the one that SciPy reads them in."""
    command = [*READER, str(path.absolute()), key or "", *usual]
    environment = {**os.environ, **ONE_THREAD}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment) as process:
        try:
            array, names = _received(process)
            said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
        finally:
            if sys.exc_info()[0] is not None:
                process.kill()
    if process.returncode == SAID:
        raise InputError(f"{path}{said}")
    if array is None or process.returncode:
        raise InputError(f"{path}: cannot be read as MATLAB (its reader broke off); copy or export it again.")
    return array, names


def _received(process: "subprocess.Popen[bytes]") -> tuple[NDArray[Any] | None, list[str]]:
    """The array that comes through the pipe, behind a line with its type, its shape and all names.

    None where it is not whole.
    """
    line = process.stdout.readline() if process.stdout else b""
    if not line or not process.stdout:
        return None, []
    dtype, shape, names = json.loads(line)
    array = np.empty(shape, dtype)
    count = process.stdout.readinto(array.reshape(-1).view(np.uint8).data)  # type: ignore[attr-defined]
    return (array if count == array.nbytes else None), names
