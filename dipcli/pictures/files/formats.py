"""The file formats: how each is recognised, read and written, and what it can hold."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dipcli.errors import InputError, OptionError
from dipcli.io.signatures import LONGEST_SIGNATURE, SIGNATURES
from dipcli.pictures.files.npy import encode_npy, read_npy
from dipcli.pictures.files.picture import Stored
from dipcli.pictures.files.pillow import encode_bmp, encode_jpeg, encode_webp, read_bmp, read_jpeg, read_webp
from dipcli.pictures.files.png import encode_png, read_png
from dipcli.pictures.files.tiff import encode_tiff, read_tiff


@dataclass(frozen=True)
class Format:
    """A file format; an empty `dtypes` holds every type, otherwise the last one stands in for the others."""

    name: str
    suffixes: tuple[str, ...]
    signature: re.Pattern[bytes]
    read: Callable[[Path], Stored]
    encode: Callable[[Stored], bytes]
    dtypes: tuple[str, ...]
    holds_alpha: bool = True
    holds_stacks: bool = False
    is_lossy: bool = False
    keeps: frozenset[str] = frozenset()  # of what `losses` tells


PNG = Format(
    name="PNG",
    suffixes=(".png",),
    signature=SIGNATURES[".png"],
    read=read_png,
    encode=encode_png,
    keeps=frozenset({"icc", "exif", "xmp", "comment", "resolution", "text"}),
    dtypes=("uint8", "uint16"),
)
JPEG = Format(
    name="JPEG",
    suffixes=(".jpg", ".jpeg"),
    signature=SIGNATURES[".jpg"],
    read=read_jpeg,
    encode=encode_jpeg,
    keeps=frozenset({"icc", "exif", "xmp", "iptc", "comment", "resolution"}),
    dtypes=("uint8",),
    holds_alpha=False,
    is_lossy=True,
)
TIFF = Format(
    name="TIFF",
    suffixes=(".tif", ".tiff"),
    signature=SIGNATURES[".tif"],
    read=read_tiff,
    encode=encode_tiff,
    keeps=frozenset({"icc", "exif", "xmp", "iptc", "comment", "resolution", "tags"}),
    dtypes=(),
    holds_stacks=True,
)
NPY = Format(
    name="NPY",
    suffixes=(".npy",),
    signature=SIGNATURES[".npy"],
    read=read_npy,
    encode=encode_npy,
    dtypes=(),
    holds_stacks=True,
)
BMP = Format(
    name="BMP",
    suffixes=(".bmp",),
    signature=SIGNATURES[".bmp"],
    read=read_bmp,
    encode=encode_bmp,
    keeps=frozenset({"resolution"}),
    dtypes=("uint8",),
    holds_alpha=False,
)
WEBP = Format(
    name="WebP",
    suffixes=(".webp",),
    signature=SIGNATURES[".webp"],
    read=read_webp,
    encode=encode_webp,
    keeps=frozenset({"icc", "exif", "xmp"}),
    dtypes=("uint8",),
)
FORMATS = (PNG, JPEG, TIFF, NPY, BMP, WEBP)
SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)


def format_of_content(path: Path) -> Format:
    """Recognise a file by its first bytes, whatever its name.

    Errors: InputError when there is no such file, when it may not be read, is empty, or is no picture.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file; check the path.")
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a picture; name a file in it.")
    try:
        with path.open("rb") as file:
            start = file.read(LONGEST_SIGNATURE)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened, {error.strerror or error}; check its permissions.") from error
    if not start:
        raise InputError(f"{path}: is empty, 0 bytes; copy it again.")
    for known in FORMATS:
        if known.signature.match(start):
            return known
    raise InputError(f"{path}: not a picture in a known format; give {_listed([f.name for f in FORMATS])}.")


def format_of_name(path: Path) -> Format:
    """The format in which an output is written: its suffix decides.

    Errors: OptionError for an unknown suffix.
    """
    for known in FORMATS:
        if path.suffix.lower() in known.suffixes:
            return known
    raise OptionError(f"{path}: its name says no known format; end it in {_listed(list(SUFFIXES))}.")


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
