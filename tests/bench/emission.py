"""Emissions (PET) and fan beams: ellipses whose line integrals are exact, 128²; dB by the truth's peak.

Rows of `--rows`: `NAME COUNTS` is an emission of so many coincidences in 120 views, of which absorption leaves e⁻²
along the longest ray, and randoms, a quarter of them, that are known in the mean. MLEM and OSEM (8 subsets) have
their best round by the truth, the last column of peers the best Gaussian filter, too. `NAME fan VIEWS PHOTONS` is
a full turn of a fan from 300 pixels away. `shepp 1e6` was looked at while levels were chosen. CPU seconds.
"""

import argparse
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from dipcli.metrics import peak_psnr_db
from dipcli.tomography.beam import projection_of
from dipcli.tomography.counted_rays import CountedRays, EmissionProjection, maximising_rounds
from dipcli.tomography.fan import parallel_rays
from dipcli.tomography.projection import Geometry
from tests.bench.pictures import Array
from tests.bench.program import run_program
from tests.bench.tomography import LONGEST, SHEPP_LOGAN, walnut
from tests.projections import sinogram, true_slice

SIDE, VIEWS, SOURCE = 128, 120, 300.0
SHAPES = {"shepp": SHEPP_LOGAN, "walnut": walnut(0), "nut": walnut(1)}
ROWS = "shepp 1e5,shepp 1e6,walnut 1e5,walnut 1e6,nut 1e5,nut 1e6,shepp fan 64 1e5,nut fan 64 1e4,nut fan 32 1e5"
COLUMNS = ("case", "FBP", "MLEM, best", "OSEM, best", "and filter", "our OSEM or TV", "dipcli", "network", "CPU s")
ROUNDS = {1: 60, 8: 12}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench emission", description=__doc__)
    parser.add_argument("--rows", default=ROWS)
    parser.add_argument("--keep", type=Path, help="A folder for what came out.")
    known, flags = parser.parse_known_args(arguments)
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for row in known.rows.split(","):
            print(_fan(row, place, flags) if " fan " in row else _emission(row, place, flags), flush=True)


def _emission(row: str, folder: Path, flags: list[str]) -> str:
    name, total = row.split()
    ellipses, stem = SHAPES[name], folder / row.replace(" ", "_")
    lines = sinogram(SIDE, VIEWS, ellipses=ellipses).clip(0)
    body = sinogram(SIDE, VIEWS, ellipses=((1.0, *ellipses[0][1:]),))
    kept = np.exp(-LONGEST * body / body.max())
    gain = float(total) / float((kept * lines).sum())
    randoms = np.full(lines.shape, 0.25 * float(total) / lines.size, np.float32)
    counts = np.random.default_rng(0).poisson(gain * kept * lines + randoms)
    truth = true_slice(SIDE, ellipses=ellipses)
    files = {"prompts": counts.astype(np.int32), "kept": gain * kept, "randoms": randoms, "truth": truth}
    for part, array in files.items():
        np.save(f"{stem}_{part}.npy", array)
    beside = ["--attenuation", f"{stem}_kept.npy", "--randoms", f"{stem}_randoms.npy", "--values", "emission"]
    peers = _peers(counts, gain * kept, randoms, truth)
    return _line(row, peers, stem, "prompts", ["--angles", "180", *beside, *flags])


def _peers(counts: Array, sensitivity: Array, randoms: Array, truth: Array) -> list[float]:
    """MLEM and OSEM by their best rounds, and with the best filter behind any of these."""
    angles = torch.arange(VIEWS) * (torch.pi / VIEWS)
    tensors = [torch.from_numpy(np.asarray(each, np.float32))[None] for each in (sensitivity, randoms, counts)]
    projection = EmissionProjection(projection_of(Geometry(angles, SIDE, (SIDE - 1) / 2)), *tensors[:2])
    rays = CountedRays(projection, tensors[2], tensors[2] >= 0)
    clean, best = torch.from_numpy(truth)[None], list[float]()
    filtered = 0.0
    for subsets, rounds in ROUNDS.items():
        images = list(islice(maximising_rounds(rays, subsets), rounds))
        best.append(max(peak_psnr_db(image, clean) for image in images))
        for image in images:
            for width in (0.5, 0.8, 1.2, 1.8):
                smooth = torch.from_numpy(gaussian_filter(image.numpy(), (0, width, width)))
                filtered = max(filtered, peak_psnr_db(smooth, clean))
    return [*best, filtered]


def _fan(row: str, folder: Path, flags: list[str]) -> str:
    name, _, views, photons = row.split()
    ellipses, stem = SHAPES[name], folder / row.replace(" ", "_")
    angles = torch.arange(int(views), dtype=torch.float64) * (2 * torch.pi / int(views))
    turned, away = parallel_rays(Geometry(angles, SIDE, (SIDE - 1) / 2, SOURCE))
    clean = np.mean([_integrals(ellipses, turned, away + part) for part in (-0.375, -0.125, 0.125, 0.375)], axis=0)
    unit = LONGEST / clean.max()
    counts = np.random.default_rng(0).poisson(float(photons) * np.exp(-unit * clean)).clip(1)
    np.save(f"{stem}_fan.npy", (-np.log(counts / float(photons)) / unit).astype(np.float32))
    np.save(f"{stem}_truth.npy", true_slice(SIDE, ellipses=ellipses))
    return _line(row, [], stem, "fan", ["--angles", "360", "--source-distance", f"{SOURCE:g}", *flags])


def _integrals(ellipses: tuple[tuple[float, ...], ...], angle: Array, away: Array) -> Array:
    """Along rays at angles (radians) and distances from the axis, in pixels."""
    total = np.zeros(angle.shape)
    for value, long, short, x, y, turn in ellipses:
        axes, turned = np.array([long, short]) * SIDE / 2, angle - np.radians(turn)
        width = (axes[0] * np.cos(turned)) ** 2 + (axes[1] * np.sin(turned)) ** 2
        left = away - (x * np.cos(angle) + y * np.sin(angle)) * SIDE / 2
        total += 2 * value * axes.prod() * np.sqrt(np.maximum(width - left**2, 0)) / width
    return total


def _line(row: str, peers: list[float], stem: Path, kind: str, flags: list[str]) -> str:
    out, truth = Path(f"{stem}.tif"), f"{stem}_truth.npy"
    run = run_program("tomography", Path(f"{stem}_{kind}.npy"), out, "--reference", truth, *flags)
    metrics = run.record["metrics"]
    own = metrics.get("osem_psnr_db", metrics.get("tv_psnr_db"))
    cells = [metrics["fbp_psnr_db"], *(peers or [None] * 3), own, metrics["psnr_db"]]
    texts = ["" if number is None else f"{number:.2f}" for number in cells]
    network = run.record["decisions"].get("network", "")
    return f"| {row} | {' | '.join(texts)} | {network.split(',')[0]} | {run.cpu_seconds:.0f} |"
