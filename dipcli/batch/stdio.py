"""`-`: an input from stdin, and an output to stdout, by way of files that are gone afterwards."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dipcli.errors import InputError, OptionError, OutputError
from dipcli.options.files import FileOptions
from dipcli.report.messages import stdout_taken

DASH = Path("-")


@dataclass(frozen=True)
class Streams:
    """The inputs and options of a call, with files in place of `-`; `piped` is the one that is for stdout."""

    inputs: Sequence[Path]
    files: FileOptions
    piped: Path | None = None

    def send(self) -> None:
        """Write to stdout what is for it. Raises OutputError where it does not take all of it."""
        if self.piped is not None:
            with stdout_taken():
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
    if files.output == DASH and sys.stdout is None:
        raise OptionError("- is stdout, which is closed; name a file.")
    if DASH in inputs and files.output is None:
        raise OptionError("An input from stdin needs an --output; - is stdout.")
    with (
        _temporary_folder() as folder,
        on_leaving(partial(shutil.rmtree, folder, ignore_errors=True)),
    ):
        inputs = [_spooled(Path(folder), ending) if path == DASH else path for path in inputs]
        if files.output != DASH:
            yield Streams(inputs, files)
            return
        output = Path(folder) / f"result{suffix or inputs[0].suffix or '.png'}"
        yield Streams(inputs, replace(files, output=output), output)


def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="dipcli-")
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> OutputError:
    return OutputError(f"-: no temporary file can be written, {error.strerror or error}; name another TMPDIR.")


def _spooled(folder: Path, ending: Callable[[Path], str]) -> Path:
    try:
        content = b"" if sys.stdin is None else sys.stdin.buffer.read()
    except OSError as error:
        raise InputError(f"-: stdin cannot be read, {error.strerror}; give a file, or pipe one in.") from error
    if not content:
        raise InputError("-: nothing came from stdin; give a file, or pipe one in.")
    try:
        (folder / "stdin").write_bytes(content)
    except OSError as error:
        raise _no_room(error) from error
    return (folder / "stdin").rename(folder / f"stdin{ending(folder / 'stdin')}")
