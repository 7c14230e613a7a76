"""HDF5 files, by h5py, which is an extra; only what a file itself holds is read, not what its links name."""

import importlib
import importlib.util
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dipcli.errors import InputError
from dipcli.io.arrays import pick
from dipcli.io.failures import explain_failures
from dipcli.io.limits import refuse_oversized, refuse_special

SIGNATURE = b"\x89HDF\r\n\x1a\n"
LEAST_AXES = 2  # an array with fewer is a parameter, not data
MOST_LINKS, DEEPEST = 100_000, 50  # of a file that is looked through
LONGEST_TEXT = 2**24


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """The file, to be read. Raises InputError where it is damaged, or h5py is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise InputError(f"{path}: HDF5 needs h5py; pip install 'dipcli[formats]'.") from error
    if importlib.util.find_spec("hdf5plugin") is not None:
        importlib.import_module("hdf5plugin")  # which teaches h5py how detectors compress
    refuse_special(path)
    with explain_failures(InputError, path, "cannot be read as HDF5"), h5py.File(path, "r") as file:
        yield file


def array_names(file: Any) -> list[str]:  # noqa: ANN401 - h5py has no types
    """The paths of all arrays of numbers in a file, each array once, however many links lead to it."""
    return [name for name, item in _walk(file) if _is_data(item)]


def has_array(file: Any, name: str, *, least_axes: int = LEAST_AXES) -> bool:  # noqa: ANN401
    """Whether a name leads to an array of numbers that the file itself holds."""
    item = follow(file, name)
    return _is_data(item, least_axes) and not _other_files(item)


def group_names(file: Any, *members: str) -> list[str]:  # noqa: ANN401
    """The paths of all groups that have these members; the file itself is `/`."""
    import h5py

    groups = [("/", file), *((name, item) for name, item in _walk(file) if isinstance(item, h5py.Group))]
    return [name for name, item in groups if all(follow(item, member) is not None for member in members)]


def arrays_called(file: Any, *names: str) -> list[str]:  # noqa: ANN401
    """The paths of all rows of numbers and larger arrays that have one of these names."""
    return [name for name, item in _walk(file) if name.rpartition("/")[2] in names and _is_data(item, 1)]


def groups_of_class(file: Any, *classes: str) -> list[str]:  # noqa: ANN401
    """The paths of all groups of these NeXus classes."""
    import h5py

    groups = [(name, item) for name, item in _walk(file) if isinstance(item, h5py.Group)]
    return [name for name, item in groups if _text(item.attrs.get("NX_class", "")) in classes]


def find_array(
    path: Path,
    file: Any,  # noqa: ANN401
    key: str | None,
    usual: tuple[str, ...],
    beside: tuple[str, ...] = (),
) -> str:
    """The path of the array to read: `key`, one of the usual names, NeXus' default signal, or the only one.

    Arrays called as those `beside` data are not meant unless they are asked for.
    Raises InputError where it is not clear, and where its values lie in another file.
    """
    names = [name for name in array_names(file) if name.rpartition("/")[2] not in beside]
    asked = usual if key is None else (key.strip("/"),)
    by_path = [name for name in asked if _is_data(follow(file, name))]
    by_name = [name for name in names if key is None and name.rpartition("/")[2] in usual]
    found = by_path[:1] or _default_signal(file, names if key is None else []) or by_name
    name = found[0] if len(found) == 1 else pick(path, names, key, usual) if names else _elsewhere(path, file, key)
    refuse_other_files(path, file[name])
    if _needs_filter(file[name]):
        raise InputError(f"{path}: the values of {name} are compressed as by detectors; pip install hdf5plugin.")
    return name


def read_stored(path: Path, stored: Any, chosen: Any = ()) -> Any:  # noqa: ANN401
    """What is in an array of a file, or in that part of it, a slice or several; not yet numbers.

    Raises InputError where the values lie in another file, or are too many.
    """
    parts = (chosen,) if isinstance(chosen, slice) else chosen
    cut = [len(range(*part.indices(n))) for part, n in zip(parts, stored.shape, strict=False)]
    shape = (*cut, *stored.shape[len(cut) :])
    refuse_oversized(path, math.prod(shape) * stored.dtype.itemsize)
    refuse_other_files(path, stored)
    return stored[chosen]


def read_text(path: Path, stored: Any) -> str:  # noqa: ANN401
    """The text in a file, alone or as the only one of an array. Raises InputError where there is none."""
    import h5py

    is_one = isinstance(stored, h5py.Dataset) and stored.shape is not None and math.prod(stored.shape) == 1
    is_text = is_one and stored.dtype.kind in "OS"
    if not is_text or stored.dtype.itemsize > LONGEST_TEXT:
        raise InputError(f"{path}: has no text where its header should be; export it again.")
    text = read_stored(path, stored)
    text = text if stored.shape == () else text.ravel()[0]
    return text.decode() if isinstance(text, bytes) else str(text)


def refuse_other_files(path: Path, stored: Any) -> None:  # noqa: ANN401
    """Stop at an array of a file whose values lie in another one."""
    import h5py

    others = _other_files(stored) if isinstance(stored, h5py.Dataset) else []
    if others:
        name = stored.name.strip("/")
        raise InputError(
            f"{path}: the values of {name} lie in {others[0]}; give those, or copy them into one file."
        )


def follow(group: Any, name: str) -> Any:  # noqa: ANN401
    """What a name leads to; None where that is nowhere, round in a circle, or in another file."""
    try:
        item = group.get(name)
        return item if item is not None and item.file == group.file else None
    except (RuntimeError, OSError, ValueError, TypeError, AttributeError, KeyError):
        return None


def _walk(file: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Every group and array of a file, once, by a shortest path; soft links lead to what has one already."""
    import h5py

    seen, waiting, n_links = {file["/"]}, [("", file)], 0
    for prefix, group in waiting:
        for name in group:
            n_links += 1
            if n_links > MOST_LINKS or prefix.count("/") > DEEPEST:
                raise InputError(
                    f"{file.filename}: has too many groups to look through; copy the data into one file."
                )
            if not isinstance(group.get(name, getlink=True), h5py.HardLink) or group[name] in seen:
                continue
            item = group[name]
            seen.add(item)
            yield f"{prefix}{name}", item
            if isinstance(item, h5py.Group):
                waiting.append((f"{prefix}{name}/", item))


