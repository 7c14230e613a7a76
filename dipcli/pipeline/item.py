"""One input and its output."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dipcli.io.names import beside


@dataclass(frozen=True)
class Item:
    """One input and its output; `name` is its path within the batch and enters its seed.

    The output of an input that is only looked at is itself. Files beside the output are called after `stem`,
    where that is given: a.png and a.jpg in one folder cannot both have a.run.json.
    """

    input: Path
    output: Path
    name: str
    stem: str = ""

    @property
    def file(self) -> Path:
        """The input, without the name of an array behind a colon, as in scan.h5:entry/data."""
        file = Path(str(self.input).rpartition(":")[0])
        return file if not is_there(self.input) and file.is_file() else self.input

    @property
    def size(self) -> int:
        """Bytes of the input; 0 where it cannot be read."""
        try:
            return self.file.stat().st_size
        except (OSError, ValueError):
            return 0

    @property
    def plain(self) -> dict[str, str]:
        """For JSON, and for `item_of`."""
        stem = {"stem": self.stem} if self.stem else {}
        return {"input": str(self.input), "output": str(self.output), "name": self.name, **stem}

    def beside(self, ending: str) -> Path:
        """The path of a file that accompanies the output."""
        return beside(self.output, ending, self.stem)


def item_of(entry: Mapping[str, Any]) -> Item:
    """The item that was `plain`. Raises KeyError or TypeError where it is none."""
    return Item(Path(entry["input"]), Path(entry["output"]), entry["name"], entry.get("stem", ""))


def is_there(path: Path) -> bool:
    """Whether there is a file, a folder or anything else; never an error, not even for names that are too long."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
