"""XMP and IPTC, which photographers write their captions in, as every format keeps them."""

import re
import struct
import zlib

PHOTOSHOP, RESOURCE, IPTC = b"Photoshop 3.0\0", b"8BIM", 0x0404
XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
XMP_KEYWORD = b"XML:com.adobe.xmp\0"
ORIENTATION = re.compile(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))[2-8]")
MOST_BYTES = 10_000_000  # of a packed XMP packet


def upright(xmp: bytes | None) -> bytes | None:
    """XMP that does not turn the picture again, for its pixels have been turned."""
    return ORIENTATION.sub(rb"\g<1>1", xmp) if xmp else None


def xmp_of_png(text: bytes) -> bytes | None:
    """The XMP in an iTXt chunk; None in others."""
    if not text.startswith(XMP_KEYWORD):
        return None
    is_packed, rest = text[len(XMP_KEYWORD)], text[len(XMP_KEYWORD) + 2 :]
    xmp = rest.split(b"\0", 2)[2]
    return zlib.decompressobj().decompress(xmp, MOST_BYTES) if is_packed else xmp


def iptc_of(resources: bytes) -> bytes | None:
    """The IPTC record among Photoshop's resources; None where there is none."""
    start = len(PHOTOSHOP) if resources.startswith(PHOTOSHOP) else 0
    while resources[start : start + 4] == RESOURCE and start + 12 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, start + 4)
        place = start + 6 + (resources[start + 6] // 2 + 1) * 2  # behind a name of even length, its count included
        if place + 4 > len(resources):
            return None
        (size,) = struct.unpack_from(">I", resources, place)
        if number == IPTC:
            return resources[place + 4 : place + 4 + size]
        start = place + 4 + size + size % 2
    return None


def resources_of(iptc: bytes) -> bytes:
    """Photoshop's resources with nothing but an IPTC record, for a JPEG file."""
    head = struct.pack(">4sHHI", RESOURCE, IPTC, 0, len(iptc))
    return PHOTOSHOP + head + iptc + b"\0" * (len(iptc) % 2)


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG file; nothing for what is too long for one."""
    if len(content) > 65533:
        return b""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
