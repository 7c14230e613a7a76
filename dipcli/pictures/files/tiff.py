"""TIFF, ImageJ TIFF and OME-TIFF through tifffile: axes, colours and metadata survive."""

import dataclasses
import io
import logging
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar, final

import numpy as np
import tifffile
from tifffile import TiffFile, TiffPage, TiffPageSeries

from dipcli.pictures.files.captions import iptc_of, upright
from dipcli.pictures.files.checks import refuse_bombs
from dipcli.pictures.files.exif import SUB_IFDS, exif_of_tiff, tags_of_exif, with_sub_ifds
from dipcli.pictures.files.layout import CHANNEL_AXES
from dipcli.pictures.files.metadata import apply_orientation
from dipcli.pictures.files.picture import Metadata, Stored
from dipcli.pictures.files.tiff_details import details_of, metadata_options
from dipcli.pictures.files.tiff_samples import EXTRA_SAMPLES, as_in_file, with_opacity_last, with_plain_colours
from dipcli.pictures.files.tiff_series import main_series
from dipcli.pictures.files.tiff_tags import DESCRIPTIVE, GEO, tied_tags

T = TypeVar("T")

FRACTIONS = {5: "I", 10: "i"}
DESCRIPTION, SOFTWARE, XMP, IPTC, RESOURCES = 270, 305, 700, 33723, 34377
RESOLUTION_UNITS: dict[int, Literal["none", "inch", "centimetre"]] = {1: "none", 2: "inch", 3: "centimetre"}
TIFF_UNITS = {"none": "NONE", "inch": "INCH", "centimetre": "CENTIMETER"}


def read_tiff(path: Path) -> Stored:
    """Read the first picture of a TIFF that is no thumbnail, upright, samples last, zero shown as black."""
    with _complaints() as complaints, TiffFile(path) as tiff:
        series, warnings = main_series(path, tiff)
        page = series.keyframe
        _refuse_bombs(path, series)
        array = series.asarray(maxworkers=1)
        _refuse_damage(complaints)
        stored = Stored(
            array=array,
            axes=series.axes,
            metadata=_metadata_of(path, tiff, page),
            warnings=tuple(f"{path}: {warning}" for warning in (*_warnings_of(page, complaints), *warnings)),
            file_shape=series.shape,
            file_dtype=array.dtype.name,
        )
        stored = with_plain_colours(_with_samples_last(stored), page, path, imagej=tiff.is_imagej)
        return apply_orientation(with_opacity_last(stored, page), _tag(page, "Orientation", 1))


def encode_tiff(stored: Stored) -> bytes:
    """Write in the original's style (plain, ImageJ or OME), compressed if the original was.

    The compression is zlib, which every reader knows; ImageJ files stay uncompressed, as ImageJ expects.
    """
    metadata = stored.metadata
    details = metadata.tiff
    samples = stored.array.shape[-1] if stored.axes.endswith("S") else 0
    extra_samples = details.extra_samples or (1 if details.premultiplied else 2,) * stored.alpha
    options: dict[str, Any] = metadata_options(stored)
    options["photometric"] = "rgb" if samples - len(extra_samples) == 3 else "minisblack"
    if samples > 1:
        options["planarconfig"] = "contig"
    if extra_samples and samples > len(extra_samples):
        options["extrasamples"] = [EXTRA_SAMPLES[kind] for kind in extra_samples]
    if metadata.resolution:
        options["resolution"] = metadata.resolution
        options["resolutionunit"] = TIFF_UNITS[metadata.resolution_unit]
    if details.bits and details.style != "imagej":
        options["bitspersample"] = details.bits  # which no compression takes
    elif details.compressed and details.style != "imagej":
        options["compression"] = "zlib"
    options["byteorder"], options["software"] = details.byteorder, details.software or False
    options["extratags"] = list(_extra_tags(metadata))
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, as_in_file(stored), iccprofile=metadata.icc, **options)
    return with_sub_ifds(buffer.getvalue(), metadata.exif) if metadata.exif else buffer.getvalue()


