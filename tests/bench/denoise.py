"""Blind denoising under eight noises, beside CBM3D (given the true σ) and classical filters (given the truth).

`--set tuned` is what constants were tuned on, `--set reported` what nothing was tuned on. `--pictures F16,Baboon`,
`--kinds "shot 25,impulse 0.7"` and further flags of `dipcli denoise` narrow it down; `--filters` adds non-local
means, total variation, wavelets and median, each with its best parameter for every picture. CBM3D has the true σ
where noise is Gaussian, else the best of seven; it is left out where `bm3d` is not installed.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import mean

from tests.bench.peers import best_bm3d, best_classical
from tests.bench.pictures import KINDS, NAMES, REPORTED, clean_picture, noisy_picture, psnr_db, save_png
from tests.bench.program import run_program

HEAD = ("noise", "picture", "noisy", "CBM3D", "classical", "dipcli", "network's share", "CPU s", "ending")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench denoise", description=__doc__)
    parser.add_argument("--set", choices=["tuned", "reported"], default="tuned")
    parser.add_argument("--pictures", default="")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--filters", action="store_true")
    known, flags = parser.parse_known_args(arguments)
    names = known.pictures.split(",") if known.pictures else {"tuned": NAMES, "reported": REPORTED}[known.set]
    head = [*HEAD, *(("best filter",) if known.filters else ())]
    print(f"| {' | '.join(head)} |")
    print("|---" * len(head) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in known.kinds.split(","):
            rows = [_measure(kind, name, Path(folder), flags, filters=known.filters) for name in names]
            means = [mean(column) for column in zip(*rows, strict=True)]
            print(_line(kind, "**mean**", means, f"worst against classical {min(r[3] - r[2] for r in rows):+.2f}"))


def _measure(kind: str, name: str, folder: Path, flags: list[str], *, filters: bool) -> list[float]:
    clean = clean_picture(name)
    noisy = noisy_picture(clean, kind, name)
    save_png(folder / "clean.png", clean)
    save_png(folder / "noisy.png", noisy)
    reference = ("--reference", str(folder / "clean.png"))
    run = run_program("denoise", folder / "noisy.png", folder / "out.png", *reference, *flags)
    metrics = run.record["metrics"]
    row = [
        psnr_db(noisy, clean),
        best_bm3d(noisy, clean, kind),
        metrics["classical_psnr_db"],
        metrics["psnr_db"],
        1 - run.record["options"]["classical"],
        run.cpu_seconds,
    ]
    row += [max(best_classical(noisy, clean).values())] if filters else []
    print(_line(kind, name, row, run.record["ending"]), flush=True)
    return row


def _line(kind: str, name: str, row: list[float], ending: str) -> str:
    numbers = [f"{value:.2f}" for value in row[:5]] + [f"{row[5]:.0f}", ending, *(f"{v:.2f}" for v in row[6:])]
    return f"| {kind} | {name} | {' | '.join(numbers)} |"
