"""JPEG artefacts: PSNR over the decoded file, and the share of coefficients in their cells, as written.

`--pictures F16,Baboon`, `--qualities 10,20` and further flags of `dipcli denoise --jpeg` narrow it down.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from PIL import Image

from dipcli.pictures.files.jpeg import read_jpeg
from tests.bench.pictures import NAMES, Array, clean_picture, psnr_db, save_png
from tests.bench.program import best_psnr_db, run_program

HEAD = "| quality | picture | decoded | classical (ours) | dipcli | gain | gap | in cells, % | seconds | ending |"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench jpeg", description=__doc__)
    parser.add_argument("--pictures", default=",".join(NAMES))
    parser.add_argument("--qualities", default="10,20,40")
    parser.add_argument("--keep", type=Path, help="A folder for the pictures that came out.")
    known, flags = parser.parse_known_args(arguments)
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for quality in map(int, known.qualities.split(",")):
            rows = [_measure(name, quality, place, flags) for name in known.pictures.split(",")]
            print(_line(quality, "**mean**", [mean(column) for column in zip(*rows, strict=True)], ""), flush=True)


def _measure(name: str, quality: int, folder: Path, flags: list[str]) -> list[float]:
    clean = clean_picture(name)
    source, output, truth = (
        folder / f"{name}_{quality}.jpg",
        folder / f"{name}_{quality}.png",
        folder / "truth.png",
    )
    save_png(truth, clean)
    Image.open(truth).save(source, quality=quality)
    run = run_program("denoise", source, output, "--jpeg", "--reference", str(truth), *flags)
    metrics = run.record["metrics"]
    written = _read(output)
    row = [
        psnr_db(_read(source), clean),
        metrics["classical_psnr_db"],
        psnr_db(written, clean),
        psnr_db(written, clean) - psnr_db(_read(source), clean),
        best_psnr_db(run) - metrics["psnr_db"],
        100 * read_jpeg(source).share_inside(torch.from_numpy(written.transpose(2, 0, 1))),
        run.seconds,
    ]
    endings = "/".join(f"{part['ending']} {part['best_iteration']}" for part in run.record["runs"])
    print(_line(quality, name, row, endings), flush=True)
    return row


def _read(path: Path) -> Array:
    return np.asarray(Image.open(path).convert("RGB"), dtype=np.float64) / 255


def _line(quality: int, name: str, row: list[float], ending: str) -> str:
    numbers = " | ".join(f"{value:.2f}" for value in row[:-2])
    return f"| {quality} | {name} | {numbers} | {row[-2]:.3f} | {row[-1]:.0f} | {ending} |"
