"""Colours that nobody sees: under full transparency a file has any, and they must not enter the picture."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.classical.filling import fill_missing
from dipcli.errors import InputError
from dipcli.pictures.files.picture import Frame, Picture


def hide_unseen(path: Path, picture: Picture) -> Picture:
    """The picture with NaN for the colours under full transparency. Raises InputError where nothing is seen."""
    unseen = unseen_of(picture)
    if unseen is None:
        return picture
    if unseen.all():
        raise InputError(f"{path}: is transparent everywhere, so there is nothing to restore; export it again.")
    frames = (np.where(mask, np.float32(np.nan), f) for f, mask in zip(picture.frames, unseen, strict=True))
    return dataclasses.replace(picture, frames=tuple(frames))


def fill_unseen(picture: Picture) -> Picture:
    """The picture with colours under full transparency that are like those around."""
    unseen = unseen_of(picture)
    if unseen is None:
        return picture
    frames = (_filled(frame, mask) for frame, mask in zip(picture.frames, unseen, strict=True))
    return dataclasses.replace(picture, frames=tuple(frames))


def unseen_of(picture: Picture) -> NDArray[np.bool_] | None:
    """Where a picture is fully transparent, (frames, *space); None where it is nowhere.

    Colours that were multiplied by their opacity are 0 there, as they must be.
    """
    if picture.alpha is None or picture.alpha.min() > 0 or picture.encoding.metadata.tiff.premultiplied:
        return None
    unseen: NDArray[np.bool_] = picture.alpha == 0
    return unseen


def _filled(frame: Frame, unseen: NDArray[np.bool_]) -> Frame:
    known = torch.from_numpy(np.isfinite(frame) & ~unseen)
    around = fill_missing(torch.from_numpy(np.nan_to_num(frame)), known).numpy()
    filled: Frame = np.where(unseen, around, frame)
    return filled
