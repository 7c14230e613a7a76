"""Arrays of numbers as files store them: which one is meant, order of bytes, pairs for complex numbers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError

ASIDE = frozenset({"mask", "pixel_mask", "bad_pixel_mask", "sampling_mask", "support"})  # beside data, never meant
MOST_NAMES = 20  # that a message lists


def pick(path: Path, names: list[str], key: str | None, usual: tuple[str, ...]) -> str:
    """The array to read: the one called `key`, one of the usual names, or the only one that is no mask.

    Raises InputError where it is not clear.
    """
    if key is not None:
        if key not in names:
            raise InputError(f"{path}: has no array {key}; it has {_listed(names) or 'none'}.")
        return key
    for name in usual:
        if name in names:
            return name
    if not names:
        raise InputError(f"{path}: has no array that could be read; export it again.")
    data = [name for name in names if name.replace(".", "/").rpartition("/")[2].lower() not in ASIDE]
    if len(data) != 1 and len(names) != 1:
        raise InputError(f"{path}: name the array with --key, one of {_listed(names)}.")
    return data[0] if data else names[0]


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def named_parts(names: Iterable[str]) -> tuple[str, str] | None:
    """The names of real and imaginary parts that are stored apart: kspace_real and kspace_imag, real and imag."""
    all_names = set(names)
    for name in sorted(all_names):
        for real, imaginary in (("real", "imag"), ("Real", "Imag"), ("re", "im")):
            other = imaginary.join(name.rsplit(real, 1))
            if other != name and other in all_names:
                return name, other
    return None


def numbers(path: Path, stored: Any) -> NDArray[Any]:  # noqa: ANN401 - what h5py returns
    """An array in this machine's order of bytes, pairs of fields (r and i, real and imag) as complex numbers.

    Raises InputError for text, dates, records and whatever else is no number.
    """
    array = np.asarray(stored)
    fields = {name[0].lower(): name for name in array.dtype.names or ()}
    if sorted(fields) == ["i", "r"]:
        array = np.asarray(array[fields["r"]] + 1j * array[fields["i"]])
    if array.dtype.kind not in "buifc":
        raise InputError(f"{path}: holds {array.dtype} values, which are no numbers; save them as float32.")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def with_parts_joined(array: NDArray[Any]) -> NDArray[Any]:
    """Real numbers with an axis of two, real and imaginary parts, at its end or its beginning, as complex ones."""
    if array.dtype.kind not in "uif" or array.ndim < 3 or 2 not in (array.shape[0], array.shape[-1]):
        return array
    parts = np.moveaxis(array, -1, 0) if array.shape[-1] == 2 else array
    return np.asarray(parts[0] + 1j * parts[1])
