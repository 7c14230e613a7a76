"""Pictures side by side, to be looked at."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image


def contact_sheet(rows: Sequence[Sequence[Path]], output: Path, side: int = 480) -> None:
    """One row for each sequence of picture files, every picture as large as a square of `side` allows."""
    sheet = Image.new("RGB", (side * max(map(len, rows)), side * len(rows)), "white")
    for down, row in enumerate(rows):
        for right, path in enumerate(row):
            with Image.open(path) as picture:
                deep = picture.mode.startswith("I")
                shown = picture.point(lambda value: value / 257).convert("L") if deep else picture
                share = side / max(shown.size)
                size = tuple(max(1, round(length * share)) for length in shown.size)
                resampling = Image.Resampling.NEAREST if share > 4 else Image.Resampling.LANCZOS
                sheet.paste(shown.convert("RGB").resize(size, resampling), (right * side, down * side))
    sheet.save(output)
