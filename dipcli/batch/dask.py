"""Parts of a batch on a Dask cluster that is already running."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dipcli.errors import OptionError

SECONDS = 20  # in which the scheduler must answer


@dataclass(frozen=True)
class Part:
    """What one process said."""

    code: int
    out: str
    err: str


def run_parts(address: str, commands: Sequence[Sequence[str]], folder: Path) -> Iterator[Part]:
    """Run each command as one task, somewhere in the cluster; yields them as they end.

    The workers must see the same files, and have this program. Raises OptionError where nobody listens.
    """
    try:
        import distributed
    except ImportError as error:
        raise OptionError("--submit dask needs Dask; pip install 'dipcli[hpc]'.") from error
    try:
        client = distributed.Client(address, timeout=SECONDS)
    except (OSError, ValueError) as error:
        raise OptionError(f"--address {address}: no Dask scheduler answers there; start it first.") from error
    with client:
        futures = client.map(_run, [list(command) for command in commands], folder=str(folder), pure=False)
        for _, part in distributed.as_completed(futures, with_results=True):
            yield Part(*part)


def _run(command: list[str], *, folder: str) -> tuple[int, str, str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr
