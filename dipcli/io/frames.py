"""Stacks of frames: a TIFF of several pages, or a folder with a file for each."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.arrays import numbers
from dipcli.io.failures import explain_failures
from dipcli.io.limits import refuse_oversized
from dipcli.io.names import by, in_natural_order

FRAMES = (".tif", ".tiff", ".npy")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_tiff_array(path: Path) -> NDArray[Any]:
    """The first series of a TIFF, as numbers; alike pages, each of which is a series of its own, are a stack."""
    with explain_failures(InputError, path, "cannot be read as TIFF"), tifffile.TiffFile(path) as tiff:
        first = tiff.series[0]
        if first.dtype is None:
            raise InputError(f"{path}: its values are of no type that is known; save them as float32.")
        pages = [s for s in tiff.series if (s.shape, s.dtype) == (first.shape, first.dtype) and len(s.shape) == 2]
        refuse_oversized(path, math.prod(first.shape) * first.dtype.itemsize * max(len(pages), 1))
        if len(pages) > 1:
            return numbers(path, np.stack([page.asarray(maxworkers=1) for page in pages]))
        return numbers(path, first.asarray(maxworkers=1))


def read_frames(
    folder: Path, read: Callable[[Path], NDArray[Any]], each: str
) -> tuple[tuple[Path, ...], NDArray[Any]]:
    """The frames of a folder in the order of the numbers in their names, and their files; each is one of `each`.

    Raises InputError where there are none, or where one is not like the others.
    """
    files = in_natural_order(p for p in folder.iterdir() if p.suffix.lower() in FRAMES and p.name[0] != ".")
    if not files:
        raise InputError(f"{folder}: has no frames; it takes .tif, .tiff or .npy files, one for each {each}.")
    frames = [np.squeeze(read(file)) for file in files]
    strangers = [file for file, frame in zip(files, frames, strict=True) if frame.shape != frames[0].shape]
    if strangers:
        raise InputError(
            f"{strangers[0]}: is not a frame like {files[0].name}; keep dark and flat fields elsewhere."
        )
    if frames[0].ndim != 2:
        said = f"{by(frames[0].shape)} are no frame, and a folder has a file for each {each}"
        raise InputError(f"{files[0]}: {said}; -r takes files one by one.")
    return tuple(files), np.stack(frames)
