"""Run the program as a user does: a process of its own, timed from outside."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from dipcli.io.names import beside


class Run(NamedTuple):
    record: dict[str, Any]
    history: list[dict[str, str]]
    seconds: float
    peak_mib: float  # of the process, as the system counted it
    cpu_seconds: float  # of all its threads


def run_program(command: str, source: Path, output: Path, *options: str) -> Run:
    """One whole process; its record, its history, and its wall-clock seconds, imports included."""
    arguments = [command, str(source), "-o", str(output), "--json", "--quiet", "--overwrite", *options]
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen([sys.executable, "-m", "dipcli", *arguments], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        texts = [file.seek(0) or file.read() for file in (out, err)]
    if process.returncode:
        raise RuntimeError(texts[1])
    path = beside(output, "history.csv")
    history = list(csv.DictReader(path.read_text().splitlines())) if path.is_file() else []
    return Run(json.loads(texts[0]), history, seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def best_psnr_db(run: Run) -> float:
    """The best picture of the whole run, told with the truth: what early stopping is measured against."""
    result = run.record["metrics"]["psnr_db"]
    return max((float(row["psnr_db"]) for row in run.history), default=float(result))
