"""The program in this process, and small pictures for it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from dipcli.cli.app import app

QUICK = ("--iterations", "4", "--runs", "1", "--threads", "1")


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A noisy 24 x 20 colour picture."""
    return save_noisy(tmp_path / "noisy.png")


@pytest.fixture
def program() -> Callable[..., Result]:
    """`program("denoise", path, ...)` runs dipcli in this process."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments])

    return run


@pytest.fixture
def denoise(program: Callable[..., Result]) -> Callable[..., Result]:
    """`denoise(path, ...)` with few iterations."""

    def run(*arguments: object) -> Result:
        return program("denoise", *arguments, *QUICK)

    return run


@pytest.fixture
def inpaint(program: Callable[..., Result]) -> Callable[..., Result]:
    """`inpaint(path, ...)` with few iterations."""

    def run(*arguments: object) -> Result:
        return program("inpaint", *arguments, *QUICK)

    return run


@pytest.fixture
def upscale(program: Callable[..., Result]) -> Callable[..., Result]:
    """`upscale(path, ...)` with few iterations."""

    def run(*arguments: object) -> Result:
        return program("upscale", *arguments, *QUICK)

    return run


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


def sentence_of(done: Result) -> str:
    """The one line that a failure says, for there is nothing else."""
    assert done.exit_code == 1
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.endswith(".")
    return line
