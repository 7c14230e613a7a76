"""Upscaling beside Pillow's bicubic interpolation: PSNR of brightness without a border as wide as the factor.

Set5 and zebra, reduced with Pillow's bicubic filter as published work does (MATLAB's `imresize`). `--pictures`,
`--factor`, `--kernel` and further flags of `dipcli upscale` change that.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import mean

import numpy as np
from PIL import Image

from tests.bench.pictures import DATA, Array
from tests.bench.program import best_psnr_db, run_program

SET5 = ("baby_GT.bmp", "bird_GT.bmp", "butterfly_GT.bmp", "head_GT.bmp", "woman_GT.bmp")
FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
HEAD = "| picture | size | bicubic | classical (ours) | dipcli | gap (RGB) | consistency | seconds | ending |"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench upscale", description=__doc__)
    parser.add_argument("--pictures", default=",".join(SET5))
    parser.add_argument("--factor", type=int, default=4)
    parser.add_argument("--kernel", choices=FILTERS, default="bicubic")
    parser.add_argument("--keep", type=Path, help="A folder for the pictures that came out.")
    known, flags = parser.parse_known_args(arguments)
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        rows = [_measure(n, known.factor, known.kernel, place, flags) for n in known.pictures.split(",")]
    print(_line("**mean**", "", [mean(column) for column in zip(*rows, strict=True)], ""))


def _measure(name: str, factor: int, kernel: str, folder: Path, flags: list[str]) -> list[float]:
    picture = Image.open(DATA / "superresolution" / name).convert("RGB")
    low = tuple(side // factor for side in picture.size)
    high = tuple(side * factor for side in low)
    truth = picture.crop((0, 0, *high))
    small = truth.resize(low, FILTERS[kernel])
    stem = name.split("_")[0]
    truth.save(folder / f"{stem}_truth.png")
    small.save(folder / f"{stem}_small.png")
    options = ("--factor", str(factor), "--kernel", kernel, "--reference", str(folder / f"{stem}_truth.png"))
    run = run_program("upscale", folder / f"{stem}_small.png", folder / f"{stem}.png", *options, *flags)
    metrics = run.record["metrics"]
    bicubic = _brightness_psnr_db(small.resize(high, Image.Resampling.BICUBIC), truth, factor)
    ours = _brightness_psnr_db(Image.open(folder / f"{stem}.png"), truth, factor)
    row = [
        bicubic,
        ours + metrics["classical_psnr_db"] - metrics["psnr_db"],
        ours,
        best_psnr_db(run) - metrics["psnr_db"],
        metrics["consistency_rmse"],
        run.seconds,
    ]
    endings = "/".join(f"{part['ending']} {part['best_iteration']}" for part in run.record["runs"])
    print(_line(stem, "x".join(map(str, high)), row, endings), flush=True)
    return row


def _brightness_psnr_db(picture: Image.Image, truth: Image.Image, border: int) -> float:
    inside = (slice(border, -border), slice(border, -border))
    error = _brightness(picture)[inside] - _brightness(truth)[inside]
    return float(-10 * np.log10(np.square(error / 255).mean()))


def _brightness(picture: Image.Image) -> Array:
    """Y of ITU-R BT.601 in studio range, as MATLAB's `rgb2ycbcr` has it."""
    values = np.asarray(picture.convert("RGB"), dtype=np.float64)
    return np.round(16 + values @ np.array([65.481, 128.553, 24.966]) / 255)


def _line(name: str, size: str, row: list[float], ending: str) -> str:
    numbers = " | ".join(f"{value:.2f}" for value in row[:-2])
    return f"| {name} | {size} | {numbers} | {row[-2]:.4f} | {row[-1]:.0f} | {ending} |"
