"""Series and volumes: each plane alone, all as one volume, and 3D non-local means with its best strength.

Two series of a photograph (still, and moving by 1.3 and 0.6 pixels a frame) and blobs in 3D, with Gaussian noise,
or shot noise above a camera's black level of 100 in 16 bits. The chain's constants were tuned on none of these.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from scipy import ndimage
from skimage.restoration import denoise_nl_means

from tests.bench.pictures import DATA, Array
from tests.bench.program import run_program

HEAD = "| planes | noise | noisy | best 3D non-local means | each alone | CPU s | `--volume` | CPU s |"
BLACK, PER_PHOTON, PHOTONS = 100, 10, 60  # of the shot noise: stored values, and photons at white


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench volumes", description=__doc__)
    known, flags = parser.parse_known_args(arguments)
    del known
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    cases = {"moving": _series("chelsea", (1.3, 0.6)), "still": _series("camera", (0, 0)), "blobs": _blobs()}
    with tempfile.TemporaryDirectory() as folder:
        for name, clean in cases.items():
            for noise in ("gaussian 0.1", "shot 60"):
                print(_row(name, clean, noise, Path(folder), flags), flush=True)


def _row(name: str, clean: Array, noise: str, folder: Path, flags: list[str]) -> str:
    random = np.random.default_rng(0)
    if noise.startswith("shot"):
        truth = BLACK + PER_PHOTON * PHOTONS * clean
        noisy = BLACK + PER_PHOTON * random.poisson(PHOTONS * clean)
    else:
        truth = 6000 + 10_000 * clean
        noisy = np.round(truth + random.normal(0, 1000, clean.shape))
    source = folder / "planes.tif"
    tifffile.imwrite(source, noisy.astype(np.uint16), imagej=True, metadata={"axes": "ZYX"})
    columns = [_psnr(noisy, truth), max(_psnr(peer, truth) for peer in _non_local_means(noisy, truth))]
    for options in ((), ("--volume",)):
        run = run_program("denoise", source, folder / "out.tif", *options, "--no-report", *flags)
        columns += [_psnr(tifffile.imread(folder / "out.tif").astype(float), truth), run.cpu_seconds]
    numbers = [f"{value:.2f}" for value in columns]
    numbers[3::2] = [f"{value:.0f}" for value in columns[3::2]]
    return f"| {name}, {len(clean)} of {clean.shape[1]}x{clean.shape[2]} | {noise} | {' | '.join(numbers)} |"


def _non_local_means(noisy: Array, truth: Array) -> list[Array]:
    scale = float(np.sqrt(((noisy - truth) ** 2).mean()))
    return [
        denoise_nl_means(noisy.astype(float), 3, 5, h=scale * factor, sigma=scale, fast_mode=True)
        for factor in (0.3, 0.5, 0.7, 0.9, 1.2)
    ]


def _series(name: str, shift: tuple[float, float]) -> Array:
    picture = np.asarray(Image.open(DATA / f"public_domain/{name}_256.png").convert("L"), float) / 255
    moved = [ndimage.shift(picture, np.multiply(shift, n), order=3, mode="reflect") for n in range(5)]
    return np.stack(moved)[:, 40:168, 40:168].clip(0, 1)


def _blobs() -> Array:
    random = np.random.default_rng(1)
    scales = (1.5, 3, 6)
    field = sum(ndimage.gaussian_filter(random.normal(size=(24, 96, 96)), s) * s**1.5 for s in scales)
    field = (field - field.min()) / np.ptp(field)
    inside = ndimage.gaussian_filter((field > np.quantile(field, 0.7)).astype(float), 0.7)
    return (0.2 + 0.6 * inside * (0.5 + 0.5 * field))[4:14]


def _psnr(values: Array, truth: Array) -> float:
    return float(20 * np.log10(np.ptp(truth)) - 10 * np.log10(((values - truth) ** 2).mean()))
