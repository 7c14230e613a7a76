"""Knobs of the work on many inputs: what is done again, by how many processes, on which machines."""

import re
import shlex
from dataclasses import dataclass
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.notes import Environment, Flag, Hidden, Range

SchedulerName = Literal["slurm", "pbs", "lsf", "sge", "dask"]


@dataclass(frozen=True)
class BatchOptions:
    """Which of the inputs are taken, and what happens to what was begun before."""

    resume: Annotated[
        bool, "Skip what is done (output and record agree with input and options); go on from checkpoints."
    ] = False
    retry_failed: Annotated[bool, "Take only the inputs that failed before."] = False
    shard: Annotated[str | None, "Take a part of the inputs: 2/5 is the second of five."] = None
    dry_run: Annotated[
        bool, "Say what would be done, and what it would cost; compute and write nothing.", Flag("-n")
    ] = False
    jobs: Annotated[
        int, "Inputs at a time, each in a process of its own.", Range(1, 1000), Environment("DIPCLI_JOBS")
    ] = 1
    checkpoint_every: Annotated[
        float, "Seconds between checkpoints of a run; 0 for none but those on a signal.", Range(0)
    ] = 300.0
    warm_start: Annotated[
        bool,
        "Start each input's networks where those of the input before ended, if they are alike: results then "
        "depend on the batch and its order.",
    ] = False
    requeue: Annotated[bool, "Once a signal has ended the run, ask Slurm to queue this job again."] = False
    worker: Annotated[bool, "Take inputs from stdin and report to stdout, as JSON lines.", Hidden()] = False

    def __post_init__(self) -> None:
        """Raise OptionError where the options do not fit each other."""
        if self.shard is not None:
            self.part()
        if self.warm_start and (self.jobs > 1 or self.shard or self.resume or self.retry_failed):
            raise OptionError(
                "--warm-start takes all inputs of a batch, one after the other; leave --jobs, --shard, --resume "
                "and --retry-failed out."
            )
        if self.resume and self.retry_failed:
            raise OptionError("--resume takes the failed inputs too; leave --retry-failed out.")

    def part(self) -> tuple[int, int]:
        """The number of the shard, from 1, and how many there are. Raises OptionError for another notation."""
        found = re.fullmatch(r"(\d+)/(\d+)", self.shard or "1/1")
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise OptionError(f"--shard {self.shard} is not a part such as 1/3, 2/3 or 3/3.")
        return int(found[1]), int(found[2])


@dataclass(frozen=True)
class ClusterOptions:
    """Which scheduler the inputs are handed to."""

    submit: Annotated[
        SchedulerName | None, "Hand the inputs to this scheduler, as an array of jobs, and leave."
    ] = None
    array: Annotated[int, "Elements of the array; 0 for one for each input.", Range(0)] = 0
    sbatch: Annotated[
        str, "Options of the scheduler's own submit command, in quotes.", Flag("--qsub"), Flag("--bsub")
    ] = ""
    address: Annotated[str | None, "Where the Dask scheduler listens, such as tcp://head:8786."] = None

    def __post_init__(self) -> None:
        """Raise OptionError where the options do not fit each other."""
        if (self.address is None) == (self.submit == "dask"):
            raise OptionError("--submit dask and --address tcp://HOST:PORT belong together.")
        self.submit_options()

    def submit_options(self) -> list[str]:
        """The words of `sbatch`. Raises OptionError where a quote is not closed."""
        try:
            return shlex.split(self.sbatch)
        except ValueError as error:
            raise OptionError(f"--sbatch {self.sbatch}: {str(error).lower()}; close what is quoted.") from error
