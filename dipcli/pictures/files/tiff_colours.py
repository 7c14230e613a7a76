"""What the numbers of a TIFF stand for: gray, colours, inks, table entries or opacity."""

import dataclasses
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, TiffPage

from dipcli.pictures.files.colours import cmyk_to_rgb, look_up
from dipcli.pictures.files.picture import Stored

JPEG_COMPRESSIONS = (COMPRESSION.OJPEG, COMPRESSION.JPEG)
READ_COLOURS = (
    PHOTOMETRIC.MINISWHITE,
    PHOTOMETRIC.MINISBLACK,
    PHOTOMETRIC.RGB,
    PHOTOMETRIC.PALETTE,
    PHOTOMETRIC.SEPARATED,
    PHOTOMETRIC.YCBCR,
)


def with_plain_colours(stored: Stored, page: TiffPage, path: Path, *, imagej: bool) -> Stored:
    """Show ink, colour tables and white-is-zero as gray or RGB; ImageJ's tables only tint a measurement."""
    colours = page.photometric
    if colours not in READ_COLOURS or (colours == PHOTOMETRIC.YCBCR and page.compression not in JPEG_COMPRESSIONS):
        raise ValueError(f"its colours are {PHOTOMETRIC(colours).name}, neither gray nor RGB nor CMYK")
    if colours == PHOTOMETRIC.MINISWHITE and stored.array.dtype.kind in "bu":
        return dataclasses.replace(stored, array=_inverted(stored.array))
    if colours == PHOTOMETRIC.PALETTE and page.colormap is not None and not imagej:
        array, axes = look_up(stored.array, page.colormap), stored.axes + "S"
        warnings = (*stored.warnings, f"{path}: palette converted to RGB.")
        return dataclasses.replace(stored, array=array, axes=axes, warnings=warnings)
    if colours == PHOTOMETRIC.SEPARATED and stored.axes == "YXS" and stored.array.shape[-1] == 4:
        array = cmyk_to_rgb(stored.array, stored.metadata.icc)
        warnings = (*stored.warnings, f"{path}: CMYK converted to RGB.")
        metadata = dataclasses.replace(stored.metadata, icc=None)
        return dataclasses.replace(stored, array=array, metadata=metadata, warnings=warnings)
    return stored


def _inverted(array: NDArray[Any]) -> NDArray[Any]:
    return ~array  # for booleans and unsigned integers: the type's maximum minus the value


def has_alpha(stored: Stored, page: TiffPage) -> bool:
    """Alpha is a fourth sample beside RGB, or a second beside gray that says that it is alpha."""
    samples = stored.array.shape[-1] if stored.axes.endswith("S") else 0
    if samples == 4:
        return page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR)
    return samples == 2 and len(page.extrasamples) == 1 and int(page.extrasamples[0]) > 0
