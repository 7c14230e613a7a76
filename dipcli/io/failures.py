"""Turn what decoders and encoders raise into one sentence about the file."""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from dipcli.errors import DipcliError, InputError
from dipcli.io.limits import refuse_special

P = ParamSpec("P")
R = TypeVar("R")

LOGGER = logging.getLogger("dipcli")  # that of report.messages, which is above
LONGEST_REASON = 160


def reader(read: Callable[Concatenate[Path, P], R]) -> Callable[Concatenate[Path, P], R]:
    """A function that reads the file it is first given, with one sentence for all that may go wrong in it."""

    @functools.wraps(read)
    def guarded(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> R:
        refuse_special(path)
        with explain_failures(InputError, path, "cannot be read"):
            return read(path, *args, **kwargs)

    return guarded


@contextmanager
def explain_failures(kind: type[DipcliError], path: Path, problem: str) -> Iterator[None]:
    """Raise `kind` with "path: problem (reason); advice." for whatever goes wrong in the block.

    Libraries raise all there is at damaged files; the traceback is said at debug level.
    """
    try:
        yield
    except DipcliError:
        raise
    except MemoryError as error:
        raise kind(f"{path}: does not fit in memory; crop it, or use a machine with more.") from error
    except Exception as error:
        LOGGER.debug("%s: %s", path, problem, exc_info=True)
        reason = " ".join(str(error).split()).rstrip(".")[:LONGEST_REASON] or type(error).__name__
        if "imagecodecs" in reason:
            raise kind(f"{path}: {problem} without imagecodecs; pip install 'dipcli[formats]'.") from error
        advice = "copy or export it again" if kind is InputError else "choose another format"
        raise kind(f"{path}: {problem} ({reason}); {advice}.") from error
