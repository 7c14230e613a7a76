"""PyNX's object of the same counts, by its own programs: many runs, the best by free pixels, their first mode.

PyNX lives in an environment of its own: `PYNX` is how its Python is called, as in
`PYNX="env PYNX_PU=cpu PYTHONPATH=... /path/to/python"`. Its ID01 recipe as it comes (600 cycles of RAAR, 200 of
ER, support from the autocorrelation), thresholds from 0.15 to 0.4 as cdiutils has them, half of the runs kept.
"""

import os
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

RECIPE = ("--nb_raar", "600", "--nb_er", "200", "--support_threshold", "0.15", "0.4", "--roi", "full")


class Peer(NamedTuple):
    """The first mode on its own box, its share of all modes, and CPU seconds of all programs."""

    image: NDArray[np.complex64]
    share: float
    seconds: float


def is_there() -> bool:
    """Whether the environment says where PyNX is."""
    return bool(os.environ.get("PYNX"))


def first_mode(counts: NDArray[np.float32], folder: Path, runs: int) -> Peer:
    """Run PyNX so many times on counts (z, y, x), and combine the better half of what it found."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "counts.npz", data=counts)
    begin = _cpu_seconds()
    kept = max(2, runs // 2)
    _pynx(
        folder, "pynx_id01cdi", "--data", "counts.npz", *RECIPE, "--nb_run", str(runs), "--nb_run_keep", str(kept)
    )
    found = sorted(path.name for path in folder.glob("*_LLK*.cxi"))
    _pynx(
        folder, "pynx_cdi_analysis", *found, "--modes", "--modes_output", "modes.h5", "--subpixel", "--nproc", "1"
    )
    seconds = _cpu_seconds() - begin
    with h5py.File(folder / "modes.h5") as file:
        weights = np.asarray(file["entry_1/data_2/data"])
        return Peer(file["entry_1/image_1/data"][0], float(weights[0] / weights.sum()), seconds)


def _cpu_seconds() -> float:
    """Of all processes that were waited for."""
    times = os.times()
    return times.children_user + times.children_system


def _pynx(folder: Path, script: str, *arguments: str) -> None:
    command = [*shlex.split(os.environ["PYNX"]), "-m", f"pynx.cdi.scripts.{script}", *arguments]
    with (folder / f"{script}.log").open("w") as log:
        subprocess.run(command, cwd=folder, check=True, stdout=log, stderr=subprocess.STDOUT)
