"""What `--mask` may be: a file, a folder, the picture's own transparency, its impulses, or its scratches."""

from dataclasses import replace
from pathlib import Path

import torch

from dipcli.classical.impulse_noise import find_impulses
from dipcli.classical.scratches import find_scratches
from dipcli.errors import InputError, OptionError
from dipcli.pictures.files.images import Picture, load_picture
from dipcli.pictures.files.masks import CONVENTION, hide, hide_masked, hide_transparent, mask_beside
from dipcli.pictures.options import InpaintOptions
from dipcli.pipeline.item import Item

MUCH = 0.04  # share of a picture that is more than scratches usually cover


def load_with_mask(item: Item, options: InpaintOptions) -> Picture:
    """The input of an item with NaN where it is masked.

    Raises InputError for what cannot be read, a mask that does not fit, and a picture without anything missing.
    """
    picture = load_picture(item.input, volume=options.volume)
    if options.mask == "alpha":
        return hide_transparent(item.input, picture, invert=options.mask_invert)
    if options.mask == "auto-saturated":
        impulses = [find_impulses(torch.from_numpy(frame)).numpy() for frame in picture.frames]
        return hide(picture, impulses, f"{item.input}: --mask auto-saturated (salt and pepper)")
    if options.mask == "auto-scratches":
        return _without_scratches(item.input, picture, shown=options.show_mask)
    if options.mask is not None:
        path = Path(options.mask)
        path = mask_beside(path, item.name) if path.is_dir() else path
        return hide_masked(picture, path, invert=options.mask_invert)
    if not any(bool((frame != frame).any()) for frame in picture.frames):
        raise OptionError(f"{item.input}: nothing is missing; give --mask a file, where {CONVENTION}.")
    return picture


def _without_scratches(path: Path, picture: Picture, *, shown: bool) -> Picture:
    """With NaN on what looks like a scratch or dust, and how much that is; what is very much must be shown.

    Raises OptionError for what is no picture, InputError where nothing is found, or too much that is not shown.
    """
    if len(picture.frames[0].shape) != 3:
        raise OptionError(
            f"{path}: --mask auto-scratches looks at pictures, not at signals and volumes; give a mask."
        )
    scratches = [find_scratches(torch.from_numpy(frame)).numpy() for frame in picture.frames]
    hidden = hide(picture, scratches, f"{path}: --mask auto-scratches (thin bright or dark strokes, dust)")
    share = max(float(marked.mean()) for marked in scratches)
    marks = f"{path}: --mask auto-scratches marks {share:.1%}"
    if share > MUCH and not shown:
        raise InputError(
            f"{marks}, more than scratches usually cover, so much of it may belong to the picture; with "
            "--show-mask it is filled in all the same, and the mask written."
        )
    said = f"{marks}, thin things of the picture itself may be among it; look at it with --show-mask."
    return replace(hidden, warnings=(*hidden.warnings, said))
