"""Small pictures for the program, and what it leaves behind."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from typer.testing import Result

QUICK = ("--iterations", "4", "--runs", "1", "--threads", "1")


def save_noisy(path: Path, shape: tuple[int, ...] = (20, 24, 3), seed: int = 0) -> Path:
    ramp = np.linspace(0.2, 0.8, int(np.prod(shape))).reshape(shape)
    values = ramp + np.random.default_rng(seed).normal(0, 0.1, shape)
    Image.fromarray(np.round(values.clip(0, 1) * 255).astype(np.uint8)).save(path)
    return path


def save_hole(path: Path, shape: tuple[int, ...] = (20, 24)) -> np.ndarray:
    """A mask with a white hole; returns where it is."""
    hole = np.zeros(shape, bool)
    hole[..., 3:7, 5:16] = True
    Image.fromarray(hole.astype(np.uint8) * np.uint8(255)).save(path)
    return hole


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def record_of(output: Path) -> dict[str, Any]:
    """The record beside an output."""
    record: dict[str, Any] = json.loads(output.with_name(f"{output.stem}.run.json").read_text())
    return record


def sentence_of(done: Result, code: int = 1) -> str:
    """The one line that a failure says, for there is nothing else."""
    assert done.exit_code == code
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.endswith(".")
    return line


def until_saved(process: subprocess.Popen[str], folder: Path, count: int = 1) -> set[str]:
    """The names of so many outputs in a folder, once each of them has a checkpoint."""
    saved: set[str] = set()
    while len(saved) < count:
        assert process.poll() is None, "ended before"
        time.sleep(0.02)
        saved = {path.parent.stem for path in folder.glob("*.checkpoint/0.pt")}
    return saved
