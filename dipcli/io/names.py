"""Names of files: what they end in, how the files beside an output are called, and how sizes are said."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
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


def doubts_about(series: Sequence[Path]) -> list[str]:
    """What is odd about the files of a series, in their order: another kind of name, a number that is missing."""
    kinds = [re.sub("[0-9]+", "#", path.name) for path in series]
    usual, count = Counter(kinds).most_common(1)[0]
    strangers = [path.name for path, kind in zip(series, kinds, strict=True) if kind != usual]
    doubts = [f"{strangers[0]} is not called as the others are, and counts as one of them"] if strangers else []
    files = [path for path, kind in zip(series, kinds, strict=True) if kind == usual]
    numbers = [int((re.findall("[0-9]+", path.stem) or ["0"])[-1]) for path in files]
    steps = [second - first for first, second in pairwise(numbers)]
    if not steps or min(steps) < 1 or count < 3:
        return doubts
    wide = [place for place, step in enumerate(steps) if step > min(steps) and step % min(steps) == 0]
    if len(wide) == 1 and len(set(steps)) == 2:
        doubts.append(f"between {files[wide[0]].name} and {files[wide[0] + 1].name} a step seems to be missing")
    return doubts


def _counted(name: str) -> list[tuple[str, int]]:
    """The pieces of a name between its numbers, each with the number that follows it."""
    pieces = re.split("([0-9]+)", name.casefold())
    return [(text, int(number)) for text, number in zip(pieces[::2], [*pieces[1::2], "0"], strict=True)]
