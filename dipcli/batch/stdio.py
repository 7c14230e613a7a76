"""`-`: an input from stdin, and an output to stdout, by way of files that are gone afterwards."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dipcli.errors import InputError, OptionError
from dipcli.options.files import FileOptions

DASH = Path("-")


@dataclass(frozen=True)
class Streams:
    """The inputs and options of a call, with files in place of `-`; `piped` is the one that is for stdout."""

    inputs: Sequence[Path]
    files: FileOptions
    piped: Path | None = None

    def send(self) -> None:
        """Write to stdout what is for it."""
        if self.piped is not None:
            sys.stdout.buffer.write(self.piped.read_bytes())
            sys.stdout.buffer.flush()


@contextmanager
def streams(
    inputs: Sequence[Path],
    files: FileOptions,
    suffix: str | None,
    ending: Callable[[Path], str],
    on_leaving: Callable[[Callable[[], object]], AbstractContextManager[None]],
) -> Iterator[Streams]:
    """Files in place of `-`; a result for stdout has the format of the input, or the one that `suffix` names.

    `ending` tells what a file with the content of stdin would end in; `on_leaving` is that of the interruption.

    Raises OptionError where `-` does not fit the other options, InputError for an empty stdin.
    """
    if DASH not in inputs and files.output != DASH:
        yield Streams(inputs, files)
        return
    if files.batch.worker or files.cluster.submit or (files.output == DASH and (files.json or len(inputs) != 1)):
        raise OptionError("- is for one input and one result; name files, or leave --json and --submit out.")
    if DASH in inputs and files.output is None:
        raise OptionError("An input from stdin needs an --output; - is stdout.")
    with (
        tempfile.TemporaryDirectory(prefix="dipcli-") as folder,
        on_leaving(partial(shutil.rmtree, folder, ignore_errors=True)),
    ):
        inputs = [_spooled(Path(folder), ending) if path == DASH else path for path in inputs]
        if files.output != DASH:
            yield Streams(inputs, files)
            return
        output = Path(folder) / f"result{suffix or inputs[0].suffix or '.png'}"
        yield Streams(inputs, replace(files, output=output), output)


def _spooled(folder: Path, ending: Callable[[Path], str]) -> Path:
    content = sys.stdin.buffer.read()
    if not content:
        raise InputError("-: nothing came from stdin; give a file, or pipe one in.")
    (folder / "stdin").write_bytes(content)
    return (folder / "stdin").rename(folder / f"stdin{ending(folder / 'stdin')}")
