"""PNG of any depth: pixels through Pillow, or imagecodecs for 16-bit colour; metadata chunk by chunk."""

import dataclasses
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from dipcli.pictures.files.captions import XMP_KEYWORD, upright, xmp_of_png
from dipcli.pictures.files.checks import refuse_bombs
from dipcli.pictures.files.exif import take_orientation
from dipcli.pictures.files.metadata import apply_orientation
from dipcli.pictures.files.picture import Metadata, Stored
from dipcli.pictures.files.pillow import pixels_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END_OF_HEADER = 33  # signature 8, then the header chunk: length 4, name 4, data 13, checksum 4
INCHES_PER_METRE = 1 / 0.0254
# Colour description and text are copied as they are. The XMP text is not: it repeats the orientation.
COPIED = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"tEXt", b"zTXt", b"iTXt")
COMMENT = b"Comment\0"

# What the decoders are given: nothing that they would inflate beside the pixels.
DECODED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
SAMPLES = {2: 3, 4: 2, 6: 4}  # of a pixel, by the kind of its colours
LONGEST_PROFILE = 2**24

Chunk = tuple[bytes, bytes]


def read_png(path: Path) -> Stored:
    """Read a PNG, upright; every chunk is checked, so that a damaged file is not filled in silently."""
    data = path.read_bytes()
    chunks = list(_chunks(data))
    width, height, bits, colours = struct.unpack(">IIBB", chunks[0][1][:10])
    refuse_bombs(path, width * height, SAMPLES.get(colours, 1) * bits / 8)
    orientation, metadata = _metadata_of(chunks)
    data = SIGNATURE + b"".join(_pack(*chunk) for chunk in chunks if chunk[0] in DECODED)
    if bits == 16 and colours != 0:
        stored = _read_deep_colour(data, metadata)
    else:
        stored = pixels_of(PngImagePlugin.PngImageFile(io.BytesIO(data)), path, metadata)
    names = [name for name, _ in chunks]
    warnings = list(stored.warnings)
    if b"acTL" in names:
        warnings.append(f"{path}: animated; only its first picture is used.")
    if bits == 16 and colours == 0 and b"tRNS" in names:
        warnings.append(f"{path}: its transparent gray is ignored.")
    return apply_orientation(dataclasses.replace(stored, warnings=tuple(warnings)), orientation)


def encode_png(stored: Stored) -> bytes:
    """Write 8 or 16 bits per channel with the metadata before the pixels."""
    data = _encode_pixels(stored.array)
    metadata = b"".join(_pack(*chunk) for chunk in _chunks_of(stored.metadata))
    return data[:END_OF_HEADER] + metadata + data[END_OF_HEADER:]


def needs_imagecodecs(dtype: str, n_channels: int) -> bool:
    """Pillow has no 16-bit colour, nor 16-bit gray with alpha."""
    return dtype == "uint16" and n_channels > 1


def _read_deep_colour(data: bytes, metadata: Metadata) -> Stored:
    import imagecodecs

    array = np.asarray(imagecodecs.png_decode(data))
    return Stored(array, axes="YXS", alpha=array.shape[-1] in (2, 4), metadata=metadata)


def _encode_pixels(array: NDArray[Any]) -> bytes:
    if needs_imagecodecs(array.dtype.name, 1 if array.ndim == 2 else array.shape[-1]):
        import imagecodecs

        return bytes(imagecodecs.png_encode(array))
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def _chunks(data: bytes) -> Iterator[Chunk]:
    start = len(SIGNATURE)
    name = b""
    while name != b"IEND":
        if start + 12 > len(data):
            raise ValueError("the file ends too early")
        (length,) = struct.unpack_from(">I", data, start)
        name, body = data[start + 4 : start + 8], data[start + 8 : start + 8 + length]
        checksum = data[start + 8 + length : start + 12 + length]
        if checksum != struct.pack(">I", zlib.crc32(name + body)):
            raise ValueError(f"chunk {name.decode('latin-1')!r} is cut short or damaged")
        yield name, body
        start += 12 + length


def _pack(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _metadata_of(chunks: list[Chunk]) -> tuple[int, Metadata]:
    found = dict(chunks)
    orientation, exif = take_orientation(found.get(b"eXIf"))
    icc, resolution = None, None
    if b"iCCP" in found:  # a name, a zero, the compression method (always 0), the profile
        icc = _inflated(found[b"iCCP"].split(b"\0", 1)[1][1:])
    if b"pHYs" in found:
        across, down, unit = struct.unpack(">IIB", found[b"pHYs"])
        if unit == 1:
            resolution = across / INCHES_PER_METRE, down / INCHES_PER_METRE
    texts = [(name, xmp_of_png(body)) for name, body in chunks if name == b"iTXt"]
    xmp = next((text for _, text in texts if text), None)
    comment = next(
        (body[len(COMMENT) :] for name, body in chunks if name == b"tEXt" and body.startswith(COMMENT)), None
    )
    copied = tuple(
        (name, body)
        for name, body in chunks
        if name in COPIED
        and not (name == b"tEXt" and body.startswith(COMMENT))
        and not (name == b"iTXt" and body.startswith(XMP_KEYWORD))
    )
    return orientation, Metadata(
        icc, exif, upright(xmp), comment=comment, resolution=resolution, png_chunks=copied
    )


def _inflated(packed: bytes) -> bytes:
    """A colour profile. Raises ValueError for one that is longer than any."""
    inflater = zlib.decompressobj()
    profile = inflater.decompress(packed, LONGEST_PROFILE)
    if not inflater.eof:
        raise ValueError("its colour profile is cut short, or too long to be one")
    return profile


def _chunks_of(metadata: Metadata) -> Iterator[Chunk]:
    if metadata.icc:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)
    if metadata.dots_per_inch:
        across, down = (round(dots * INCHES_PER_METRE) for dots in metadata.dots_per_inch)
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    if metadata.exif:
        yield b"eXIf", metadata.exif
    if metadata.xmp:
        yield b"iTXt", XMP_KEYWORD + b"\0\0\0\0" + metadata.xmp
    if metadata.comment:
        yield b"tEXt", COMMENT + metadata.comment.replace(b"\0", b"")
    yield from metadata.png_chunks
