"""Array scripts for the schedulers of clusters: shell that calls this program on a part of the plan."""

import os
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dipcli.errors import DipcliError, OptionError

# Slurm's default of MaxArraySize, less one: indices end there.
ARRAY_LIMIT = 1000
# A job that is queued again so often does not come on: something else is wrong.
MOST_RESTARTS = 100
# Seconds before its end at which a job is warned: Slurm looks only every minute.
WARNING = 120


@dataclass(frozen=True)
class Scheduler:
    """What is particular to one of them; in `header`, n is the number of elements and logs their folder."""

    program: str  # that submits
    reads_stdin: bool
    header: tuple[str, ...]
    index: str  # the number of the element, from 1
    refused: str  # characters that a path in its header cannot have, for they mean something else there
    tail: tuple[str, ...] = ()


# An exit code alone makes Slurm queue nothing again: the program asks for it itself (--requeue). LSF is given the
# code here; Grid Engine has one of its own; PBS runs again what its operators or limits have ended.
SCHEDULERS: Mapping[str, Scheduler] = {
    "slurm": Scheduler(
        "sbatch",
        False,
        (
            "#SBATCH --job-name=dipcli",
            "#SBATCH --array=1-{n}",
            '#SBATCH --output="{logs}/%A_%a.log"',
            "#SBATCH --open-mode=append",
            "#SBATCH --requeue",
            f"#SBATCH --signal=B:USR1@{WARNING}",
        ),
        "$SLURM_ARRAY_TASK_ID",
        '"\\',
    ),
    "pbs": Scheduler(
        "qsub",
        False,
        ("#PBS -N dipcli", "#PBS -J 1-{n}", "#PBS -j oe", '#PBS -o "{logs}"', "#PBS -r y"),
        "${PBS_ARRAY_INDEX:-${PBS_ARRAYID:-1}}",
        '"\\$^:',
    ),
    "lsf": Scheduler(
        "bsub",
        True,
        (
            '#BSUB -J "dipcli[1-{n}]"',
            '#BSUB -o "{logs}/%J_%I.log"',
            "#BSUB -r",
            '#BSUB -Q "75"',
            f"#BSUB -wa USR1 -wt {WARNING // 60}",
        ),
        "$LSB_JOBINDEX",
        '"\\$%',
    ),
    "sge": Scheduler(
        "qsub",
        False,
        ("#$ -N dipcli", "#$ -t 1-{n}", "#$ -j y", '#$ -o "{logs}"', "#$ -r y", "#$ -notify", "#$ -S /bin/bash"),
        "$SGE_TASK_ID",
        '"\\$:',
        ("code=$?", "[ $code -eq 75 ] && exit 99  # once more", "exit $code"),
    ),
}


def write_script(name: str, program: Sequence[str], options: Sequence[str], *, n: int, logs: Path) -> str:
    """The script of an array of `n` elements, each of which calls `program --shard INDEX/n options`.

    The number of the element is the only thing that is left to the shell. Raises OptionError for names with
    control characters, and for a folder of logs that the scheduler would take for another one.
    """
    scheduler = SCHEDULERS[name]
    folder = Path.cwd()
    for word in (*program, *options, str(folder), str(logs)):
        _refuse_control_characters(word)
    header = [line.format(n=n, logs=_in_header(logs, name)) for line in scheduler.header]
    if name == "pbs" and n == 1:  # it takes arrays of two and more
        header = [line for line in header if "-J" not in line]
    start = "" if scheduler.tail else "exec "
    return "\n".join(
        [
            "#!/bin/bash",
            "# Made by dipcli. Each element takes its part of the plan that lies beside this script, and leaves",
            "# alone what is done: the whole array may be submitted again.",
            *header,
            f"cd {shlex.quote(str(folder))} || exit 1",
            "trap '' USR1 USR2 TERM  # they are for the program, as soon as it listens",
            f'{start}{shlex.join(program)} --shard "{scheduler.index}/{n}" {shlex.join(options)}',
            *scheduler.tail,
            "",
        ]
    )


def _refuse_control_characters(word: str) -> None:
    """Shells can take them, headers and logs cannot; no scan is called so by its owner."""
    if any(unicodedata.category(letter) == "Cc" for letter in word):
        raise OptionError(f"{word!r} has a control character in it, which no script should have; rename it.")


def _in_header(logs: Path, name: str) -> str:
    """A path for a header, where it stands in double quotes and no shell looks at it."""
    odd = [letter for letter in SCHEDULERS[name].refused if letter in str(logs)]
    if odd:
        raise OptionError(
            f"{logs.parent}: the header of a {name} script has no word for {odd[0]}; name another --output."
        )
    return str(logs).replace("%", "%%") if name == "slurm" else str(logs)


def submit(name: str, script: Path, options: Sequence[str]) -> str:
    """Hand a script to the scheduler; what its own program says.

    Raises OptionError where that is not here, DipcliError where it refuses.
    """
    scheduler = SCHEDULERS[name]
    command = [scheduler.program, *options, *([] if scheduler.reads_stdin else [str(script)])]
    try:
        done = subprocess.run(
            command,
            input=script.read_text(encoding="utf-8") if scheduler.reads_stdin else None,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise OptionError(
            f"{scheduler.program} is not on this machine; go to a login node, or look at {script}."
        ) from error
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"code {done.returncode}"
        raise DipcliError(f"{shlex.join(command)}: {reason}")
    return done.stdout.strip()


def array_limit(name: str) -> int:
    """The most elements that an array may have here."""
    if name != "slurm":
        return ARRAY_LIMIT
    try:
        printed = subprocess.run(
            ["scontrol", "show", "config"], capture_output=True, text=True, check=False
        ).stdout
    except FileNotFoundError:
        return ARRAY_LIMIT
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", printed, flags=re.M)
    return int(found[1]) - 1 if found else ARRAY_LIMIT


def requeue(environment: Mapping[str, str] = os.environ) -> str | None:
    """Ask Slurm to queue this very job again; what went wrong, or None."""
    if int(environment.get("SLURM_RESTART_COUNT", "0")) >= MOST_RESTARTS:
        return f"this job was queued again {MOST_RESTARTS} times already; see why it does not come on."
    array, element = (environment.get(name) for name in ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"))
    job = f"{array}_{element}" if array and element else environment.get("SLURM_JOB_ID")
    if job is None:
        return "--requeue is for jobs of Slurm, and this is none."
    try:
        done = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "scontrol is not on this machine, so this job cannot queue itself again."
    return " ".join(done.stderr.split()) or None if done.returncode else None
