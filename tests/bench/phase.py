"""Phase retrieval of simulated patterns, three crystals each, and of real ones: E = √(1 - |<x, ref>|²), seconds.

Cases: NAME-SIZE-AXES[-photons][-bBEAMSTOP][-gGAP], of `weak` (1 rad), `strong` (8 rad), `vortex` (2 rad and two
dislocations); `fresnel` and `random` (the library's two networks alone, through a near field and a random medium);
`real` (Bragg counts of 64³ without a truth: χ, and E between seeds, as many as `--crystals`, beside the first mode
of PyNX's runs, where `PYNX` says how its Python is called); `planar` (a saturated centre). Further flags go to
`dipcli phase-retrieve`. Beside the result stands the classical's multi-start, which every run records;
the last column counts the dislocations that came out, of the right sign and within 3 pixels.
"""

import argparse
import itertools
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.diffraction.complex_object import object_model
from dipcli.diffraction.crystals import Crystal, simulate_crystal
from dipcli.diffraction.diffraction import Fraunhofer, amplitude_misfit, diffraction_problem
from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.presets import DOUBLE_DIP
from dipcli.engine.restore import restore
from dipcli.grid import embed
from dipcli.symmetries import align, error
from tests.bench import pynx
from tests.bench.pictures import DATA
from tests.bench.program import Run, run_program
from tests.mixing import RandomMixing
from tests.vortices import winding

