"""Real photographs with noise of a camera, and the means of many shots of the same: PSNR, blind.

`--filters` adds scikit-image's filters, each with its best parameter for every picture.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench.peers import best_classical
from tests.bench.pictures import DATA, psnr_db
from tests.bench.program import run_program


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench real", description=__doc__)
    parser.add_argument("--filters", action="store_true")
    known, flags = parser.parse_known_args(arguments)
    head = [
        "picture",
        "noisy",
        *(["best filter"] if known.filters else []),
        "classical",
        "dipcli",
        "share",
        "CPU s",
    ]
    print(f"| {' | '.join(head)} |")
    print("|---" * len(head) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for noisy in sorted((DATA / "real_noise").glob("*_real.*")):
            clean = next(noisy.parent.glob(f"{noisy.stem.replace('_real', '_mean')}.*"))
            run = run_program("denoise", noisy, Path(folder) / "out.png", "--reference", str(clean), *flags)
            x, y = (np.asarray(Image.open(path).convert("RGB")) / 255.0 for path in (clean, noisy))
            metrics, share = run.record["metrics"], 1 - run.record["options"]["classical"]
            peers = [max(best_classical(y, x).values())] if known.filters else []
            row = [psnr_db(y, x), *peers, metrics["classical_psnr_db"], metrics["psnr_db"], share]
            numbers = " | ".join(f"{value:.2f}" for value in row)
            print(f"| {noisy.stem} | {numbers} | {run.cpu_seconds:.0f} |", flush=True)
