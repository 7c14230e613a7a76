"""Where a run computes: device, threads and the seed of everything random."""

import ctypes
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from dipcli.errors import OptionError

# What each scheduler calls the processors that it granted; the first one that is set wins.
ALLOCATIONS = ("SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS", "NCPUS", "LSB_DJOB_NUMPROC", "NSLOTS")
# Of mallopt(3): M_MMAP_MAX, pieces mapped by themselves; M_TRIM_THRESHOLD, free bytes that are given back.
KEPT, GIVEN_BACK = {-4: 0, -1: -1}, {-4: 2**16, -1: 2**17}
CODE_CACHE = "TORCHINDUCTOR_CACHE_DIR"  # torch's own is a folder in the shared temporary one


def choose_device(name: str) -> torch.device:
    """`auto` takes CUDA, then MPS, then the CPU; any other name is torch's own ("cpu", "cuda:1", "mps").

    Raises OptionError where that device is not there.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # how builds of torch without it refuse
        raise OptionError(f"--device {name} is not available here; try cpu or auto.") from error
    return device


def most_threads() -> int:
    """Threads beyond which a process does nothing but wait for itself: four for each processor."""
    return 4 * (os.cpu_count() or 1)


def allocated_threads(environment: Mapping[str, str] = os.environ) -> int:
    """Threads that this process was granted: the scheduler's word, else the processors it may run on."""
    for name in ALLOCATIONS:
        granted = environment.get(name, "").split(",")[0]
        if granted.isdecimal() and int(granted) > 0:
            return min(int(granted), most_threads())
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def prepare(device: torch.device, threads: int) -> None:
    """Process-wide settings, once, before the first tensor operation."""
    os.environ.setdefault(CODE_CACHE, str(private_cache()))
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True  # so that a fit that is gone on with ends bit for bit the same
        torch.set_float32_matmul_precision("high")


@contextmanager
def freed_memory_kept() -> Iterator[bool]:
    """Within, the process uses freed memory again; what the block is given is whether that is so (glibc).

    By default tensors above 32 MiB go back to the system after each use, and their pages are made anew: a third of
    the time of projections of 256³. Fits of networks would take half as much memory again, so it is not for them.
    """
    libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    if libc is None or not hasattr(libc, "mallopt"):  # as of musl
        yield False
        return
    is_kept = all(libc.mallopt(name, value) for name, value in KEPT.items())
    try:
        yield is_kept
    finally:
        for name, value in GIVEN_BACK.items():
            libc.mallopt(name, value)
        libc.malloc_trim(0)


def private_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of compiled code, unless the user has named one: nobody else's, for what is in it is executed.

    A name that nobody can guess, where the user has no home.
    """
    home = environment.get("HOME")
    cache = environment.get("XDG_CACHE_HOME") or (home and f"{home}/.cache")
    return Path(cache or tempfile.mkdtemp(prefix="dipcli-")) / "dipcli" / "torchinductor"


def random_state(device: torch.device) -> list[Tensor]:
    """The state of the global random numbers: of the processor and, where there is one, of the device."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    elif device.type == "mps":
        states.append(torch.mps.get_rng_state())
    return states


def set_random_state(device: torch.device, states: list[Tensor]) -> None:
    """Go back to a `random_state` of the same device."""
    torch.set_rng_state(states[0].cpu())
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1].cpu(), device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states[1].cpu())


def derive_seed(seed: int, *names: object) -> int:
    """A seed for one input or one run that does not depend on its place in a batch."""
    text = "\0".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogateescape")).digest()[:6], "little")
