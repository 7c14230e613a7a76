"""What a file may ask for: memory, which is counted before it is taken, and to be a file at all."""

import stat
from pathlib import Path

from dipcli.errors import InputError

# Deflate packs at most 1032 to 1. What claims to hold more than this was cut off, or never written.
MOST_PACKED = 1100
HARMLESS = 2**26  # bytes, below which a file may claim what it likes


def refuse_special(path: Path) -> None:
    """Stop at devices, pipes and sockets, which do not end, or can be read only once; folders pass."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # which is said where the file is opened
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError(f"{path}: is a device, a pipe or a socket; copy what is to be read into a file.")


def refuse_oversized(path: Path, n_bytes: float) -> None:
    """Stop before values are read that are too many for the free memory, or for the size of their file."""
    if n_bytes <= HARMLESS:
        return
    size = path.stat().st_size
    if n_bytes > MOST_PACKED * size:
        raise InputError(
            f"{path}: promises {n_bytes / 1e9:,.3g} GB of values, but has {size:,} bytes; export it again."
        )
    free = free_memory()
    if free is not None and n_bytes > free:
        raise InputError(
            f"{path}: its values take {n_bytes / 1e9:,.3g} GB, but {free / 1e9:,.3g} GB are free; crop it."
        )


def free_memory() -> float | None:
    """Bytes that are free, within the limit of the control group; None where that is not known."""
    limits = []
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            limits.append(float(line.split()[1]) * 1024)
    allowed, used = (_read(f"/sys/fs/cgroup/memory.{name}").strip() for name in ("max", "current"))
    if allowed.isdecimal() and used.isdecimal():
        limits.append(float(allowed) - float(used))
    return min(limits, default=None)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""
