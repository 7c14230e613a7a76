"""What every test may rely on: one thread, one seed, small pictures."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from dipcli.cli.app import app
from tests.commands import QUICK, save_noisy

# Under nohup it is ignored, which processes that tests start would inherit.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _reproducible(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of programs that are started: two with two threads are slow
    monkeypatch.setenv("DIPCLI_REPORT", "0")  # drawing takes longer than most of what is tested
    torch.set_flush_denormal(False)  # the program, run in this process, turns it on
    torch.set_warn_always(True)  # torch says some warnings only once: which test fails must not depend on order
    torch.manual_seed(0)


def _draw(channels, height, width):
    down, right = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    drawn = np.empty((channels, height, width), np.float32)
    for i in range(channels):
        drawn[i] = 0.15 + 0.5 * (right if i % 2 == 0 else down)
        drawn[i][(down - 0.35) ** 2 + (right - 0.4) ** 2 < 0.06] = 0.85 - 0.1 * i
        drawn[i][(down > 0.7) & (down < 0.8)] = 0.1 + 0.2 * i
    return torch.from_numpy(drawn)


@pytest.fixture
def scene():
    """Clean pictures in [0.1, 0.85] with ramps, a disc and a bar, of any size (channels, height, width)."""
    return _draw


@pytest.fixture
def picture():
    """One of them, (3, 48, 40)."""
    return _draw(3, 48, 40)


@pytest.fixture
def pixels():
    """Random values over the whole range of a type, the same in every run."""

    def draw(shape, dtype="uint8"):
        rng = np.random.default_rng(0)
        if np.dtype(dtype).kind == "f":
            return rng.random(shape).astype(dtype)
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)

    return draw


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
    """`denoise(path, ...)` with few iterations, and no trial that decides whether there are any."""

    def run(*arguments: object) -> Result:
        return program("denoise", "--classical", "0.5", *arguments, *QUICK)

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
