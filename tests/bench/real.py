"""Blind denoising of four real photographs at high ISO (CC15), beside filters at their best parameter."""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench.peers import best_classical
from tests.bench.pictures import DATA, psnr_db
from tests.bench.program import best_psnr_db, run_program


def main(arguments: list[str]) -> None:
    print("| picture | noisy | nlm | tv | wavelet | median | DCT (ours) | dipcli | gap | seconds |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for noisy in sorted((DATA / "real_noise").glob("*_real.png")):
            clean = noisy.with_name(noisy.name.replace("_real", "_mean"))
            run = run_program("denoise", noisy, Path(folder) / "out.png", "--reference", str(clean), *arguments)
            x, y = (np.asarray(Image.open(path).convert("RGB")) / 255.0 for path in (clean, noisy))
            ours = run.record["metrics"]["psnr_db"]
            row = [psnr_db(y, x), *best_classical(y, x).values(), run.record["metrics"]["classical_psnr_db"], ours]
            numbers = " | ".join(f"{value:.2f}" for value in [*row, best_psnr_db(run) - ours])
            print(f"| {noisy.stem} | {numbers} | {run.seconds:.0f} |", flush=True)
