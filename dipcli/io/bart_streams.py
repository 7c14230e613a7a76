"""BART's streams: a header goes through the pipe, and names the file beside it that holds the values.

`bart ... -` writes `# Dimensions`, and under `# Data` the name of a file bart-XXXXXX in its folder, which whoever
reads the stream deletes. Source: BART 0.8.00, src/misc/mmio.c (create_pipe, load_cfl).
"""

import secrets
import shutil
from itertools import pairwise
from pathlib import Path

from dipcli.errors import InputError, OutputError

PREFIX = "bart-"
DATA = "# Data"
LONGEST = 65_536


def pair_of_stream(path: Path) -> Path:
    """A header that came through a pipe, and the values that it names, as a pair of files; returns that of values.

    Raises InputError where it names none, or a file that BART does not name so.
    """
    with path.open("rb") as file:
        lines = file.read(LONGEST).decode(errors="replace").splitlines()
    named = [line.strip() for mark, line in pairwise(lines) if mark.strip() == DATA]
    if not named:
        raise InputError("-: this header of BART names no data; give NAME.cfl, or pipe from `bart ... -`.")
    data = Path(named[0])
    if not data.name.startswith(PREFIX) or not data.is_file():
        raise InputError(f"-: this header of BART names {data}, which is no file of a stream here; give NAME.cfl.")
    header = path.rename(path.with_suffix(".hdr"))
    return Path(shutil.move(data, header.with_suffix(".cfl")))


def stream_of_pair(path: Path) -> tuple[bytes, Path]:
    """The header to send for a pair of files, and where in the working folder its values are now.

    Raises OutputError where that takes no file.
    """
    name = f"{PREFIX}{secrets.token_hex(3)}"
    header = path.with_suffix(".hdr").read_bytes()
    try:
        shutil.move(path, name)
    except OSError as error:
        raise OutputError(
            f"-: BART's stream needs a file in this folder, {error.strerror or error}; name a file instead."
        ) from error
    return header + f"{DATA}\n{name}\n".encode(), Path(name)
