"""Fit a restored picture into the format of its output, or say why it does not fit."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import OptionError, OutputError
from dipcli.io.failures import explain_failures
from dipcli.pictures.files.formats import NPY, PNG, Format, format_of_name
from dipcli.pictures.files.layout import Layout, join, lay_out, nearest, resize_linearly
from dipcli.pictures.files.metadata import stretch
from dipcli.pictures.files.picture import Picture, Stored
from dipcli.pictures.files.png import needs_imagecodecs
from dipcli.pictures.files.ranges import from_unit, type_range
from dipcli.pictures.files.transparency import unseen_of


def check_output(path: Path, like: Picture) -> None:
    """Say before anything is computed that a picture like this one does not fit the named format.

    Errors: OptionError for an unknown suffix, or for stacks, signals, channels or alpha that it cannot hold.
    """
    target, layout = format_of_name(path), like.encoding.layout
    if len(layout.space) == 1 and target is not NPY:
        raise OptionError(f"{path}: a signal does not fit in {target.name}; end the name in .npy.")
    if target.holds_stacks:
        return
    if layout.n_frames > 1 or len(layout.space) == 3:
        raise OptionError(f"{path}: a stack does not fit in {target.name}; end the name in .tif or .npy.")
    if layout.n_channels not in (1, 3):
        raise OptionError(
            f"{path}: {layout.n_channels} channels do not fit in {target.name}; end the name in .tif or .npy."
        )
    if layout.alpha and not target.holds_alpha:
        raise OptionError(f"{path}: {target.name} cannot hold transparency; end the name in .png or .tif.")
    if target is PNG and needs_imagecodecs(dtype_in(target, like), layout.n_channels + layout.alpha):
        with explain_failures(OutputError, path, "16-bit colour cannot be written as PNG"):
            import imagecodecs  # noqa: F401


def fit(
    path: Path,
    frames: NDArray[np.float32],
    like: Picture,
    target: Format,
    kept: NDArray[np.bool_] | None = None,
) -> Stored:
    """Frames (n, channels, *space) -> the array, axes and metadata that `target` encodes.

    Where `kept`, of the shape of `like`, is true, its stored values return as they are; under full transparency
    they do so, too, unless the size is another.
    """
    encoding, space = like.encoding, frames.shape[2:]
    if frames.shape[:2] != (encoding.layout.n_frames, encoding.layout.n_channels):
        raise ValueError(f"frames {frames.shape} do not have the frames and channels of {encoding.layout}")
    dtype = dtype_in(target, like)
    _refuse_missing(path, frames, dtype)
    low, high = (encoding.low, encoding.high) if dtype == encoding.dtype else type_range(dtype)
    planes = from_unit(frames, low, high, dtype)
    if kept is not None and like.stored is not None and like.stored.dtype == planes.dtype:
        planes = np.where(nearest(kept, space), nearest(like.stored, space), planes)
    unseen = unseen_of(like)
    if unseen is not None and like.stored is not None and _are_alike(like.stored, planes):
        planes = np.where(unseen[:, None], like.stored, planes)
    if like.alpha is not None:
        alpha = from_unit(resize_linearly(like.alpha, space), *type_range(dtype), dtype)
        planes = np.concatenate([planes, alpha[:, None]], axis=1)
    layout = encoding.layout if target.holds_stacks else _flat(encoding.layout, planes.shape[1])
    metadata = stretch(encoding.metadata, _ratios(encoding.layout, space))
    return Stored(join(planes, layout), layout.axes, layout.alpha, metadata)


def _are_alike(stored: NDArray[Any], planes: NDArray[Any]) -> bool:
    return (stored.dtype, stored.shape) == (planes.dtype, planes.shape)


def dtype_in(target: Format, like: Picture) -> str:
    """The type in which a format holds a picture."""
    dtype = like.encoding.dtype
    return dtype if not target.dtypes or dtype in target.dtypes else target.dtypes[-1]


def _refuse_missing(path: Path, frames: NDArray[Any], dtype: str) -> None:
    n_missing = int((~np.isfinite(frames)).sum())
    if n_missing and np.dtype(dtype).kind in "iu":
        raise OutputError(
            f"{path}: {n_missing} values are not finite, which {dtype} cannot hold; write floats instead."
        )


def _flat(layout: Layout, n_channels: int) -> Layout:
    """One frame as (h, w), or (h, w, channels) when it has several."""
    shape = tuple(layout.shape[axis] for axis in layout.space)
    if n_channels == 1:
        return lay_out("YX", shape, volume=False, alpha=False)
    return lay_out("YXS", (*shape, n_channels), volume=False, alpha=layout.alpha)


def _ratios(layout: Layout, space: tuple[int, ...]) -> dict[str, float]:
    """New size over old for X, Y and, whatever its letter, the depth Z."""
    old = [layout.shape[axis] for axis in layout.space]
    return {letter: new / size for letter, new, size in zip("ZYX"[-len(old) :], space, old, strict=True)}