def _is_data(item: Any, least_axes: int = LEAST_AXES) -> bool:  # noqa: ANN401
    """Whether something in a file is an array of numbers, and no parameter."""
    import h5py

    is_array = isinstance(item, h5py.Dataset) and item.shape is not None and item.dtype.kind in "buifcV"
    return is_array and item.ndim >= least_axes


def _default_signal(file: Any, names: list[str]) -> list[str]:  # noqa: ANN401
    """The array that a NeXus file shows first: `default` leads to a group, its `signal` is the array."""
    group, steps = file, 0
    while (default := group.attrs.get("default")) is not None and steps < len(names):
        following = follow(group, _text(default))
        group, steps = (group, len(names)) if following is None else (following, steps + 1)
    signal = group.attrs.get("signal")
    item = None if signal is None else follow(group, _text(signal))
    return [name for name in names if item is not None and file[name] == item]


def _text(value: Any) -> str:  # noqa: ANN401
    return value.decode() if isinstance(value, bytes) else str(value)


def _other_files(array: Any) -> list[str]:  # noqa: ANN401
    """Where an array's values are, if not in itself: at arrays that are made of themselves HDF5 crashes."""
    virtual = [source.file_name for source in array.virtual_sources()] if array.is_virtual else []
    return [str(name) for name, *_ in array.external or ()] + [
        "other arrays" if name == "." else name for name in virtual
    ]


def _needs_filter(array: Any) -> bool:  # noqa: ANN401
    """Whether an array is compressed by something that is not installed."""
    from h5py import h5z

    filters = array.id.get_create_plist()
    return not all(h5z.filter_avail(filters.get_filter(index)[0]) for index in range(filters.get_nfilters()))


def _elsewhere(path: Path, file: Any, key: str | None) -> str:  # noqa: ANN401
    """Raises InputError that says which files the links of a file without arrays lead to."""
    import h5py

    groups = [file, *(item for _, item in _walk(file) if isinstance(item, h5py.Group))]
    links = [group.get(name, getlink=True) for group in groups for name in group]
    others = [link.filename for link in links if isinstance(link, h5py.ExternalLink)]
    if others:
        raise InputError(f"{path}: only links to the data, which lie in {others[0]}; give that file.")
    return pick(path, [], key, ())
