"""Parts of a batch on a Dask cluster that is already running."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from dipcli.errors import OptionError

SECONDS = 20.0  # in which the scheduler must answer


def run_parts(
    address: str, commands: Sequence[Sequence[str]], folder: Path
) -> Iterator["subprocess.CompletedProcess[str]"]:
    """Run each command as one task, somewhere in the cluster; yields them as they end.

    The workers must see the same files, and this program under the same path. Raises OptionError where nobody
    listens.
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
        # The standard library's own function: neither scheduler nor workers have to import this program.
        tasks = client.map(
            subprocess.run, list(map(list, commands)), cwd=str(folder), capture_output=True, text=True, pure=False
        )
        for _, done in distributed.as_completed(tasks, with_results=True):
            yield done
