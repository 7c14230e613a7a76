"""Inpainting beside biharmonic inpainting and OpenCV's Telea: PSNR over the missing pixels alone.

`--pictures F16,Baboon`, `--masks "random 50,text"` and further flags of `dipcli inpaint` narrow it down; the real
cases (kate, library, vase, at full size) and Barbara (512², gray, half missing) are masks of their own.
"""

import argparse
import tempfile
import zlib
from pathlib import Path
from statistics import mean

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.restoration import inpaint_biharmonic

from tests.bench.pictures import DATA, NAMES, Array, clean_picture, save_png
from tests.bench.program import best_psnr_db, run_program

Mask = NDArray[np.bool_]

REAL = ("kate", "library", "vase")
MASKS = ("random 50", "random 80", "random 95", "text", "scribble", "holes", *REAL, "barbara")
HOLES, SIDE_OF_HOLE = ((40, 50), (150, 60), (60, 170), (170, 180)), 40
WORDS = "the quick brown fox jumps over the lazy dog and did not see the whole picture that it left behind "
HEAD = "| mask | picture | missing | telea | biharmonic | classical (ours) | dipcli | gap | CPU s | ending |"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench inpaint", description=__doc__)
    parser.add_argument("--pictures", default=",".join(NAMES))
    parser.add_argument("--masks", default=",".join(MASKS))
    parser.add_argument("--keep", type=Path, help="A folder for the pictures that came out.")
    known, flags = parser.parse_known_args(arguments)
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for kind in known.masks.split(","):
            alone = kind in REAL or kind == "barbara"
            names = (kind,) if alone else known.pictures.split(",")
            rows = [_measure(kind, name, place, flags) for name in names]
            means = [mean(column) for column in zip(*rows, strict=True)]
            bar = max(means[1:3])
            print(_line(kind, "**mean**", means, f"{means[4] - bar:+.2f} dB on the better peer"), flush=True)


def _measure(kind: str, name: str, folder: Path, flags: list[str]) -> list[float]:
    clean, missing = _case(kind, name)
    stem = f"{kind} {name}".replace(" ", "_")
    source, mask, truth = (folder / f"{stem}_{part}.png" for part in ("damaged", "mask", "truth"))
    damaged = np.where(missing[..., None] if clean.ndim == 3 else missing, 0, clean)
    for path, picture in ((source, damaged), (mask, missing.astype(float)), (truth, clean)):
        save_png(path, picture)
    run = run_program(
        "inpaint", source, folder / f"{stem}.png", "--mask", str(mask), "--reference", str(truth), *flags
    )
    metrics = run.record["metrics"]
    ours = metrics["missing_psnr_db"]
    row = [
        100 * float(missing.mean()),
        _missing_psnr_db(_telea(damaged, missing), clean, missing),
        _missing_psnr_db(_biharmonic(damaged, missing), clean, missing),
        metrics["classical_missing_psnr_db"],
        ours,
        best_psnr_db(run) - metrics["psnr_db"],
        run.cpu_seconds,
    ]
    endings = "/".join(f"{part['ending']} {part['best_iteration']}" for part in run.record.get("runs", []))
    endings = endings or run.record["ending"]
    print(_line(kind, name, row, f"{run.record['decisions']['recipe']}: {endings}"), flush=True)
    return row


def _case(kind: str, name: str) -> tuple[Array, Mask]:
    """The clean picture, and True where it is missing."""
    if kind in REAL:
        return _read(DATA / "inpainting" / f"{kind}.png"), _read(DATA / "inpainting" / f"{kind}_mask.png") < 0.5
    clean = _read(DATA / "inpainting" / "barbara.png") if kind == "barbara" else clean_picture(name)
    if kind == "text":
        return clean, _text(clean.shape[0])
    if kind == "holes":
        missing = np.zeros(clean.shape[:2], dtype=bool)
        for top, left in HOLES:
            missing[top : top + SIDE_OF_HOLE, left : left + SIDE_OF_HOLE] = True
        return clean, missing
    if kind == "scribble":
        drawn = Image.open(DATA / "inpainting" / "scribble_mask.png").convert("L")
        return clean, np.asarray(drawn.resize(clean.shape[1::-1], Image.Resampling.BOX)) < 255
    random = np.random.default_rng(zlib.crc32(f"{kind} {name}".encode()))
    share = 50 if kind == "barbara" else float(kind.split()[1])
    return clean, random.random(clean.shape[:2]) < share / 100


def _text(side: int) -> Mask:
    page = Image.new("L", (side, side))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(side // 14)
    for k, top in enumerate(range(4, side, side // 9)):
        draw.text((4, top), (WORDS * 2)[7 * k :], fill=255, font=font)
    return np.asarray(page) > 0


def _read(path: Path) -> Array:
    return np.asarray(Image.open(path), dtype=np.float64) / 255


def _telea(damaged: Array, missing: Mask) -> Array:
    values = np.round(damaged * 255).astype(np.uint8)
    return cv2.inpaint(values, missing.astype(np.uint8), 3, cv2.INPAINT_TELEA).astype(np.float64) / 255


def _biharmonic(damaged: Array, missing: Mask) -> Array:
    axis = 2 if damaged.ndim == 3 else None
    return np.asarray(inpaint_biharmonic(damaged, missing, split_into_regions=True, channel_axis=axis))


def _missing_psnr_db(picture: Array, clean: Array, missing: Mask) -> float:
    return float(-10 * np.log10(np.square(np.clip(picture, 0, 1) - clean)[missing].mean()))


def _line(kind: str, name: str, row: list[float], ending: str) -> str:
    numbers = " | ".join(f"{value:.2f}" for value in row[1:-1])
    return f"| {kind} | {name} | {row[0]:.0f} % | {numbers} | {row[-1]:.0f} | {ending} |"
