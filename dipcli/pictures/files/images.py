"""Read pictures, stacks, volumes and signals, and write restored ones like their originals."""

import dataclasses
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError, OptionError, OutputError
from dipcli.io.atomic import write_atomically
from dipcli.io.failures import explain_failures, reader
from dipcli.pictures.files.checks import refuse_unrestorable
from dipcli.pictures.files.formats import NPY, SUFFIXES, format_of_content, format_of_name
from dipcli.pictures.files.layout import lay_out, split
from dipcli.pictures.files.npy import read_npy
from dipcli.pictures.files.outliers import mark_missing, replace_hot_pixels
from dipcli.pictures.files.outputs import check_output, fit
from dipcli.pictures.files.picture import FileEncoding, Frame, Picture, Stored
from dipcli.pictures.files.ranges import full_scale, own_range, to_unit, type_range, value_range

__all__ = [
    "SUFFIXES",
    "Picture",
    "check_output",
    "differences_like",
    "in_own_range",
    "load_picture",
    "load_reference",
    "plain_picture",
    "read_picture",
    "save_picture",
    "stored_array",
]


@reader
def load_picture(path: Path, *, volume: bool = False) -> Picture:
    """Read a file to be restored; its content, not its name, tells the format.

    With `volume` a stack is one three-dimensional unknown instead of many frames.
    Errors: InputError, one sentence, for everything that cannot be read or has nothing to restore.
    """
    picture = mark_missing(path, read_picture(path, volume=volume))
    refuse_unrestorable(path, picture)
    return picture


def in_own_range(
    path: Path, picture: Picture, *, reach: float = math.inf, headroom: float = 0.0, from_zero: bool = False
) -> Picture:
    """The picture without hot pixels, and with frames in its `own_range`."""
    picture = replace_hot_pixels(path, picture)
    if picture.stored is None:
        return picture
    known = np.isfinite(np.stack(picture.frames))
    low, high = own_range(picture.stored, known, reach=reach, headroom=headroom, from_zero=from_zero)
    frames = to_unit(picture.stored, low, high)
    frames[~known] = np.nan
    encoding = dataclasses.replace(picture.encoding, low=low, high=high)
    return dataclasses.replace(picture, frames=tuple(frames), encoding=encoding)


@reader
def load_reference(path: Path, like: Picture) -> tuple[Frame, ...]:
    """The frames of a true picture on the scale of those of another one.

    Values of another type are taken for the same ones, or for the same share of full scale: as it fits better.
    """
    picture = load_picture(path, volume=len(like.encoding.layout.space) == 3)
    if picture.stored is None or like.stored is None:
        return picture.frames
    encoding = like.encoding
    factors = {1.0, full_scale(like.stored.dtype) / full_scale(picture.stored.dtype)}
    finite = picture.stored[np.isfinite(picture.stored)]
    known = like.stored[np.isfinite(np.stack(like.frames))]
    at = (0.02, 0.5, 0.98)
    true, measured = np.quantile(finite.ravel()[::7], at), np.quantile(known.ravel()[::7], at)
    factor = min(factors, key=lambda factor: float(np.abs(true * factor - measured).sum()))
    return tuple(to_unit(picture.stored.astype(np.float64) * factor, encoding.low, encoding.high))


