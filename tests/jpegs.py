"""JPEG files of pictures, written by Pillow, and the pictures that went into them."""

import numpy as np
import torch
from PIL import Image, ImageOps

ORIENTATION = 0x0112  # the EXIF tag
SAMPLINGS = {"gray": (1, {}), "444": (3, {"subsampling": 0}), "422": (3, {"subsampling": 1}), "420": (3, {})}


def write_jpeg(path, picture, *, orientation=None, **options):
    """Write picture (channels, height, width) as a file that lies as `orientation` says.

    Returns the upright picture in the 8 bits that were compressed.
    """
    pixels = (picture.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8).squeeze()
    stored = Image.fromarray(pixels)
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    stored.save(path, "JPEG", exif=exif, **options)
    stored.getexif()[ORIENTATION] = orientation or 1
    upright = np.array(ImageOps.exif_transpose(stored))
    return torch.from_numpy(upright.reshape(*upright.shape[:2], -1)).permute(2, 0, 1) / 255
