"""Compiled code is tried in a guarded place: what goes wrong there is a sentence, not the end of a long run.

A compiler may be missing, broken, without Python's headers or without a folder to write to, and says so only when
it is used: on a processor by a C++ compiler, on a GPU by Triton, which wants a C compiler.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from dipcli.engine.device import CODE_CACHE, private_cache

# What compilers, their caches and their processes were seen to raise; torch wraps most of it in a RuntimeError.
FAILURES = (
    RuntimeError,
    OSError,
    ImportError,
    LookupError,
    AttributeError,
    TypeError,
    ValueError,
    AssertionError,
    subprocess.SubprocessError,
)

Value = TypeVar("Value")


def attempted(use: Callable[[], Value]) -> tuple[Value | None, str | None]:
    """What a function that compiles and runs code returns, or None and why it failed."""
    _open_cache()
    try:
        return use(), None
    except FAILURES as error:
        torch.compiler.reset()
        return None, _reason(error)


def _open_cache() -> None:
    """Make the folder of compiled code, for this user alone; another one where that cannot be written."""
    folder = Path(os.environ.get(CODE_CACHE) or private_cache())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            os.environ[CODE_CACHE] = str(folder)
    except OSError:
        os.environ[CODE_CACHE] = tempfile.mkdtemp(prefix="dipcli-")


def _reason(error: Exception) -> str:
    """The first line of what went wrong; the rest is for developers of the compiler."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".:")
