"""`-` and pipes: inputs that can be read only once, and an output to stdout, by way of temporary files."""

import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from dipcli.errors import InputError, OptionError, OutputError
from dipcli.io.bart_streams import pair_of_stream, stream_of_pair
from dipcli.io.signatures import usual_ending
from dipcli.pipeline.interruption import Interruption
from dipcli.report.messages import stdout_taken

DASH = "-"
TRIES = 3  # to delete a folder
PART = 1 << 20  # bytes that are read at a time
SCRATCH = "scratch"  # among the values of a call, the folder of its streams
STDIN = (DASH, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
STDOUT = (DASH, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
OPEN_FILES = ("/dev/fd/", "/proc/self/fd/")  # of this process: <(command) is one of them


@contextmanager
def streams(values: Mapping[str, Any], interruption: Interruption) -> Iterator[dict[str, Any]]:
    """The values of a call's options and inputs with files in place of `-`, <(command) and named pipes.

    The files go when the block is left, and when the process ends in it.

    Raises OptionError where a stream does not fit the other options, InputError for one that is empty, OutputError
    where there is no room for it.
    """
    found = [name for name, value in values.items() if name != "output" and _has_stream(value)]
    is_piped = str(values.get("output")) in STDOUT
    if values.get("worker") or "inputs" not in values or not (found or is_piped):
        yield dict(values)
        return
    _refuse_misfits(values, found, is_piped=is_piped)
    with _temporary_folder() as name, interruption.on_leaving(partial(clear, name), at_once=True):
        changes = {found_name: _spooled(values[found_name], Path(name) / found_name) for found_name in found}
        piped = {"output": f"{name}/stdout"} if is_piped else {}
        yield {**values, **changes, **piped, SCRATCH: name}


def clear(folder: str | None) -> None:
    """Delete the folder of a call's streams, where it has one."""
    for _ in range(TRIES if folder is not None else 0):  # something may just be written there
        shutil.rmtree(str(folder), ignore_errors=True)


def send(path: Path) -> None:
    """Write a file to stdout. Raises OutputError where it does not take all of it."""
    if path.suffix == ".cfl":
        _send_pair(path)
        return
    with stdout_taken(), path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _send_pair(path: Path) -> None:
    """Write BART's header to stdout; the file that it names goes where nobody took it."""
    header, data = stream_of_pair(path)
    is_taken = False
    try:
        with stdout_taken():
            sys.stdout.buffer.write(header)
            sys.stdout.buffer.flush()
        is_taken = True
    finally:
        if not is_taken:
            data.unlink(missing_ok=True)


def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="dipcli-")
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> OutputError:
    return OutputError(f"-: no temporary file can be written, {error.strerror or error}; name another TMPDIR.")


def _refuse_misfits(values: Mapping[str, Any], found: list[str], *, is_piped: bool) -> None:
    texts = [str(each) for name in found for each in _several(values[name])]
    if values.get("submit"):
        raise OptionError("A scheduler's jobs have no pipes; name files, or leave --submit out.")
    if is_piped and sys.stdout is None:
        raise OptionError("- is stdout, which is closed; name a file.")
    if is_piped and (values.get("json") or len(values["inputs"]) != 1):
        raise OptionError("- is for one input and one result; name files, or leave --json out.")
    if "inputs" in found and values.get("output") is None and not values.get("inspect"):
        raise OptionError("An input from stdin or a pipe needs an --output; - is stdout.")
    if sum(text in STDIN for text in texts) > 1:
        raise OptionError("stdin can be read only once; name a file for all but one of its uses.")


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - whatever Typer parsed
    return list(value) if isinstance(value, list | tuple) else [value]


def _has_stream(value: Any) -> bool:  # noqa: ANN401 - whatever Typer parsed
    return any(isinstance(each, str | Path) and _is_stream(each) for each in _several(value))


def _is_stream(name: str | Path) -> bool:
    text = str(name)
    if text in STDIN or text.startswith(OPEN_FILES):
        return True
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode)


def _spooled(value: Any, folder: Path) -> Any:  # noqa: ANN401 - whatever Typer parsed
    """The same value with files in `folder` for its streams."""
    if not isinstance(value, list | tuple):
        return type(value)(_file_of(value, folder))
    return [_file_of(each, folder / str(index)) if _is_stream(each) else each for index, each in enumerate(value)]


def _file_of(name: str | Path, folder: Path) -> Path:
    """What comes from a stream, in a file that is called as the stream is."""
    called = "stdin" if str(name) in STDIN else Path(name).name
    path = folder / called
    try:
        folder.mkdir(parents=True)
        with path.open("xb") as file:
            for part in _parts(name):
                file.write(part)
    except OSError as error:
        raise _no_room(error) from error
    if not path.stat().st_size:
        raise InputError(f"{name}: nothing came from {called}; give a file, or pipe one in.")
    ending = usual_ending(path)
    if ending == ".hdr":
        return pair_of_stream(path)
    return path if path.suffix else path.rename(path.with_name(f"{called}{ending}"))


def _parts(name: str | Path) -> Iterator[bytes]:
    """What comes from a stream, as it comes; nothing from a stdin that is closed."""
    try:
        if str(name) not in STDIN:
            with Path(name).open("rb") as file:
                yield from iter(partial(file.read, PART), b"")
        elif sys.stdin is not None:
            yield from iter(partial(sys.stdin.buffer.read, PART), b"")
    except OSError as error:
        raise InputError(f"{name}: cannot be read, {error.strerror or error}; give a file.") from error
