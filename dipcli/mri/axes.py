"""Which axis of a plain array is what."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.arrays import with_parts_joined
from dipcli.mri.dimensions import averaged, decoupled

NAMES = ("slice", "coil", "y", "x")
FURTHER = ("repetition", "contrast", "slice")  # whose entries are images of their own, in this order
ALL_NAMES = (*FURTHER, "average", "coil", "z", "y", "x")
MOST_COILS, LEAST_SIDE = 128, 8
NAMED = "name them with --axes, for example --axes slice,coil,y,x"


def to_slices(path: Path, array: NDArray[np.complexfloating], axes: str | None) -> NDArray[np.complex64]:
    """Any k-space array -> (slices, coils, y, x), complex64; y is the readout, x the phase direction.

    Without `axes`, four are slice, coil, y and x where that can be; else the two longest are y and x in their
    order, and the shortest of the rest is the coil's. Those of one entry are passed over.
    Averages are joined; contrasts and repetitions are further slices; with z, a second phase direction, slices lie
    along a direction that was measured whole.
    Raises InputError for arrays that are no k-space, and where the names do not fit.
    """
    array = with_parts_joined(array)
    if not np.iscomplexobj(array):
        raise InputError(f"{path}: holds {array.dtype} values, but k-space is complex; give the raw data.")
    array = array if axes else _without_ones(array)
    names = _named(path, array.shape, axes) if axes else guessed_axes(path, array.shape)
    if "average" in names:
        array = averaged(array.astype(np.complex64), names.index("average"))
        names = [name for name in names if name != "average"]
    wanted = (*FURTHER, "coil", *(("y", "z", "x") if "z" in names else ("y", "x")))
    order = [names.index(name) for name in wanted if name in names]
    missing = tuple(i for i, name in enumerate(wanted) if name not in names)
    ordered = np.expand_dims(array.transpose(order), missing)
    slices = ordered.reshape(-1, *ordered.shape[len(FURTHER) :]).astype(np.complex64, copy=False)
    if slices.shape[1] > MOST_COILS:
        raise InputError(f"{path}: {slices.shape[1]} coils are too many to be true; {NAMED}.")
    return decoupled(path, slices)[0] if slices.ndim == 5 else np.ascontiguousarray(slices)


def _named(path: Path, shape: tuple[int, ...], axes: str) -> list[str]:
    names = [name.strip() for name in axes.split(",")]
    if sorted(names) != sorted(set(names)) or not {"y", "x"} <= set(names) <= set(ALL_NAMES):
        raise InputError(f"{path}: --axes {axes} is not understood; it takes each of {', '.join(ALL_NAMES)} once.")
    if len(names) != len(shape):
        raise InputError(f"{path}: --axes names {len(names)} axes, but the array has {len(shape)}: {shape}.")
    return names


def doubts_about_axes(path: Path, array: NDArray[Any]) -> tuple[str, ...]:
    """A warning where four axes come in another order than they mostly do: which are coils is not sure."""
    kept = _without_ones(with_parts_joined(array)).shape
    guess = ",".join(guessed_axes(path, kept)) if len(kept) == 4 else ""
    if guess in ("", ",".join(NAMES)):
        return ()
    return (f"{path}: its axes are thought to be {guess}; --axes names others, such as {_swapped(guess)}.",)


def _swapped(names: str) -> str:
    """The names with those of coils and slices changed."""
    return names.replace("coil", "*").replace("slice", "coil").replace("*", "slice")


def _without_ones(array: NDArray[Any]) -> NDArray[Any]:
    """The array without axes of one entry, but for slices of a single coil as they come most: (slice, 1, y, x)."""
    shape = array.shape
    is_single_coil = len(shape) == 4 and shape[0] > 1 == shape[1] and min(shape[2:]) > LEAST_SIDE
    ones = tuple(axis for axis, n in enumerate(shape) if n == 1)
    return array if is_single_coil or len(shape) - len(ones) < 2 else np.squeeze(array, ones)


def guessed_axes(path: Path, shape: tuple[int, ...]) -> list[str]:
    """The names of the axes of an array of this shape. Raises InputError where that cannot be known."""
    if not 2 <= len(shape) <= 4:
        raise InputError(f"{path}: an array of shape {shape} is not understood; {NAMED}.")
    # Four axes come as slice, coil, y, x far more often than not.
    if len(shape) == 4 and shape[1] < min(shape[2:]) and shape[0] != shape[1]:
        return list(NAMES)
    longest = sorted(sorted(range(len(shape)), key=lambda axis: -shape[axis])[:2])
    rest = [axis for axis in range(len(shape)) if axis not in longest]
    names = {longest[0]: "y", longest[1]: "x"}
    if rest:
        coil = min(rest, key=lambda axis: (shape[axis], -axis))
        if len(rest) == 2 and shape[rest[0]] == shape[rest[1]]:
            raise InputError(f"{path}: coils and slices of {shape} cannot be distinguished; {NAMED}.")
        names |= {axis: "coil" if axis == coil else "slice" for axis in rest}
    return [names[axis] for axis in range(len(shape))]
