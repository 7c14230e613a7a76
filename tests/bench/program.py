"""Run the program as a user does: a process of its own, timed from outside."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple


class Run(NamedTuple):
    record: dict[str, Any]
    history: list[dict[str, str]]
    seconds: float


def run_program(command: str, source: Path, output: Path, *options: str) -> Run:
    """One whole process; its record, its history, and its wall-clock seconds, imports included."""
    arguments = [command, str(source), "-o", str(output), "--json", "--quiet", "--overwrite", *options]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dipcli", *arguments], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stderr)
    with output.with_name(f"{output.stem}.history.csv").open() as file:
        history = list(csv.DictReader(file))
    return Run(json.loads(done.stdout), history, seconds)


def best_psnr_db(run: Run) -> float:
    """The best picture of the whole run, told with the truth: what early stopping is measured against."""
    return max(float(row["psnr_db"]) for row in run.history)
