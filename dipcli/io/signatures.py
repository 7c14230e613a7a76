"""What the first bytes of a file say of its format."""

import re
from pathlib import Path

LONGEST_SIGNATURE = 12
# The usual ending of each format, and how its files begin.
SIGNATURES = {
    ".png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    ".jpg": re.compile(rb"\xff\xd8\xff"),
    ".tif": re.compile(rb"II[*+]\0|MM\0[*+]"),
    ".npy": re.compile(rb"\x93NUMPY"),
    ".bmp": re.compile(rb"BM"),
    ".webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    ".h5": re.compile(rb"\x89HDF\r\n\x1a\n"),
    ".mat": re.compile(rb"MATLAB"),
    ".npz": re.compile(rb"PK\x03\x04"),
    ".hdr": re.compile(rb"# Dimensions"),
}


def usual_ending(path: Path) -> str:
    """What a file with this content would end in; "" where its first bytes do not say it."""
    with path.open("rb") as file:
        start = file.read(LONGEST_SIGNATURE)
    return next((ending for ending, signature in SIGNATURES.items() if signature.match(start)), "")
