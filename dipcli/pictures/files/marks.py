"""Which pixels a mask marks, however it was drawn: in white, as labels, on a layer, or on the photo itself."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dipcli.errors import OptionError
from dipcli.pictures.files.formats import JPEG, WEBP, format_of_content
from dipcli.pictures.files.picture import Picture
from dipcli.pictures.files.ranges import type_range

HALF = 0.5
MID = (0.05, 0.95)  # brightness that no drawing in black and white has
ALIKE = 0.03  # of the range: nearer values are the same but for compression
SCATTER = 10.0  # times the usual difference of a compressed copy that its paint exceeds
SPECKS = 20  # pixels of a difference that may be an accident of compression
LABELLED = 0.002  # share of a mask in flat dark gray that makes it one of labels
FEW = 0.0002  # share of a picture that strokes cover at least
WHITES = (1, 255, 65535)

Marked = NDArray[np.bool_]  # (frames, *space)
Shown = NDArray[np.float32]  # (frames, channels, *space), 1 is white


def marked_in(path: Path, mask: Picture, picture: Picture) -> tuple[Marked, str]:
    """What a mask of the picture's size marks, and how that was seen where it is not the usual white on black.

    A mask may be a copy of the picture with paint on it. Raises OptionError where it is one without paint.
    """
    shown, seen = _shown(mask), _shown(picture)
    if mask.alpha is not None and 0 < float((drawn := mask.alpha >= HALF * mask.alpha.max()).mean()) < 1:
        return _on_layer(shown, drawn, seen)
    if shown.shape[2:] == seen.shape[2:] and _is_copy(shown[:1], seen[:1]):
        return _painted(path, shown, seen)
    colour = np.ptp(shown, axis=1)
    if (colour >= HALF).mean() >= FEW and (shown.min(1)[colour < HALF] > MID[1]).mean() > HALF:
        return colour >= HALF / 2, "coloured strokes on white are missing"
    return _bright_or_labelled(path, mask, shown)


def _bright_or_labelled(path: Path, mask: Picture, shown: Shown) -> tuple[Marked, str]:
    """White on black, from the middle up; in masks of labels everything but 0."""
    if mask.stored is None or format_of_content(path) in (JPEG, WEBP):
        return shown.max(1) >= HALF, ""
    values = mask.stored.max(1)
    top = float(np.nan_to_num(values).max(initial=0))
    whites = (*WHITES, type_range(values.dtype)[1])
    is_whole = values.dtype.kind != "f" or bool((np.nan_to_num(values) % 1 == 0).all())
    low = (values > 0) & (values < HALF * top)
    is_labels = is_whole and (
        top not in whites or _flat(values, low).mean() > LABELLED or _is_dark(mask.stored, low)
    )
    if is_labels and top > 0:
        return values > 0, f"read as labels: everything but 0 is missing (up to {top:.0f})" if low.any() else ""
    return (values > 0) & (values >= HALF * max(top, 1.0 if values.dtype.kind == "f" else 0.0)), ""


def _on_layer(shown: Shown, drawn: Marked, seen: Shown) -> tuple[Marked, str]:
    """Of a mask with transparent parts: strokes, a drawing in black and white, or a picture with holes."""
    bright = drawn & (shown.max(1) >= HALF)
    share = float(bright.sum()) / float(drawn.sum())
    is_picture = shown.shape[2:] == seen.shape[2:] and _is_copy(shown[:1], seen[:1])
    if is_picture or (share < ALIKE and drawn.mean() > HALF):
        return ~drawn, "its transparent parts are missing"
    if ALIKE < share < 1 - ALIKE and np.ptp(shown, axis=1)[drawn].max() < HALF:
        return bright, "what is white on its layer is missing"
    return drawn, "what is drawn on its transparent layer is missing"


def _painted(path: Path, shown: Shown, seen: Shown) -> tuple[Marked, str]:
    """Where a copy of the picture was painted over; strokes of one colour where the copy is the picture itself."""
    differences = np.abs(shown - seen).max(1)
    usual = float(np.median(differences))
    paint = differences > SCATTER * usual
    if usual:
        paint = _without_specks(paint)
    if paint.any():
        return _grown(paint) if usual else paint, "a copy of the picture; where it was painted over is missing"
    strokes, colour = _strokes(shown)
    if not strokes.any():
        raise OptionError(
            f"{path}: is the picture itself, with nothing painted on it; paint in one pure colour, as red."
        )
    return strokes, f"the picture itself; its strokes of {colour} are missing"


def _strokes(seen: Shown) -> tuple[Marked, str]:
    """The pixels (frames, *space) of the most frequent pure colour, and its name, where it is of a brush."""
    levels = np.rint(np.moveaxis(seen, 1, -1) * 15).astype(np.int64)
    pure = (np.ptp(levels, axis=-1) >= 10) & (levels.min(-1) <= 3)
    codes, counts = np.unique(levels[pure] @ 16 ** np.arange(levels.shape[-1]), return_counts=True)
    if levels.shape[-1] != 3 or not counts.size or counts.max() < FEW * pure.size:
        return np.zeros(pure.shape, bool), ""
    colour = np.asarray([codes[counts.argmax()] // 16**k % 16 for k in range(3)])
    core = (levels == colour).all(-1)
    near = np.abs(levels - colour).max(-1) <= 4
    labels, _ = ndimage.label(near)
    strokes = np.isin(labels, np.unique(labels[core & near])) & near
    return _grown(strokes), "rgb({}, {}, {})".format(*(colour * 17))


def _shown(picture: Picture) -> Shown:
    """Frames by the range of their type, so that equal values of two files are equal; floats as they are shown."""
    if picture.stored is None or picture.stored.dtype.kind not in "iu":
        return np.nan_to_num(np.stack(picture.frames))
    return (picture.stored / type_range(picture.stored.dtype)[1]).astype(np.float32)


def _is_copy(shown: Shown, seen: Shown) -> bool:
    """Whether most of what is neither black nor white in the picture is the same in the mask."""
    if not {shown.shape[1], seen.shape[1]} <= {1, 3}:
        return shown.shape == seen.shape and bool((shown == seen).mean() > HALF)
    ours, theirs = _brightness(seen), _brightness(shown)
    gray = (ours > MID[0]) & (ours < MID[1])
    return bool(gray.mean() > ALIKE and (np.abs(theirs - ours) < ALIKE)[gray].mean() > HALF)


def _brightness(shown: Shown) -> NDArray[np.float32]:
    """As Rec. 601 weighs red, green and blue; (frames, *space)."""
    weights = (0.299, 0.587, 0.114) if shown.shape[1] == 3 else (1.0,)
    return np.tensordot(shown, np.asarray(weights, np.float32), (1, 0))


def _flat(values: NDArray[Any], where: Marked) -> Marked:
    """Pixels in the midst of others of exactly their value."""
    size = (1, *[3] * (values.ndim - 1))
    return np.asarray(where & (ndimage.maximum_filter(values, size) == ndimage.minimum_filter(values, size)))


def _is_dark(stored: NDArray[Any], low: Marked) -> bool:
    """Whether much is of a dark colour, as in colour tables of labels."""
    return bool(low.mean() > LABELLED and (np.ptp(stored, axis=1)[low] > 0).mean() > HALF)


def _without_specks(paint: Marked) -> Marked:
    labels, _ = ndimage.label(paint)
    return np.asarray((np.bincount(labels.ravel()) >= SPECKS)[labels] & paint)


def _grown(marked: Marked) -> Marked:
    """With a border of two pixels in each frame, for the soft edges of brushes and of compression."""
    return np.stack([ndimage.binary_dilation(plane, iterations=2) for plane in marked])
