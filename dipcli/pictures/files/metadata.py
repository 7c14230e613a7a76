"""Keep what a file says about its picture true when the pixels are turned or resized."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from dipcli.pictures.files.exif import resized
from dipcli.pictures.files.layout import turn_upright
from dipcli.pictures.files.picture import Metadata, Stored
from dipcli.pictures.files.tiff_tags import GEO, scaled_tags


def apply_orientation(stored: Stored, orientation: int) -> Stored:
    """Turn the pixels, and their resolution with them, the way the orientation asks."""
    if orientation not in range(2, 9):
        return stored
    plane = stored.axes.index("Y"), stored.axes.index("X")
    turned = turn_upright(np.moveaxis(stored.array, plane, (0, 1)), orientation)
    metadata = stored.metadata
    if orientation >= 5 and metadata.resolution:
        metadata = dataclasses.replace(metadata, resolution=metadata.resolution[::-1])
    tags = tuple(tag for tag in metadata.tiff.tags if tag.code not in GEO)  # of the pixels as they are stored
    metadata = dataclasses.replace(metadata, tiff=dataclasses.replace(metadata.tiff, tags=tags))
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
    tags = scaled_tags(metadata.tiff.tags, metadata.tiff.byteorder, ratios)
    tiff = dataclasses.replace(metadata.tiff, fields=fields, tags=tags)
    exif = metadata.exif and resized(metadata.exif, ratios)
    return dataclasses.replace(metadata, resolution=resolution, tiff=tiff, exif=exif)
