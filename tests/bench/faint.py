"""Faint noise, and none, in colour and in gray, by the classical answer alone: PSNR before and after, blind.

`--pictures` says which; further flags are those of `dipcli denoise`. A clean picture that comes back as it was has
the PSNR `same`.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from tests.bench.pictures import REPORTED, clean_picture, psnr_db, save_png
from tests.bench.program import run_program

SIGMAS = (0.0, 0.005, 0.01, 0.02)
HEAD = ("picture", "σ", "noisy, colour", "dipcli", "noisy, gray", "dipcli")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench faint", description=__doc__)
    parser.add_argument("--pictures", default=",".join(REPORTED))
    known, flags = parser.parse_known_args(arguments)
    print(f"| {' | '.join(HEAD)} |")
    print("|---" * len(HEAD) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name in known.pictures.split(","):
            for sigma in SIGMAS:
                cells = [
                    cell for gray in (False, True) for cell in _cells(name, sigma, Path(folder), flags, gray=gray)
                ]
                print(f"| {name} | {sigma:g} | {' | '.join(cells)} |", flush=True)


def _cells(name: str, sigma: float, folder: Path, flags: list[str], *, gray: bool) -> list[str]:
    clean = clean_picture(name)
    if gray:
        clean = np.round(clean.mean(2) * 255) / 255
    noisy = clean + np.random.default_rng(3).normal(0, sigma, clean.shape) if sigma else clean
    noisy = np.round(np.clip(noisy, 0, 1) * 255) / 255
    save_png(folder / "clean.png", clean)
    save_png(folder / "noisy.png", noisy)
    reference = ("--reference", str(folder / "clean.png"), "--preset", "instant")
    run = run_program("denoise", folder / "noisy.png", folder / "out.png", *reference, *flags)
    before = f"{psnr_db(noisy, clean):.2f}" if sigma else "same"
    after = run.record["metrics"]["psnr_db"]
    return [before, f"{after:.2f}" if after is not None and after < 100 else "same"]
