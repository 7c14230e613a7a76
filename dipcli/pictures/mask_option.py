"""What `--mask` may be: a file, a folder, the picture's own transparency, or its impulses."""

from pathlib import Path

import torch

from dipcli.classical.impulse_noise import find_impulses
from dipcli.errors import OptionError
from dipcli.pictures.files.images import Picture, load_picture
from dipcli.pictures.files.masks import CONVENTION, hide, hide_masked, hide_transparent, mask_beside
from dipcli.pictures.options import InpaintOptions
from dipcli.pipeline.item import Item


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
    if options.mask is not None:
        path = Path(options.mask)
        path = mask_beside(path, item.name) if path.is_dir() else path
        return hide_masked(picture, path, invert=options.mask_invert)
    if not any(bool((frame != frame).any()) for frame in picture.frames):
        raise OptionError(f"{item.input}: nothing is missing; give --mask a file, where {CONVENTION}.")
    return picture
