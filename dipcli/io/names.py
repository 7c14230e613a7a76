"""Names of files: what they end in, how the files beside an output are called, and how both are shown."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

TWOFOLD = (".nii.gz",)  # endings with a dot in them
GAPS = 0.1  # of the steps of a series may be missing: were they more, its numbers would not be even
MOST_BYTES = 255  # of a name, in every usual file system
# Folders and files that systems leave among pictures; of macOS's, Finder's and Git's all begin with a dot.
SYSTEM_NAMES = frozenset(
    {"@eadir", "#recycle", "__macosx", "$recycle.bin", "lost+found", "thumbs.db", "desktop.ini"}
)
# All that controls a terminal, but for new lines and tabs; single surrogates stand for bytes that are no UTF-8.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SURROGATE = re.compile(r"[\ud800-\udfff]")


def ending_of(path: Path) -> str:
    """What a name ends in, with its dot: .png, or .nii.gz."""
    twofold = [path.name[-len(ending) :] for ending in TWOFOLD if path.name.lower().endswith(ending)]
    return twofold[0] if twofold else path.suffix


def stem_of(path: Path) -> str:
    """A name without its ending: scan.nii.gz -> scan."""
    return path.name[: len(path.name) - len(ending_of(path))]


def beside(output: Path, ending: str, stem: str = "") -> Path:
    """The path of a file that accompanies an output: clean.png -> clean.run.json, a.nii.gz -> a.run.json.

    With `stem` it is called after that, not after the output. A stem that would make the name too long is cut, and
    distinguished from others by a hash.
    """
    stem, tail = stem or stem_of(output), f".{ending}"
    if len(os.fsencode(stem)) + len(os.fsencode(tail)) > MOST_BYTES:
        tail = f"~{hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]}{tail}"
        while len(os.fsencode(stem)) + len(os.fsencode(tail)) > MOST_BYTES:
            stem = stem[:-1]
    return output.with_name(f"{stem}{tail}")


def name_of(path: Path) -> str:
    """The last part of a path; of `.`, `..` and `/` that of the folder that is meant."""
    return path.name if path.name not in ("", "..") else path.resolve().name or "root"


def is_of_the_system(name: str) -> bool:
    """Whether a file or folder is hidden, or is one that a system leaves among pictures, such as ._a.png."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def printable(text: object) -> str:
    r"""Text that a terminal only shows: control characters and bytes that are no UTF-8 as \x1b."""
    return SURROGATE.sub(lambda found: escape(found[0]), without_controls(str(text)))


def without_controls(text: str) -> str:
    r"""Text with control characters as \x1b; names that are no UTF-8 stay as they are."""
    return CONTROL.sub(lambda found: escape(found[0]), text)


def escape(letter: str) -> str:
    r"""A letter as \x1b."""
    code = ord(letter)
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{byte:04x}"


def by(sides: Iterable[int]) -> str:
    """How a size is said: 64x48."""
    return "x".join(map(str, sides))


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """Paths as a person counts, and not letter by letter: frame_2 before frame_10, folder by folder."""
    return sorted(paths, key=lambda path: ([_counted(part) for part in path.parts], path))


def doubts_about(series: Sequence[Path]) -> list[str]:
    """What is odd about the files of a series, in their order: another kind of name, a number that is missing."""
    kinds = [re.sub("[0-9]+", "#", path.name) for path in series]
    usual, count = Counter(kinds).most_common(1)[0]
    strangers = [path.name for path, kind in zip(series, kinds, strict=True) if kind != usual]
    doubts = [f"{strangers[0]} is not called as the others are, and counts as one of them"] if strangers else []
    files = [path for path, kind in zip(series, kinds, strict=True) if kind == usual]
    gaps = [place for place, missing in enumerate(missing_steps(files)) if missing] if count > 2 else []
    return doubts + [
        f"between {files[place].name} and {files[place + 1].name} a step seems to be missing" for place in gaps
    ]


def missing_steps(series: Sequence[Path]) -> list[int]:
    """How many files seem to be missing after each of a series but the last, by the number that grows most slowly.

    A number that grows in steps of many lengths, as a temperature may, says nothing.
    """
    rows = [[int(number) for number in re.findall("[0-9]+", path.stem)] for path in series]
    columns = list(zip(*rows, strict=True)) if len({len(row) for row in rows}) == 1 else []
    steps = [[second - first for first, second in pairwise(column)] for column in columns]
    growing = [each for each in steps if each and min(each) > 0]
    if not growing:
        return [0] * max(len(series) - 1, 0)
    found = min(growing, key=max)
    usual = min(found)
    wide = [step for step in found if step > usual]
    is_even = len(wide) <= max(1, GAPS * len(found)) and all(step % usual == 0 for step in wide)
    return [step // usual - 1 if is_even else 0 for step in found]


def _counted(name: str) -> list[tuple[str, int]]:
    """The pieces of a name between its numbers, each with the number that follows it."""
    pieces = re.split("([0-9]+)", name.casefold())
    return [(text, int(number)) for text, number in zip(pieces[::2], [*pieces[1::2], "0"], strict=True)]
