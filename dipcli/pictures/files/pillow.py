"""JPEG, WebP and BMP through Pillow, and Pillow's pixels as arrays."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image, JpegImagePlugin, WebPImagePlugin

from dipcli.pictures.files.captions import XMP_SEGMENT, iptc_of, resources_of, segment, upright
from dipcli.pictures.files.checks import refuse_bombs
from dipcli.pictures.files.colours import cmyk_to_rgb
from dipcli.pictures.files.exif import PREFIX, take_orientation
from dipcli.pictures.files.metadata import apply_orientation
from dipcli.pictures.files.picture import Metadata, Stored

JPEG_QUALITY = 95
PLAIN = Metadata()
APP1, APP13 = 0xE1, 0xED


def read_jpeg(path: Path) -> Stored:
    """Read a JPEG, upright."""
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(path.read_bytes()))
    segments = [content for name, content in image.applist if name == "APP13"]
    iptc = next((found for found in map(iptc_of, segments) if found), None)
    return _read(path, image, Metadata(iptc=iptc, comment=image.info.get("comment") or None))


def read_webp(path: Path) -> Stored:
    """Read the first picture of a WebP, upright."""
    image = WebPImagePlugin.WebPImageFile(io.BytesIO(path.read_bytes()))
    stored = _read(path, image)
    if image.n_frames == 1:
        return stored
    message = f"{path}: animated; only its first picture is used."
    return dataclasses.replace(stored, warnings=(*stored.warnings, message))


def read_bmp(path: Path) -> Stored:
    """Read a BMP."""
    return _read(path, BmpImagePlugin.BmpImageFile(io.BytesIO(path.read_bytes())))


def encode_jpeg(stored: Stored) -> bytes:
    """Write with quality 95 and full colour resolution (4:4:4)."""
    metadata = stored.metadata
    xmp = segment(APP1, XMP_SEGMENT + metadata.xmp) if metadata.xmp else b""
    iptc = segment(APP13, resources_of(metadata.iptc)) if metadata.iptc else b""
    comment = metadata.comment or b""
    return _encode(stored, "JPEG", quality=JPEG_QUALITY, subsampling=0, extra=xmp + iptc, comment=comment)


def encode_webp(stored: Stored) -> bytes:
    """Write without loss, colours under full transparency included."""
    return _encode(stored, "WEBP", lossless=True, exact=True, xmp=stored.metadata.xmp or b"")


def encode_bmp(stored: Stored) -> bytes:
    """Write a BMP, which keeps no metadata but the resolution."""
    return _encode(stored, "BMP")


def pixels_of(image: Image.Image, path: Path, metadata: Metadata) -> Stored:
    """Decode an opened image into gray or RGB, with alpha where it has transparency.

    The size in the header is checked before a pixel is decoded.
    """
    refuse_bombs(path, image.width * image.height, len(image.getbands()) * (1 + image.mode.startswith("I")))
    image.load()
    bands = len(image.getbands())
    plain, warnings = _in_gray_or_rgb(image, path, metadata.icc)
    array: NDArray[Any] = np.asarray(plain)
    if plain.mode.startswith("I"):  # 16-bit gray; older Pillow shows it as 32-bit integers
        array = array.astype(np.uint16)
    if image.mode == "CMYK":
        metadata = dataclasses.replace(metadata, icc=None)
    return Stored(
        array=array,
        axes="YX" if array.ndim == 2 else "YXS",
        alpha=plain.mode in ("LA", "RGBA"),
        metadata=metadata,
        warnings=warnings,
        file_shape=(image.height, image.width, bands)[: 2 + (bands > 1)],
    )


def _in_gray_or_rgb(image: Image.Image, path: Path, icc: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    transparent = "transparency" in image.info
    match image.mode:
        case "P":
            mode = "RGBA" if transparent else "RGB"
            return image.convert(mode), (f"{path}: palette converted to {mode}.",)
        case "L" | "RGB" if transparent:
            mode = "LA" if image.mode == "L" else "RGBA"
            return image.convert(mode), (f"{path}: its transparent colour became an alpha channel.",)
        case "CMYK":
            colours = Image.fromarray(cmyk_to_rgb(np.asarray(image), icc))
            return colours, (f"{path}: CMYK converted to RGB.",)
        case "RGBX":
            return image.convert("RGB"), ()
        case _:
            return image, ()


def _read(path: Path, image: Image.Image, metadata: Metadata = PLAIN) -> Stored:
    orientation, exif = take_orientation(image.info.get("exif"))
    dpi = image.info.get("dpi")
    metadata = dataclasses.replace(
        metadata,
        icc=image.info.get("icc_profile") or None,
        exif=exif,
        xmp=upright(image.info.get("xmp")),
        resolution=(float(dpi[0]), float(dpi[1])) if dpi else None,
    )
    return apply_orientation(pixels_of(image, path, metadata), orientation)


def _encode(stored: Stored, file_format: str, **options: object) -> bytes:
    metadata = stored.metadata
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    if metadata.exif:
        options["exif"] = PREFIX + metadata.exif
    if metadata.dots_per_inch:
        options["dpi"] = metadata.dots_per_inch
    buffer = io.BytesIO()
    Image.fromarray(stored.array).save(buffer, file_format, **options)
    return buffer.getvalue()
