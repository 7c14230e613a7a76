"""Turn what decoders and encoders raise into one sentence about the file."""

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dipcli.errors import DipcliError, InputError

# What the libraries were seen to raise at damaged or unsupported data (by flipping bytes).
CODEC_ERRORS = (
    OSError,
    ValueError,
    RuntimeError,
    ImportError,
    SyntaxError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    MemoryError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
LONGEST_REASON = 160


@contextmanager
def explain_failures(kind: type[DipcliError], path: Path, problem: str) -> Iterator[None]:
    """Raise `kind` with "path: problem (reason); advice." for any failure of a codec inside the block."""
    try:
        yield
    except CODEC_ERRORS as error:
        reason = " ".join(str(error).split()).rstrip(".")[:LONGEST_REASON] or type(error).__name__
        if "imagecodecs" in reason:
            raise kind(f"{path}: {problem} without imagecodecs; pip install 'dipcli[formats]'.") from error
        advice = "copy or export it again" if kind is InputError else "choose another format"
        raise kind(f"{path}: {problem} ({reason}); {advice}.") from error
