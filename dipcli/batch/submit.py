"""`--submit`: hand a batch to a scheduler and leave, or to a running Dask cluster and wait."""

import os
import shlex
from pathlib import Path

from dipcli.batch.dask import run_parts
from dipcli.batch.pool import PROGRAM
from dipcli.batch.scripts import array_limit, submit, write_script
from dipcli.batch.selection import Batch
from dipcli.errors import OptionError
from dipcli.io.atomic import make_folder, write_atomically
from dipcli.options.files import FileOptions
from dipcli.report.messages import LOGGER, say

# Every element finds out for itself what is left to do, and hears where it is from the scheduler.
ELSEWHERE = ("submit", "array", "sbatch", "address", "dry_run")


def submit_batch(batch: Batch, files: FileOptions) -> int:
    """Write the script beside the outputs and submit it, or, on a dry run, print it; the exit code.

    Raises OptionError where there is no folder of outputs or no scheduler.
    """
    if batch.folder is None:
        raise OptionError("--submit is for several inputs and an --output folder; run a single input as it is.")
    if files.batch.shard:
        raise OptionError("--submit makes its own shards; leave --shard out.")
    cluster = files.cluster
    name = cluster.submit or "slurm"
    wanted = cluster.array or len(batch.todo) or 1
    n = min(wanted, len(batch.items), array_limit(name))
    if cluster.array > n:
        LOGGER.warning(
            "--array %d: made %d, for there are no more inputs, or this site allows no more.", wanted, n
        )
    if name == "dask":
        return _dask(files, n)
    logs = batch.folder.resolve() / "dipcli.logs"
    command, *options = _arguments(files, requeue=name == "slurm")
    script = write_script(name, [*PROGRAM, command], options, n=n, logs=logs)
    if files.batch.dry_run:
        say(script, end="")
        return 0
    make_folder(logs)
    path = batch.folder / f"dipcli.{name}.sh"
    write_atomically(path, os.fsencode(script))
    say(submit(name, path, cluster.submit_options()))
    LOGGER.info("%s: %d inputs in %d element(s); see dipcli status %s.", path, len(batch.todo), n, batch.folder)
    return 0


def _arguments(files: FileOptions, *, requeue: bool) -> list[str]:
    """The command, and its arguments but for the shard."""
    changes: dict[str, str | bool | None] = dict.fromkeys(ELSEWHERE)
    changes |= {} if files.batch.retry_failed else {"resume": True}
    changes |= {"requeue": True} if requeue else {}
    return files.call.again(**changes)


def _dask(files: FileOptions, n: int) -> int:
    command, *options = _arguments(files, requeue=False)
    parts = [[*PROGRAM, command, "--shard", f"{index}/{n}", *options] for index in range(1, n + 1)]
    if files.batch.dry_run:
        say(f"{n} tasks for {files.cluster.address}, the first of them: {shlex.join(parts[0])}")
        return 0
    codes = []
    for part in run_parts(files.cluster.address or "", parts, Path.cwd()):
        codes.append(part.returncode)
        say(part.stdout, end="")
        if part.returncode:
            LOGGER.error("%s", part.stderr.strip())
    return max(codes, default=0)
