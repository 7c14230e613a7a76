"""Kill -9 at random moments while checkpoints exist, then --resume: every byte as if nothing had happened.

`kills 100 --jobs 2` kills a hundred times: the whole batch, or one of its workers.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

PROGRAM = [sys.executable, "-P", "-m", "dipcli", "denoise"]
FLAGS = [
    "--classical",
    "0.5",
    "--iterations",
    "400",
    "--stop",
    "never",
    "--runs",
    "1",
    "--threads",
    "1",
    "--quiet",
    "--no-report",
]
EXACT = ["--compile", "off", "--memory-format", "contiguous"]
N_PICTURES = 8
LONGEST = 3.0  # seconds between the moment at which a checkpoint is seen and the kill


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="kills")
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args(arguments)
    chance = random.Random(told.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _pictures(folder / "in")
        command = [*PROGRAM, "-r", str(folder / "in"), *FLAGS, *EXACT]
        subprocess.run([*command, "-o", str(folder / "whole")], check=True, stdout=subprocess.DEVNULL)
        killed = {"the batch": 0, "a worker": 0}
        rounds = 0
        while sum(killed.values()) < told.kills:
            rounds += 1
            out = folder / f"round{rounds}"
            again = [*command, "-o", str(out), "--resume", "--jobs", str(told.jobs), "--checkpoint-every", "0.05"]
            while _undone(out) and sum(killed.values()) < told.kills:
                victim = _kill_once(again, out, chance)
                if victim:
                    killed[victim] += 1
            subprocess.run(again, check=True, stdout=subprocess.DEVNULL)
            _compare(folder / "whole", out)
            print(f"round {rounds}: {killed}, nothing lost", flush=True)
    print(f"| kills -9 of the batch | of a worker | rounds of {N_PICTURES} | outputs wrong | files left over |")
    print(f"|---|---|---|---|---|\n| {killed['the batch']} | {killed['a worker']} | {rounds} | 0 | 0 |")


def _pictures(folder: Path) -> None:
    folder.mkdir()
    for index in range(N_PICTURES):
        ramp = np.linspace(0.2, 0.8, 24 * 24 * 3).reshape(24, 24, 3)
        noisy = ramp + np.random.default_rng(index).normal(0, 0.1, ramp.shape)
        Image.fromarray((noisy.clip(0, 1) * 255).astype("u1")).save(folder / f"{index}.png")


def _undone(out: Path) -> bool:
    return len(list(out.glob("*.run.json"))) < N_PICTURES


def _kill_once(command: list[str], out: Path, chance: random.Random) -> str | None:
    """Kill the batch, or one of its workers, at a random moment; who died, or None where nobody was left."""
    before = _checkpoints(out)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and not _checkpoints(out) - before:
        time.sleep(0.01)
    time.sleep(chance.uniform(0, LONGEST))
    if process.poll() is not None:
        return None
    workers = _children(process.pid)
    one = chance.random() < 0.5 and bool(workers)
    os.kill(chance.choice(workers) if one else process.pid, signal.SIGKILL)
    process.wait()  # without a worker, the batch goes on to its end
    _wait_for(workers)
    return "a worker" if one else "the batch"


def _checkpoints(out: Path) -> set[tuple[Path, int]]:
    """Those that lie there now, and when they were written."""
    found = set()
    for path in out.glob("*.checkpoint/*.pt"):
        with contextlib.suppress(FileNotFoundError):  # its item has just been done
            found.add((path, path.stat().st_mtime_ns))
    return found


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_for(pids: list[int]) -> None:
    """Until workers have noticed that nobody gives them work."""
    while any(Path(f"/proc/{pid}").is_dir() for pid in pids):
        time.sleep(0.01)


def _compare(whole: Path, out: Path) -> None:
    expected = {path.name: path.read_bytes() for path in whole.glob("*.png")}
    found = {path.name: path.read_bytes() for path in out.glob("*.png")}
    wrong = [name for name in expected if found.get(name) != expected[name]]
    over = {path.name for path in out.iterdir()} - {path.name for path in whole.iterdir()}
    if wrong or over:
        sys.exit(f"{out}: wrong {wrong}, left over {sorted(over)}")
