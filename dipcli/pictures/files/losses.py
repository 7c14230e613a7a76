"""What a file says of its picture that the format of the output cannot keep."""

from pathlib import Path

from dipcli.pictures.files.formats import Format, format_of_name
from dipcli.pictures.files.outputs import dtype_in
from dipcli.pictures.files.picture import Metadata, Picture
from dipcli.pictures.files.tiff_tags import DESCRIPTIVE, GEO


def what_is_lost(path: Path, picture: Picture) -> str | None:
    """One sentence for a picture that is written at `path`; None where nothing is lost."""
    target, metadata = format_of_name(path), picture.encoding.metadata
    lost = [name for name, kind in _held(metadata) if kind not in target.keeps]
    if dtype_in(target, picture) != picture.encoding.dtype:
        lost.append(f"values of {picture.encoding.dtype}")
    if not lost:
        return None
    listed = " and ".join([", ".join(lost[:-1]), lost[-1]] if len(lost) > 1 else lost)
    return f"{path}: {target.name} cannot keep {listed}; {_advice(target)}."


def _held(metadata: Metadata) -> list[tuple[str, str]]:
    """What a file has, in words, and as formats call it."""
    details = metadata.tiff
    codes = {tag.code for tag in details.tags}
    others = codes - GEO - DESCRIPTIVE
    texts = [
        body.split(b"\0", 1)[0].decode("latin-1") for name, body in metadata.png_chunks if name.endswith(b"Xt")
    ]
    held = {
        "the colour profile": (metadata.icc, "icc"),
        "EXIF": (metadata.exif, "exif"),
        "XMP": (metadata.xmp, "xmp"),
        "IPTC": (metadata.iptc, "iptc"),
        "the comment": (metadata.comment, "comment"),
        "the resolution": (metadata.dots_per_inch, "resolution"),
        "the georeferencing": (codes & GEO, "tags"),
        f"{len(others)} further TIFF tag(s)": (others, "tags"),
        "the description": (details.description or details.fields, "tags"),
        f"the text ({', '.join(dict.fromkeys(texts))})": (texts, "text"),
        "the description of its colours": (_colour_chunks(metadata), "text"),
    }
    return [(name, kind) for name, (found, kind) in held.items() if found]


def _colour_chunks(metadata: Metadata) -> set[bytes]:
    """Those of a PNG that say more than sRGB, where there is no profile to say it."""
    names = {name for name, _ in metadata.png_chunks}
    return set() if metadata.icc or b"sRGB" in names else names & {b"gAMA", b"cHRM", b"cICP"}


def _advice(target: Format) -> str:
    return "keep the format of the input" if target.holds_stacks else "end the name in .tif, or as the input's"
