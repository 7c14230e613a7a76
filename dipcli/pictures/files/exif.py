"""EXIF blocks: read from a TIFF's own tags and written among them, turned and resized with their pictures."""

import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, TiffImagePlugin

PREFIX = b"Exif\0\0"
ORIENTATION, SUB_IFDS = 274, {34665: "ExifTag", 34853: "GPSTag"}
CLASSIC, INTEROPERABILITY, SIDES = 42, 40965, {"X": 40962, "Y": 40963}
DAMAGE = (SyntaxError, ValueError, TypeError, KeyError, OSError, EOFError, struct.error)


def take_orientation(exif: bytes | None) -> tuple[int, bytes | None]:
    """EXIF -> its orientation (1 when it has none) and the EXIF without it; a damaged block is dropped."""
    if not exif:
        return 1, None
    exif = exif.removeprefix(PREFIX)
    try:
        tags = _opened(exif)
        if ORIENTATION not in tags:
            return 1, exif
        orientation = int(tags.pop(ORIENTATION))
        return orientation, _packed(tags)
    except DAMAGE:
        return 1, None


def exif_of_tiff(path: Path, descriptive: Mapping[int, Any]) -> bytes | None:
    """The EXIF and GPS among a TIFF's tags, with its `descriptive` ones; None where there is neither."""
    tags = Image.Exif()
    tags.update(descriptive)
    try:
        with path.open("rb") as file:
            found = Image.Exif()
            found.load_from_fp(file)
            for code in SUB_IFDS:
                if code in found:
                    tags.get_ifd(code).update(_without_interoperability(found.get_ifd(code)))
        return _packed(tags) if tags or any(tags.get_ifd(code) for code in SUB_IFDS) else None
    except DAMAGE:
        return None


def resized(exif: bytes, ratios: Mapping[str, float]) -> bytes:
    """EXIF that names the sides of a picture which has become `ratios` times as large."""
    try:
        tags = _opened(exif)
        own = tags.get_ifd(34665)
        changes = {code: round(own[code] * ratios.get(axis, 1.0)) for axis, code in SIDES.items() if code in own}
        own.update(changes)
        return _packed(tags) if changes else exif
    except DAMAGE:
        return exif


def tags_of_exif(exif: bytes, known: Collection[int]) -> list[tuple[Any, ...]]:
    """The tags that `tifffile.imwrite` takes: all texts but those `known`, and places for the sub-IFDs."""
    tags = _opened(exif)
    places = [(name, 4, 1, 0, True) for code, name in SUB_IFDS.items() if tags.get_ifd(code)]
    texts = [(code, text) for code, text in tags.items() if code not in known and isinstance(text, str)]
    return [*places, *((code, 2, 0, text, True) for code, text in texts if text.isascii())]


def with_sub_ifds(data: bytes, exif: bytes) -> bytes:
    """A TIFF with the sub-IFDs of an EXIF block behind its end, in the places that `tags_of_exif` made."""
    order = "<" if data[:2] == b"II" else ">"
    if struct.unpack_from(f"{order}H", data, 2) != (CLASSIC,):  # others are files of more than 4 GB
        return data
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (n_tags,) = struct.unpack_from(f"{order}H", data, start)
    tags, whole = _opened(exif), bytearray(data)
    for place in range(start + 2, start + 2 + 12 * n_tags, 12):
        (code,) = struct.unpack_from(f"{order}H", data, place)
        if code in SUB_IFDS:
            whole += b"\0" * (len(whole) % 2)
            struct.pack_into(f"{order}I", whole, place + 8, len(whole))
            ifd = TiffImagePlugin.ImageFileDirectory_v2(ifh=data[:4] + b"\0\0\0\0")
            for name, value in _without_interoperability(tags.get_ifd(code)).items():
                ifd[name] = value
            whole += ifd.tobytes(len(whole))
    return bytes(whole)


def _opened(exif: bytes) -> Image.Exif:
    tags = Image.Exif()
    tags.load(PREFIX + exif)
    return tags


def _packed(tags: Image.Exif) -> bytes:
    return tags.tobytes().removeprefix(PREFIX)


def _without_interoperability(tags: Mapping[int, Any]) -> dict[int, Any]:
    """A sub-IFD without the one that it points to, which says only that the file follows a rule of cameras."""
    return {code: value for code, value in tags.items() if code != INTEROPERABILITY}
