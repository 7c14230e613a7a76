"""Blind denoising of eight pictures under eight noises, beside classical filters given their best parameter.

`--pictures F16,Baboon`, `--kinds "shot 25,impulse 0.7"` and further flags of `dipcli denoise` narrow it down.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import mean

from tests.bench.peers import best_classical
from tests.bench.pictures import KINDS, NAMES, clean_picture, noisy_picture, psnr_db, save_png
from tests.bench.program import best_psnr_db, run_program

HEAD = "| noise | picture | noisy | nlm | tv | wavelet | median | DCT (ours) | dipcli | gap | seconds | ending |"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench denoise", description=__doc__)
    parser.add_argument("--pictures", default=",".join(NAMES))
    parser.add_argument("--kinds", default=",".join(KINDS))
    known, flags = parser.parse_known_args(arguments)
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    gaps: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in known.kinds.split(","):
            rows = [_measure(kind, name, Path(folder), flags) for name in known.pictures.split(",")]
            means = [mean(column) for column in zip(*rows, strict=True)]
            bar = max(means[1:5])
            print(_line(kind, "**mean**", means, f"{means[6] - bar:+.2f} dB on the best filter"), flush=True)
            gaps += [row[7] for row in rows]
    print(f"\ngap: mean {mean(gaps):.2f} dB, largest {max(gaps):.2f} dB, over {len(gaps)} pictures")


def _measure(kind: str, name: str, folder: Path, flags: list[str]) -> list[float]:
    clean = clean_picture(name)
    noisy = noisy_picture(clean, kind, name)
    save_png(folder / "clean.png", clean)
    save_png(folder / "noisy.png", noisy)
    reference = ("--reference", str(folder / "clean.png"))
    run = run_program("denoise", folder / "noisy.png", folder / "out.png", *reference, *flags)
    ours, classical = run.record["metrics"]["psnr_db"], run.record["metrics"]["classical_psnr_db"]
    row = [
        psnr_db(noisy, clean),
        *best_classical(noisy, clean).values(),
        classical,
        ours,
        best_psnr_db(run) - ours,
        run.seconds,
    ]
    endings = "/".join(f"{part['ending']} {part['best_iteration']}" for part in run.record["runs"])
    print(_line(kind, name, row, endings), flush=True)
    return row


def _line(kind: str, name: str, row: list[float], ending: str) -> str:
    numbers = " | ".join(f"{value:.2f}" for value in row[:-1])
    return f"| {kind} | {name} | {numbers} | {row[-1]:.0f} | {ending} |"
