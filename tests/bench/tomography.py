"""Parallel beams: ellipses with photon noise beside scikit-image, and a real tooth; dB by the truth's peak.

Rows, each a phantom, its views over half a turn, and the photons of the beam, of which e⁻² are left behind the
longest ray: Shepp-Logan and two walnuts of ellipses, 256², whose line integrals are exact and not made by our own
projection. The levels of patch groups were chosen on `shepp 64 1e5` and `walnut 64 1e4`; nothing was tuned on the
others. TV is told the best of seven weights by the truth, iradon the best of its filters, SART the best of five
rounds. `tooth` (../shared/data/ct) is every fourth of its 181 views, scored against filtered back-projection of
all, which has noise of its own. Seconds are CPU time.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from skimage.transform import iradon, iradon_sart

from dipcli.metrics import peak_psnr_db
from dipcli.tomography.filtered import filtered_back_projection
from dipcli.tomography.projection import Geometry
from dipcli.tomography.reconstruction import Slice, rays_of
from tests.bench.pictures import DATA
from tests.bench.program import Run, run_program
from tests.projections import sinogram, true_slice

SIDE = 256
LONGEST = 2.0
# Value, half axes, centre, turn: Toft, 1996 (the modified phantom).
SHEPP_LOGAN = (
    (1.0, 0.69, 0.92, 0.0, 0.0, 0.0),
    (-0.8, 0.6624, 0.874, 0.0, -0.0184, 0.0),
    (-0.2, 0.11, 0.31, 0.22, 0.0, -18.0),
    (-0.2, 0.16, 0.41, -0.22, 0.0, 18.0),
    (0.1, 0.21, 0.25, 0.0, 0.35, 0.0),
    (0.1, 0.046, 0.046, 0.0, 0.1, 0.0),
    (0.1, 0.046, 0.046, 0.0, -0.1, 0.0),
    (0.1, 0.046, 0.023, -0.08, -0.605, 0.0),
    (0.1, 0.023, 0.023, 0.0, -0.606, 0.0),
    (0.1, 0.023, 0.046, 0.06, -0.605, 0.0),
)
ROWS = (
    "shepp 32 1e5",
    "shepp 64 1e4",
    "shepp 64 1e5",
    "shepp 180 1e4",
    "walnut 64 1e4",
    "nut 32 1e5",
    "nut 64 1e4",
    "nut 64 1e5",
)
COLUMNS = ("case", "iradon", "SART", "our FBP", "our TV", "TV, best weight", "dipcli", "network", "CPU s")
HEAD = f"| {' | '.join(COLUMNS)} |"


def walnut(seed: int) -> tuple[tuple[float, ...], ...]:
    """A shell with bright grains, six lobes and small holes."""
    random = np.random.default_rng(seed)
    found = [(0.8, 0.9, 0.8, 0.0, 0.0, 10.0), (-0.8, 0.82, 0.72, 0.0, 0.0, 10.0)]
    for lobe in range(6):
        turn = 2 * np.pi * lobe / 6 + random.normal(0, 0.2)
        width, tilt = 0.14 + 0.05 * random.random(), random.normal(0, 20)
        found.append((0.5, 0.26, width, 0.38 * np.cos(turn), 0.323 * np.sin(turn), np.degrees(turn) + tilt))
    for _ in range(10):
        turn, away = random.random() * 2 * np.pi, 0.5 * np.sqrt(random.random())
        axes = 0.02 + 0.04 * random.random(2)
        found.append((-0.3, *axes, away * np.cos(turn), away * np.sin(turn), 180 * random.random()))
    for _ in range(14):
        turn, axes = random.random() * 2 * np.pi, 0.015 + 0.01 * random.random(2)
        found.append((0.6, *axes, 0.843 * np.cos(turn), 0.745 * np.sin(turn), 0.0))
    return tuple(found)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench tomography", description=__doc__)
    parser.add_argument("--rows", default=",".join((*ROWS, "tooth")))
    parser.add_argument("--keep", type=Path, help="A folder for what came out.")
    known, flags = parser.parse_known_args(arguments)
    print(HEAD)
    print("|---" * (HEAD.count("|") - 1) + "|")
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for row in known.rows.split(","):
            print(_tooth(place, flags) if row == "tooth" else _phantom(row, place, flags), flush=True)


def _phantom(row: str, folder: Path, flags: list[str]) -> str:
    name, views, photons = row.split()
    ellipses = {"shepp": SHEPP_LOGAN, "walnut": walnut(0), "nut": walnut(1)}[name]
    clean = sinogram(SIDE, int(views), ellipses=ellipses).astype(float)
    unit = LONGEST / clean.max()
    counts = np.random.default_rng(0).poisson(float(photons) * np.exp(-unit * clean)).clip(1)
    values = (-np.log(counts / float(photons)) / unit).astype(np.float32)
    truth = true_slice(SIDE, ellipses=ellipses)
    stem = row.replace(" ", "_")
    np.save(folder / f"{stem}.npy", values)
    np.save(folder / f"{stem}_truth.npy", truth)
    peers = _peers(values, torch.from_numpy(truth)[None])
    reference = ("--reference", str(folder / f"{stem}_truth.npy"))
    run = run_program(
        "tomography", folder / f"{stem}.npy", folder / f"{stem}.tif", "--angles", "180", *reference, *flags
    )
    return _line(row, peers, run)


def _peers(values: np.ndarray, truth: torch.Tensor) -> list[float]:
    """iradon by its best filter, SART by its best round, total variation by its best weight."""
    degrees = np.arange(len(values)) * 180 / len(values)
    # iradon's axis is at pixel n // 2, half a pixel from ours.
    columns = 0.5 * (np.pad(values, ((0, 0), (1, 0)))[:, :-1] + values).T

    def quality(image: np.ndarray) -> float:
        moved = torch.from_numpy(np.ascontiguousarray(image)).float()[None]
        moved = 0.25 * sum(moved.roll(shift, (1, 2)) for shift in ((0, 0), (0, -1), (-1, 0), (-1, -1)))
        whole = torch.from_numpy(np.ascontiguousarray(image)).float()[None]
        return max(peak_psnr_db(each, truth) for each in (moved, whole))

    filters = [
        quality(iradon(columns, degrees, filter_name=name, circle=True)) for name in ("ramp", "cosine", "hann")
    ]
    rounds, image = [], None
    for _ in range(5):
        image = iradon_sart(columns.astype(float), degrees, image=image)
        rounds.append(quality(image))
    angles = torch.from_numpy(np.radians(degrees))
    integrals = torch.from_numpy(values)[None]
    scan = Slice(integrals, torch.ones_like(integrals) > 0, Geometry(angles, SIDE, (SIDE - 1) / 2))
    rays, scale, _ = rays_of(scan)
    smooth, found = filtered_back_projection(rays, "hann"), []
    for step in range(-2, 5):
        smooth = rays.smooth(smooth, rays.knowledge * 2.0**step, 24)
        found.append(peak_psnr_db(scale * smooth, truth))
    return [max(filters), max(rounds), max(found)]


def _tooth(folder: Path, flags: list[str]) -> str:
    scan = DATA / "ct" / "tooth.h5"
    run = run_program("tomography", scan, folder / "tooth.tif", "--slices", "0", "--simulate", "46", *flags)
    return _line("tooth 46 of 181", [], run)


def _line(case: str, peers: list[float], run: Run) -> str:
    metrics = run.record["metrics"]
    iradon_db, sart_db, tv_db = peers or [float("nan")] * 3
    numbers = [
        iradon_db,
        sart_db,
        metrics["fbp_psnr_db"],
        metrics.get("tv_psnr_db", float("nan")),
        tv_db,
        metrics["psnr_db"],
    ]
    cells = ["" if np.isnan(number) else f"{number:.2f}" for number in numbers]
    network = run.record["decisions"].get("network", "")
    return f"| {case} | {' | '.join(cells)} | {network.split(',')[0]} | {run.cpu_seconds:.0f} |"
