"""Scratches that nobody marked: what is found of those that are drawn, what is marked in clean pictures, and dB.

`--set tuning` has the pictures that the finder was fitted to, `--set reported` others. Recall is over drawn pixels
that change the picture by more than 0.06; precision counts what is within 3 pixels of one.
"""

import argparse
import tempfile
import zlib
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from dipcli.classical.scratches import find_scratches
from tests.bench.pictures import DATA, NAMES, Array, psnr_db, save_png
from tests.bench.program import run_program

REPORTED = (
    *(f"superresolution/{name}_GT.bmp" for name in ("baby", "bird", "butterfly", "head", "woman", "zebra")),
    *(f"public_domain/{name}_256.png" for name in ("astronaut", "camera", "chelsea", "coffee")),
)
FINER = 4  # times finer is drawn
VISIBLE, NEAR = 0.06, 3
HEAD = "| picture | strokes | marked when clean | drawn | recall | precision | dB before | dB after |"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench scratches", description=__doc__)
    parser.add_argument("--set", choices=("tuning", "reported"), default="reported")
    parser.add_argument("--no-filling", action="store_true", help="Measure the masks alone.")
    known = parser.parse_args(arguments)
    names = [f"images/{name}.png" for name in NAMES] if known.set == "tuning" else REPORTED
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    rows: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = next((p for p in (DATA / name, DATA / name.replace(".bmp", ".png")) if p.is_file()), None)
            if path is None:
                continue
            clean = np.asarray(Image.open(path).convert("RGB"), np.float64) / 255
            marked = 100 * _found(clean).mean()
            for kind in ("bright", "dark"):
                row = [marked, *_measure(clean, path.stem, kind, Path(folder), fills=not known.no_filling)]
                rows.append(row)
                print(_line(path.stem, kind, row), flush=True)
    print(_line("**mean**", "", [mean(column) for column in zip(*rows, strict=True)]))


def _measure(clean: Array, name: str, kind: str, folder: Path, *, fills: bool) -> list[float]:
    damaged, drawn = scratched(clean, name, kind)
    found = _found(damaged)
    visible = drawn & (np.abs(damaged - clean).max(-1) > VISIBLE)
    near = ndimage.binary_dilation(drawn, iterations=NEAR)
    recall, precision = (found & visible).sum() / visible.sum(), (found & near).sum() / max(found.sum(), 1)
    before = psnr_db(damaged, clean)
    after = before
    if fills and found.any():
        source, whole = folder / f"{name}_{kind}.png", folder / f"{name}_{kind}_whole.png"
        save_png(source, damaged)
        run_program("inpaint", source, whole, "--mask", "auto-scratches", "--show-mask", "--no-report")
        after = psnr_db(np.asarray(Image.open(whole), np.float64) / 255, clean)
    return [100 * drawn.mean(), recall, precision, before, after]


def scratched(clean: Array, name: str, kind: str) -> tuple[Array, NDArray[np.bool_]]:
    """The picture with bent strokes of 1 to 4 pixels and specks of 1 to 3.5, all alike, and where they are."""
    random = np.random.default_rng(zlib.crc32(f"{kind} {name}".encode()))
    height, width = clean.shape[:2]
    sheet = Image.new("L", (width * FINER, height * FINER))
    pen, count = ImageDraw.Draw(sheet), max(4, round(10 * height * width / 512**2))
    for _ in range(count):
        begin, angle = random.uniform(0, 1, 2) * (height, width), random.uniform(0, np.pi)
        along = np.array([np.sin(angle), np.cos(angle)]) * random.uniform(0.1, 0.6) * min(height, width)
        middle = begin + along / 2 + random.normal(0, 0.15) * along[::-1] * (1, -1)
        at = np.linspace(0, 1, 40)[:, None]
        points = (1 - at) ** 2 * begin + 2 * at * (1 - at) * middle + at**2 * (begin + along)
        pen.line([(x * FINER, y * FINER) for y, x in points], fill=255, width=int(FINER * random.uniform(1, 4)))
    for _ in range(2 * count):
        (y, x), radius = random.uniform(0, 1, 2) * (height, width), random.uniform(1, 3.5)
        pen.ellipse([(x - radius) * FINER, (y - radius) * FINER, (x + radius) * FINER, (y + radius) * FINER], 255)
    cover = np.asarray(sheet.resize((width, height), Image.Resampling.BOX), np.float64)[..., None] / 255
    cover = cover * random.uniform(0.75, 1)
    value = random.uniform(0.85, 1) if kind == "bright" else random.uniform(0, 0.15)
    damaged = np.round((clean * (1 - cover) + value * cover) * 255) / 255
    return damaged, cover[..., 0] > 0.15


def _found(picture: Array) -> NDArray[np.bool_]:
    return find_scratches(torch.from_numpy(picture).permute(2, 0, 1)).numpy()


def _line(name: str, kind: str, row: list[float]) -> str:
    marked, drawn, recall, precision, before, after = row
    return (
        f"| {name} | {kind} | {marked:.2f} % | {drawn:.1f} % | {recall:.2f} | {precision:.2f} | {before:.2f} | "
        f"{after:.2f} |"
    )
