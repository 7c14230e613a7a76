"""Keep what a file says about its picture true when the pixels are turned or resized."""

import dataclasses
import struct
from collections.abc import Mapping

import numpy as np
from PIL import Image

from dipcli.pictures.files.layout import turn_upright
from dipcli.pictures.files.picture import Metadata, Stored

EXIF_PREFIX = b"Exif\0\0"
ORIENTATION_TAG = 274


def take_orientation(exif: bytes | None) -> tuple[int, bytes | None]:
    """EXIF -> its orientation (1 when it has none) and the EXIF without it; a damaged block is dropped."""
    if not exif:
        return 1, None
    exif = exif.removeprefix(EXIF_PREFIX)
    tags = Image.Exif()
    try:
        tags.load(exif)
        if ORIENTATION_TAG not in tags:
            return 1, exif
        orientation = int(tags.pop(ORIENTATION_TAG))
        return orientation, tags.tobytes().removeprefix(EXIF_PREFIX)
    except (SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return 1, None


def apply_orientation(stored: Stored, orientation: int) -> Stored:
    """Turn the pixels, and their resolution with them, the way the orientation asks."""
    if orientation not in range(2, 9):
        return stored
    plane = stored.axes.index("Y"), stored.axes.index("X")
    turned = turn_upright(np.moveaxis(stored.array, plane, (0, 1)), orientation)
    metadata = stored.metadata
    if orientation >= 5 and metadata.resolution:
        metadata = dataclasses.replace(metadata, resolution=metadata.resolution[::-1])
    return dataclasses.replace(stored, array=np.moveaxis(turned, (0, 1), plane), metadata=metadata)


def stretch(metadata: Metadata, ratios: Mapping[str, float]) -> Metadata:
    """Keep the physical size of a picture that now has `ratios[axis]` times as many pixels along X, Y, Z."""
    if all(ratio == 1 for ratio in ratios.values()):
        return metadata
    fields = dict(metadata.tiff.fields)
    sizes = {f"PhysicalSize{axis}": ratio for axis, ratio in ratios.items()}
    sizes["spacing"] = ratios.get("Z", 1.0)
    for name, ratio in sizes.items():
        if isinstance(fields.get(name), int | float):
            fields[name] /= ratio
    resolution = metadata.resolution
    if resolution:
        resolution = resolution[0] * ratios.get("X", 1.0), resolution[1] * ratios.get("Y", 1.0)
    tiff = dataclasses.replace(metadata.tiff, fields=fields)
    return dataclasses.replace(metadata, resolution=resolution, tiff=tiff)
