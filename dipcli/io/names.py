"""Names of files: what they end in, how the files beside an output are called, and how sizes are said."""

import re
from collections.abc import Iterable
from pathlib import Path

TWOFOLD = (".nii.gz",)  # endings with a dot in them


def ending_of(path: Path) -> str:
    """What a name ends in, with its dot: .png, or .nii.gz."""
    twofold = [path.name[-len(ending) :] for ending in TWOFOLD if path.name.lower().endswith(ending)]
    return twofold[0] if twofold else path.suffix


def stem_of(path: Path) -> str:
    """A name without its ending: scan.nii.gz -> scan."""
    return path.name[: len(path.name) - len(ending_of(path))]


def beside(output: Path, ending: str) -> Path:
    """The path of a file that accompanies an output: clean.png -> clean.run.json, a.nii.gz -> a.run.json."""
    return output.with_name(f"{stem_of(output)}.{ending}")


def by(sides: Iterable[int]) -> str:
    """How a size is said: 64x48."""
    return "x".join(map(str, sides))


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """Paths as a person counts, and not letter by letter: frame_2 before frame_10, folder by folder."""
    return sorted(paths, key=lambda path: ([_counted(part) for part in path.parts], path))


def _counted(name: str) -> list[tuple[str, int]]:
    """The pieces of a name between its numbers, each with the number that follows it."""
    pieces = re.split("([0-9]+)", name.casefold())
    return [(text, int(number)) for text, number in zip(pieces[::2], [*pieces[1::2], "0"], strict=True)]
