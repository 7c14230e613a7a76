"""What a picture is to the rest of dipcli: frames in [0, 1], and all that its file says besides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dipcli.pictures.files.layout import Layout
from dipcli.pictures.files.ranges import Units, units_of
from dipcli.pictures.jpeg_cells import JpegEncoding

Frame = NDArray[np.float32]

# By the words of ImageJ and of OME.
NANOMETRES = {
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1.0),
    **dict.fromkeys(
        ("µm", "\u03bcm", "um", "\\u00B5m", "\\u00b5m", "micron", "microns", "micrometer", "micrometre"), 1e3
    ),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e6),
}


class TiffTag(NamedTuple):
    """A tag as it is stored: code, type, number of values, and the values in the file's order of bytes."""

    code: int
    dtype: int
    n_values: int
    value: bytes


@dataclass(frozen=True)
class TiffDetails:
    """How a TIFF described its axes, in the words that tifffile takes back.

    `extra_samples` says of each sample behind the colours whether it is opacity (1 or 2) or another channel (0);
    `bits` of a sample are 0 where they fill the type.
    """

    style: Literal["plain", "axes", "imagej", "ome"] = "plain"
    fields: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None
    compressed: bool = False
    premultiplied: bool = False
    extra_samples: tuple[int, ...] = ()
    bits: int = 0
    tags: tuple[TiffTag, ...] = ()
    byteorder: Literal["<", ">"] = "<"
    software: str = ""


@dataclass(frozen=True)
class Metadata:
    """What a file says about its picture, apart from the pixels and their axes.

    `exif` has neither the "Exif" prefix nor an orientation, and `xmp` none that turns. `resolution` is pixels per
    unit, x then y. `no_data` is what is stored where nothing was measured (the GDAL_NODATA of a GeoTIFF).
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    resolution: tuple[float, float] | None = None
    resolution_unit: Literal["none", "inch", "centimetre"] = "inch"
    no_data: float | None = None
    png_chunks: tuple[tuple[bytes, bytes], ...] = ()
    tiff: TiffDetails = TiffDetails()

    @property
    def dots_per_inch(self) -> tuple[float, float] | None:
        """The resolution in dots per inch, where the unit is a length."""
        if self.resolution is None or self.resolution_unit == "none":
            return None
        factor = 2.54 if self.resolution_unit == "centimetre" else 1.0
        return self.resolution[0] * factor, self.resolution[1] * factor

    @property
    def pixel_nm(self) -> float | None:
        """The width of a pixel in nanometres, where a microscope (OME, ImageJ) says it; no dots of prints."""
        fields = self.tiff.fields
        if self.tiff.style == "ome":
            size, unit = fields.get("PhysicalSizeX"), fields.get("PhysicalSizeXUnit", "µm")
        else:
            size, unit = 1 / self.resolution[0] if self.resolution else None, fields.get("unit")
        if not isinstance(size, int | float) or size <= 0 or unit not in NANOMETRES:
            return None
        return float(size * NANOMETRES[unit])


@dataclass(frozen=True)
class Stored:
    """The pixels as one array of one file, ready to be encoded or just decoded.

    `axes` has one letter per dimension: X, Y, S (samples of a pixel, always last), C (channels), and any
    other letter for a stack. With `alpha` the last sample is opacity. `file_shape` and `file_dtype` say what
    the file held, where decoding changed it (palettes, CMYK).
    """

    array: NDArray[Any]
    axes: str
    alpha: bool = False
    metadata: Metadata = Metadata()
    warnings: tuple[str, ...] = ()
    file_shape: tuple[int, ...] = ()
    file_dtype: str = ""


@dataclass(frozen=True)
class FileEncoding:
    """All that is needed to write a restored picture like its original.

    `low` and `high` are the stored values that frames show as 0 and 1.
    """

    dtype: str
    low: float
    high: float
    layout: Layout
    metadata: Metadata = Metadata()

    @property
    def units(self) -> Units:
        """What the file's own units are on the scale of the frames."""
        return units_of(self.dtype, self.low, self.high)


@dataclass(frozen=True)
class Picture:
    """A picture, stack, volume or signal in the form in which it is restored.

    frames: each (channels, *space), NaN where the file has no finite value; several for a stack.
    alpha: (frames, *space) in [0, 1], returns to the file bit by bit; None without transparency.
    stored_shape, stored_dtype: as in the file, for the record.
    stored: (frames, channels, *space), the very values of the file; None for what comes from no file.
    no_data: of the same shape, where the file has a code for values that are missing; None for nowhere.
    jpeg: how the file was encoded, where that was asked for.
    """

    frames: tuple[Frame, ...]
    alpha: Frame | None
    encoding: FileEncoding
    stored_shape: tuple[int, ...]
    stored_dtype: str
    warnings: tuple[str, ...] = ()
    stored: NDArray[Any] | None = None
    no_data: NDArray[np.bool_] | None = None
    jpeg: JpegEncoding | None = None