KINDS = {"weak": ("1", "0"), "strong": ("8", "0"), "vortex": ("2", "2")}
CASES = (
    *(f"{kind}-{size}-2" for size in (128, 256) for kind in KINDS),
    *(f"{kind}-64-3" for kind in KINDS),
    *(f"{kind}-128-2-{photons}" for photons in ("1e6", "1e5") for kind in KINDS),
    *(f"{kind}-128-2-b{size}" for size in (5, 9) for kind in ("weak", "strong")),
    *(f"{kind}-64-3-1e6" for kind in ("weak", "strong")),
    "weak-128-2-g6",
    "fresnel",
    "random",
    "real",
    "planar",
)
NEAR = 3


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench phase", description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--crystals", type=int, default=3)
    parser.add_argument("--pynx-runs", type=int, default=12, help="Runs of PyNX for each of its objects.")
    parser.add_argument("--keep", type=Path, help="A folder for what came out.")
    known, flags = parser.parse_known_args(arguments)
    print("| case | E | E of the classical | object of | χ | seconds | dislocations |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for case in known.cases.split(","):
            special = {"fresnel": _nearby, "random": _nearby, "planar": _planar}
            if case == "real":
                _real(place, flags, known.crystals, known.pynx_runs)
            elif case in special:
                special[case](case, place, flags)
            else:
                _simulated(case, place, flags, known.crystals)


def _simulated(case: str, folder: Path, flags: list[str], crystals: int) -> None:
    """One line: the values of all crystals, and the medians."""
    runs, charges = [], []
    for seed in range(1, crystals + 1):
        scan = folder / f"{case}-{seed}.cxi"
        told = [*_arguments(case), "--seed", str(seed), "--output", str(scan), "--overwrite"]
        subprocess.run([sys.executable, "-m", "dipcli", "simulate", *told], check=True, capture_output=True)
        output = folder / f"{case}-{seed}-object.cxi"
        runs.append(run_program("phase-retrieve", scan, output, "--reference", str(scan), *flags))
        if case.startswith("vortex") and "-2" in case:
            charges.append(_charges(scan, output))
    print(_line(case, runs, charges), flush=True)


def _arguments(case: str) -> list[str]:
    kind, size, axes, *rest = case.split("-")
    phase_range, dislocations = KINDS[kind]
    told = {"--size": size, "--phase-range": phase_range, "--dislocations": dislocations}
    for part in rest:
        name = {"b": "--beamstop", "g": "--gap"}.get(part[0], "--photons")
        told[name] = part if name == "--photons" else part[1:]
    return ["cdi" if axes == "2" else "bcdi", *(word for pair in told.items() for word in pair)]


def _line(case: str, runs: list[Run], charges: list[str]) -> str:
    def each(name: str) -> str:
        values = [run.record["metrics"][name] for run in runs]
        return f"**{statistics.median(values):.3f}** ({', '.join(f'{value:.3f}' for value in values)})"

    decisions = [run.record["decisions"] for run in runs]
    cells = [
        each("error"),
        each("classical_error"),
        "/".join(told["object_of"] for told in decisions),
        ", ".join(told["chi"] for told in decisions),
        ", ".join(f"{run.seconds:.0f}" for run in runs),
        " ".join(charges),
    ]
    return f"| {case} | {' | '.join(cells)} |"


def _charges(scan: Path, output: Path) -> str:
    """How many of the true dislocations have their like within a few pixels."""
    with h5py.File(scan) as file:
        truth = file["entry_1/truth/data"][()]
    with h5py.File(output) as file:
        found = file["entry_1/image_1/data"][()]
    shape = tuple(2 * n for n in truth.shape)
    true = embed(torch.from_numpy(truth)[None], shape)
    aligned = align(embed(torch.from_numpy(found)[None], shape), true)
    inside = true[0].abs()[:-1, :-1] > 0.9
    expected = (winding(true) * inside).nonzero()
    got = (winding(aligned) * (aligned[0].abs()[:-1, :-1] > 0.02)).nonzero()
    signs = winding(true), winding(aligned)
    hits = sum(
        any(float((a - b).float().norm()) <= NEAR and signs[0][tuple(a)] == signs[1][tuple(b)] for b in got)
        for a in expected
    )
    return f"{hits}/{len(expected)}"


def _nearby(case: str, folder: Path, flags: list[str]) -> None:
    """Anchor P14: one crystal of 32² by two networks alone, through a near field or a random medium."""
    crystal = simulate_crystal(Crystal(32, 2, 1.0), np.random.default_rng(1))
    truth = torch.from_numpy(crystal)[None]
    near, random = Fraunhofer((64, 64), curvature=0.1), RandomMixing((32, 32), 4 * 1024)
    optics = near if case == "fresnel" else random
    recipe = DOUBLE_DIP["fast"]
    model = object_model(PhasingOptions(), (32, 32))
    problem = diffraction_problem(optics(truth), optics, model, amplitude_misfit)
    start = time.perf_counter()
    result = restore(problem, recipe.engine, seed=0)
    found = model.join(result.estimate["first"], result.estimate["second"])
    factor = (found.conj() * truth).sum() / found.abs().square().sum()
    relative = float((factor * found - truth).norm() / truth.norm())
    if case == "fresnel":
        relative = error(near.field(found), near.field(truth))
    seconds = time.perf_counter() - start
    print(f"| {case}, two networks alone | **{relative:.3f}** | | double-dip | | {seconds:.0f} | |", flush=True)


def _real(folder: Path, flags: list[str], seeds: int, pynx_runs: int) -> None:
    """Real Bragg counts, 64³, with several seeds."""
    source = DATA / "cdi" / "bcdi_phasor_counts_64.npz"
    counts = np.load(source)["counts"]
    runs = [
        run_program("phase-retrieve", source, folder / f"real-{seed}.npz", "--seed", str(seed), *flags)
        for seed in range(seeds)
    ]
    objects = [np.load(folder / f"real-{seed}.npz")["object"] for seed in range(seeds)]
    spent = ", ".join(f"{run.cpu_seconds:.0f}" for run in runs)
    print(
        _line_without_truth(f"real, CPU s {spent}: run to run {_apart(objects, counts.shape)}", runs), flush=True
    )
    if pynx.is_there():
        peers = [pynx.first_mode(counts, folder / f"pynx-{seed}", pynx_runs) for seed in range(seeds)]
        apart = _apart([peer.image for peer in peers], counts.shape)
        shares, seconds = (", ".join(f"{each:{form}}" for each in of) for of, form in _columns(peers))
        print(
            f"| real, PyNX's first mode ({shares}), CPU s {seconds}: run to run {apart} | | | | | | |", flush=True
        )


def _columns(peers: list[pynx.Peer]) -> list[tuple[list[float], str]]:
    return [([peer.share for peer in peers], ".0%"), ([peer.seconds for peer in peers], ".0f")]


def _apart(objects: list[NDArray[np.complex64]], shape: tuple[int, ...]) -> str:
    """E of all pairs."""
    fields = [embed(torch.from_numpy(one)[None], shape) for one in objects]
    pairs = [error(*pair) for pair in itertools.combinations(fields, 2)]
    return f"E **{statistics.median(pairs):.3f}** ({', '.join(f'{pair:.3f}' for pair in pairs)})"


def _planar(case: str, folder: Path, flags: list[str]) -> None:
    source = DATA / "cdi" / "nadia_planar_512_centred.npy"
    run = run_program("phase-retrieve", source, folder / "planar.npz", "--crop", "256", *flags)
    print(_line_without_truth(case, [run]), flush=True)


def _line_without_truth(case: str, runs: list[Run]) -> str:
    decisions = [run.record["decisions"] for run in runs]
    projections = ", ".join(re.findall(r"χ ([\d.]+)", " ".join(told["projections"] for told in decisions)))
    cells = ["", f"χ {projections}", "/".join(told["object_of"] for told in decisions)]
    cells += [", ".join(told["chi"] for told in decisions), ", ".join(f"{run.seconds:.0f}" for run in runs), ""]
    return f"| {case} | {' | '.join(cells)} |"
