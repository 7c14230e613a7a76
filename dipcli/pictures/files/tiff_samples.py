"""What the numbers of a TIFF stand for: gray, colours, inks, table entries, opacity or further channels."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
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
INKS = 4
RGBA = 4
OPACITY = (1, 2)  # among ExtraSamples: premultiplied and not; 0 is any other channel, such as near infrared
EXTRA_SAMPLES = ("unspecified", "assocalpha", "unassalpha")


def with_plain_colours(stored: Stored, page: TiffPage, path: Path, *, imagej: bool) -> Stored:
    """Show ink, colour tables and white-is-zero as gray or RGB; ImageJ's tables only tint a measurement."""
    colours = page.photometric
    if colours not in READ_COLOURS or (colours == PHOTOMETRIC.YCBCR and page.compression not in JPEG_COMPRESSIONS):
        raise ValueError(f"its colours are {PHOTOMETRIC(colours).name}, neither gray nor RGB nor CMYK")
    if colours == PHOTOMETRIC.PALETTE and page.colormap is not None and not imagej:
        array, axes = look_up(stored.array, page.colormap), stored.axes + "S"
        warnings = (*stored.warnings, f"{path}: palette converted to RGB.")
        return dataclasses.replace(stored, array=array, axes=axes, warnings=warnings)
    stored = _widened(stored, bits_of(page))
    is_truth = stored.array.dtype == bool and stored.metadata.tiff.style == "axes"  # tifffile's: True is no ink
    if colours == PHOTOMETRIC.MINISWHITE and stored.array.dtype.kind in "bu" and not is_truth:
        return dataclasses.replace(stored, array=_inverted(stored.array))
    if colours == PHOTOMETRIC.SEPARATED and stored.axes == "YXS" and stored.array.shape[-1] >= INKS:
        plain = cmyk_to_rgb(stored.array[..., :INKS], stored.metadata.icc)
        array = np.concatenate([plain, stored.array[..., INKS:]], axis=-1)
        warnings = (*stored.warnings, f"{path}: CMYK converted to RGB.")
        metadata = dataclasses.replace(stored.metadata, icc=None)
        return dataclasses.replace(stored, array=array, metadata=metadata, warnings=warnings)
    return stored


def with_opacity_last(stored: Stored, page: TiffPage) -> Stored:
    """Opacity behind all other samples: what ExtraSamples calls so, or a fourth sample of RGB without a name."""
    samples = stored.array.shape[-1] if stored.axes.endswith("S") else 0
    is_rgb = page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR)
    if samples == RGBA and is_rgb and not page.extrasamples:
        return dataclasses.replace(stored, alpha=True)
    place = _opacity_place(samples, stored.metadata.tiff.extra_samples)
    if place is None:
        return stored
    return dataclasses.replace(stored, array=_moved(stored.array, place, samples - 1), alpha=True)


def as_in_file(stored: Stored) -> NDArray[Any]:
    """The samples at the depth and in the order of the file that they came from."""
    array: NDArray[Any] = stored.array
    details = stored.metadata.tiff
    place = _opacity_place(array.shape[-1], details.extra_samples) if stored.alpha else None
    if place is not None:
        array = _moved(array, array.shape[-1] - 1, place)
    if not details.bits or array.dtype.kind != "u" or details.bits >= 8 * array.itemsize:
        return array
    scale = (2**details.bits - 1) / np.iinfo(array.dtype).max
    return np.asarray(np.rint(array * scale), array.dtype)


def bits_of(page: TiffPage) -> int:
    """How many bits a sample has that does not fill its type, as scanners and cameras pack 4 or 12; else 0."""
    bits, dtype = page.bitspersample, page.dtype
    is_packed = isinstance(bits, int) and dtype in (np.uint8, np.uint16) and 1 < bits < 8 * dtype.itemsize
    return int(bits) if is_packed else 0


def _widened(stored: Stored, bits: int) -> Stored:
    """Packed samples over the whole range of their type: the brightest of 4 bits, 15, becomes 255."""
    if not bits:
        return stored
    dtype = stored.array.dtype
    array = np.rint(stored.array * (np.iinfo(dtype).max / (2**bits - 1))).astype(dtype)
    return dataclasses.replace(stored, array=array, file_dtype=f"uint{bits}")


def _inverted(array: NDArray[Any]) -> NDArray[Any]:
    return ~array  # for booleans and unsigned integers: the type's maximum minus the value


def _opacity_place(samples: int, extra_samples: tuple[int, ...]) -> int | None:
    """Which of the samples is opacity."""
    places = [place for place, kind in enumerate(extra_samples) if kind in OPACITY]
    return samples - len(extra_samples) + places[0] if places and samples > len(extra_samples) else None


def _moved(array: NDArray[Any], source: int, target: int) -> NDArray[Any]:
    """The samples with one of them at another place."""
    order = [sample for sample in range(array.shape[-1]) if sample != source]
    order.insert(target, source)
    return array[..., order]
