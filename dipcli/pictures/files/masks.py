"""Which values of a picture are missing: white in a mask, transparent in the picture itself, or not a number."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError, OptionError
from dipcli.io.names import by, in_natural_order
from dipcli.pictures.files.images import Picture, read_picture
from dipcli.pictures.files.marks import marked_in
from dipcli.pictures.files.ranges import to_unit, value_range

Missing = NDArray[np.bool_]
HALF = 0.5
CONVENTION = "white means missing, --mask-invert means the opposite"


def mask_beside(folder: Path, name: str) -> Path:
    """The mask of a picture in a folder of masks: of the same name, with any suffix."""
    exact = folder / name
    if exact.is_file():
        return exact
    found = in_natural_order(p for p in exact.parent.glob("*") if p.stem == exact.stem and p.is_file())
    if not found:
        raise OptionError(f"{exact}: there is no mask of this name; {CONVENTION}.")
    return found[0]


def hide_masked(picture: Picture, path: Path, *, invert: bool = False) -> Picture:
    """The picture with NaN where the mask file at `path` marks it, see `marked_in`.

    A mask of one frame serves all frames. Raises InputError for another size, and where everything or nothing is
    missing.
    """
    mask = read_picture(path)
    space = picture.frames[0].shape[1:]
    planes = [frame[0] for frame in mask.frames]
    planes = [np.stack(planes)] if len(space) == 3 and len(planes) == space[0] else planes
    if planes[0].shape != space or len(planes) not in (1, len(picture.frames)):
        raise OptionError(
            f"{path}: the mask is {_size(planes)}, but the picture is {_size([f[0] for f in picture.frames])}; "
            "give a mask of the same size."
        )
    marked, how = marked_in(path, mask, picture)
    missing = [(plane != invert) for plane in marked.reshape(-1, *space)]
    hidden = hide(picture, missing, f"{path}: the mask ({CONVENTION})")
    return dataclasses.replace(hidden, warnings=(*hidden.warnings, *((f"{path}: {how}.",) if how else ())))


def hide_transparent(path: Path, picture: Picture, *, invert: bool = False) -> Picture:
    """The picture with NaN where it is less than half opaque, and opaque everywhere.

    Raises InputError for a picture without transparency, or where everything or nothing is transparent.
    """
    if picture.alpha is None:
        raise OptionError(f"{path}: has no transparency to be a mask; give --mask a file ({CONVENTION}).")
    missing = [(alpha < HALF) != invert for alpha in picture.alpha]
    hidden = hide(picture, missing, f"{path}: the mask (transparent means missing)")
    return dataclasses.replace(hidden, alpha=np.ones_like(picture.alpha))


def hide(picture: Picture, missing: list[Missing], what: str) -> Picture:
    """The picture with NaN where it is missing, given for all frames or for each, (*space) or (channels, *space).

    What is hidden does not take part in what floats show as black and white.
    Raises InputError that begins with `what` where all or nothing is missing.
    """
    shares = [float(values.mean()) for values in missing]
    if max(shares) == 0:
        raise InputError(f"{what} marks nothing as missing; there is nothing to fill in.")
    if max(shares) == 1:
        raise InputError(f"{what} marks everything as missing; nothing is known to fill it in from.")
    each = missing * len(picture.frames) if len(missing) == 1 else missing
    gone = np.stack([np.broadcast_to(m, frame.shape) for m, frame in zip(each, picture.frames, strict=True)])
    if picture.stored is None or picture.stored.dtype.kind != "f":
        frames = np.where(gone, np.float32(np.nan), np.stack(picture.frames))
        return dataclasses.replace(picture, frames=tuple(frames))
    known = np.where(gone, picture.stored.dtype.type(np.nan), picture.stored)
    low, high = value_range(known)
    encoding = dataclasses.replace(picture.encoding, low=low, high=high)
    return dataclasses.replace(picture, frames=tuple(to_unit(known, low, high)), encoding=encoding)


def _size(planes: list[NDArray[np.float32]]) -> str:
    sides = by(reversed(planes[0].shape))
    return sides if len(planes) == 1 else f"{len(planes)} frames of {sides}"
