"""One input and its output."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Item:
    """One input and its output; `name` is its path within the batch and enters its seed.

    The output of an input that is only looked at is itself.
    """

    input: Path
    output: Path
    name: str

    @property
    def file(self) -> Path:
        """The input, without the name of an array behind a colon, as in scan.h5:entry/data."""
        file = Path(str(self.input).rpartition(":")[0])
        return file if not self.input.exists() and file.is_file() else self.input

    @property
    def size(self) -> int:
        """Bytes of the input; 0 where it cannot be read."""
        try:
            return self.file.stat().st_size
        except OSError:
            return 0