def _extra_tags(metadata: Metadata) -> Iterator[tuple[Any, ...]]:
    """All that `tifffile.imwrite` does not know of by itself."""
    known = {tag.code for tag in metadata.tiff.tags}
    for tag in metadata.tiff.tags:
        kind = FRACTIONS.get(tag.dtype)  # whose bytes tifffile would count twice
        numbers = f"{metadata.tiff.byteorder}{2 * tag.n_values}{kind}"
        yield (*tag[:3], struct.unpack(numbers, tag.value) if kind else tag.value, True)
    if metadata.exif:
        yield from tags_of_exif(metadata.exif, known | {SOFTWARE, DESCRIPTION})
    if metadata.xmp:
        yield (XMP, 1, len(metadata.xmp), metadata.xmp, True)
    if metadata.iptc:
        yield (IPTC, 7, len(metadata.iptc), metadata.iptc, True)


def _refuse_bombs(path: Path, series: TiffPageSeries) -> None:
    sizes = list(zip(series.axes, series.shape, strict=True))
    samples = math.prod(size for axis, size in sizes if axis in CHANNEL_AXES)
    n_pixels = math.prod(size for axis, size in sizes if axis not in CHANNEL_AXES)
    refuse_bombs(path, n_pixels, samples * (series.dtype.itemsize if series.dtype else 1))


def _metadata_of(path: Path, tiff: TiffFile, page: TiffPage) -> Metadata:
    across, down = _tag(page, "XResolution", (0, 1)), _tag(page, "YResolution", (0, 1))
    has_resolution = all((*across, *down))
    return Metadata(
        icc=_tag(page, "InterColorProfile", b"") or None,
        resolution=(across[0] / across[1], down[0] / down[1]) if has_resolution else None,
        resolution_unit=RESOLUTION_UNITS.get(int(_tag(page, "ResolutionUnit", 2)), "none"),
        no_data=_no_data(page),
        exif=_exif_of(path, page),
        xmp=upright(_tag(page, "XMP", b"") or None),
        iptc=_iptc_of(page),
        tiff=details_of(tiff, page),
    )


def _no_data(page: TiffPage) -> float | None:
    """The GDAL_NODATA of a GeoTIFF, a number in words."""
    try:
        return float(str(_tag(page, "GDAL_NODATA", "")).strip("\0 ").replace(",", "."))
    except ValueError:
        return None


def _exif_of(path: Path, page: TiffPage) -> bytes | None:
    descriptive = {
        tag.code: tag.value for tag in page.tags if tag.code in DESCRIPTIVE and isinstance(tag.value, str)
    }
    return exif_of_tiff(path, descriptive) if descriptive or SUB_IFDS.keys() & set(page.tags.keys()) else None


def _iptc_of(page: TiffPage) -> bytes | None:
    found: dict[int, bytes] = {tag.code: tag.astuple()[3] for tag in page.tags if tag.code in (IPTC, RESOURCES)}
    return found.get(IPTC) or iptc_of(found.get(RESOURCES, b""))


def _warnings_of(page: TiffPage, complaints: list[str]) -> Iterator[str]:
    yield from (f"{complaint}." for complaint in complaints if "GDAL_NODATA" not in complaint)
    if _tag(page, "Orientation", 1) != 1 and any(tag.code in GEO for tag in page.tags):
        yield "its georeferencing is not carried over, for the picture is turned upright."
    if lost := tied_tags(page):
        yield f"what it says of {' and '.join(lost)} is not carried over to the result."


def _with_samples_last(stored: Stored) -> Stored:
    if "S" not in stored.axes:
        return stored
    array = np.moveaxis(stored.array, stored.axes.index("S"), -1)
    return dataclasses.replace(stored, array=array, axes=stored.axes.replace("S", "") + "S")


def _tag(page: TiffPage, name: str, default: T) -> T:
    tag = page.tags.get(name)
    value: T = default if tag is None else tag.value
    return value


@final
class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(" ".join(record.getMessage().split()).rstrip("."))


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what tifffile only logs, such as pages that lie behind the end of the file."""
    listener, logger = _Listener(), logging.getLogger("tifffile")
    logger.addHandler(listener)
    try:
        yield listener.messages
    finally:
        logger.removeHandler(listener)


def _refuse_damage(complaints: list[str]) -> None:
    for complaint in complaints:
        if "page offset" in complaint or "corrupted" in complaint:
            raise ValueError("pages are missing at its end" if "page offset" in complaint else complaint)