@reader
def read_picture(path: Path, *, volume: bool = False) -> Picture:
    """Read a file as `load_picture` does, but of any size and content: masks, kernels, references."""
    stored = _decode(path, volume=volume)
    stored_dtype = stored.file_dtype or stored.array.dtype.name
    if stored.array.size == 0:
        raise InputError(f"{path}: holds no values; export it again.")
    if stored.array.dtype == bool:
        gray = stored.array.astype(np.uint8) * np.uint8(255)
        message = f"{path}: 1 bit per pixel read as 8-bit gray."
        stored = dataclasses.replace(stored, array=gray, warnings=(*stored.warnings, message))
    layout = lay_out(stored.axes, stored.array.shape, volume=volume, alpha=stored.alpha)
    if volume and len(layout.space) != 3:
        raise OptionError(f"{path}: no stack of planes, so not a volume; leave --volume out.")
    planes, alpha = split(stored.array, layout)
    low, high = value_range(planes)
    unit = to_unit(planes, low, high)
    return Picture(
        frames=tuple(unit),
        alpha=None if alpha is None else to_unit(alpha, *type_range(alpha.dtype)),
        encoding=FileEncoding(stored.array.dtype.name, low, high, layout, stored.metadata),
        stored_shape=stored.file_shape or stored.array.shape,
        stored_dtype=stored_dtype,
        warnings=(*stored.warnings, *_missing_values(path, unit)),
        stored=planes,
    )


def save_picture(
    path: Path, frames: Sequence[Frame], like: Picture, kept: NDArray[np.bool_] | None = None
) -> None:
    """Write frames in the depth, layout and metadata of `like`, in the format that the suffix names.

    A format that cannot hold the depth of `like` takes its nearest: JPEG, BMP and WebP 8 bits, PNG 16 bits
    for floats. Integers are rounded to the nearest and clipped; floats are not clipped. Space may have
    another size than in `like`: alpha is resized and the resolution keeps the physical size. Where `kept`,
    of the shape of `like`, is true, its values are written as they were stored, if the depth allows.
    Errors: OutputError when the format cannot hold the picture or the file cannot be written.
    """
    check_output(path, like)
    target = format_of_name(path)
    stored = fit(path, np.stack(frames), like, target, kept)
    with explain_failures(OutputError, path, f"cannot be written as {target.name}"):
        data = target.encode(stored)
    write_atomically(path, data)


def stored_array(frames: Sequence[Frame], like: Picture, kept: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """The array of what `save_picture` writes to a .npy file."""
    return fit(Path("array.npy"), np.stack(frames), like, NPY, kept).array


def differences_like(picture: Picture) -> Picture:
    """What differences of frames (spread, residual) are written like: floats in the unit and axes of the file."""
    encoding = picture.encoding
    layout = encoding.layout
    if layout.alpha:
        shape = tuple(n - (axis in layout.channels) for axis, n in enumerate(layout.shape))
        layout = dataclasses.replace(layout, shape=shape, alpha=False)
    tiff = dataclasses.replace(encoding.metadata.tiff, extra_samples=(), premultiplied=False, bits=0)
    metadata = dataclasses.replace(encoding.metadata, icc=None, exif=None, no_data=None, png_chunks=(), tiff=tiff)
    scale = FileEncoding("float32", 0.0, encoding.high - encoding.low, layout, metadata)
    return dataclasses.replace(picture, alpha=None, encoding=scale, stored=None, no_data=None, jpeg=None)


def plain_picture(frames: Sequence[Frame], *, dtype: str = "float32") -> Picture:
    """Dress frames that come from no file (a kernel, a simulated object), so that they can be saved."""
    n_channels, *space = frames[0].shape
    axes = "ZYX"[-len(space) :]
    shape = tuple(space)
    if len(frames) > 1:
        axes, shape = f"I{axes}", (len(frames), *shape)
    if n_channels > 1:
        axes, shape = f"{axes}S", (*shape, n_channels)
    layout = lay_out(axes, shape, volume=len(space) == 3, alpha=False)
    return Picture(tuple(frames), None, FileEncoding(dtype, *type_range(dtype), layout), shape, dtype)


def _decode(path: Path, *, volume: bool) -> Stored:
    known = format_of_content(path)
    with explain_failures(InputError, path, f"cannot be read as {known.name}"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn about harmless metadata
        return read_npy(path, volume=volume) if known is NPY else known.read(path)


def _missing_values(path: Path, unit: Frame) -> list[str]:
    n_missing = int(np.isnan(unit).sum())
    return [f"{path}: {n_missing} values that are not finite count as missing."] if n_missing else []
