"""Many inputs: pictures a minute, overhead, memory and tiles.

`--rows jobs,overhead,memory,tiles,seam` and `--pictures`, `--megapixels` choose what is measured.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SAMPLE = Path(__file__).parents[2] / "sample_data" / "denoise_truth.png"
PROGRAM = [sys.executable, "-m", "dipcli", "denoise"]
REFUSED = 1  # exit code of a picture that does not fit
ONE = ["--runs", "1", "--compile", "off", "--memory-format", "contiguous"]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="scale")
    parser.add_argument("--rows", default="jobs,overhead,memory,tiles,seam")
    parser.add_argument("--pictures", default="4,16,64")
    parser.add_argument("--megapixels", default="0.25,1,4,24")
    told = parser.parse_args(arguments)
    rows = told.rows.split(",")
    sizes = [float(text) for text in told.megapixels.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "jobs" in rows:
            _jobs(folder, [int(text) for text in told.pictures.split(",")])
        if "overhead" in rows:
            _overhead(folder)
        if "memory" in rows or "tiles" in rows:
            _sizes(folder, sizes, tiles="tiles" in rows)
        if "seam" in rows:
            _seam(folder)


def _noisy(path: Path, shape: tuple[int, int], seed: int = 0) -> Path:
    """The sample enlarged to a size (height, width), with Gaussian noise of deviation 0.1."""
    with Image.open(SAMPLE) as picture:
        clean = np.asarray(picture.resize(shape[::-1], Image.Resampling.BICUBIC), np.float32) / 255
    noise = np.random.default_rng(seed).standard_normal(clean.shape, dtype=np.float32)
    Image.fromarray(np.round((clean + 0.1 * noise).clip(0, 1) * 255).astype(np.uint8)).save(path)
    return path


def _folder(parent: Path, count: int, shape: tuple[int, int]) -> Path:
    folder = parent / f"in{count}x{shape[0]}"
    if not folder.is_dir():
        folder.mkdir()
        for index in range(count):
            _noisy(folder / f"{index:03}.png", shape, index)
    return folder


def _run(*arguments: object) -> float:
    start = time.perf_counter()
    subprocess.run([*PROGRAM, *map(str, arguments), "-q", "--overwrite"], check=True, capture_output=True)
    return time.perf_counter() - start


def _jobs(folder: Path, counts: Sequence[int]) -> None:
    print("| pictures of 128², 100 iterations | jobs | threads | seconds | pictures a minute |")
    print("|---|---|---|---|---|")
    for count in counts:
        source = _folder(folder, count, (128, 128))
        for jobs, threads in ((1, 1), (1, 2), (2, 1)):
            flags = ("--jobs", jobs, "--threads", threads, "--iterations", 100, *ONE)
            seconds = _run("-r", source, "-o", folder / "out", *flags)
            print(f"| {count} | {jobs} | {threads} | {seconds:.1f} | {60 * count / seconds:.1f} |", flush=True)


def _overhead(folder: Path) -> None:
    """What an item costs beside its restoration: from one record to the next, less the seconds of the second."""
    print("| overhead for each item after the first | median s | largest s |\n|---|---|---|")
    for shape in ((24, 24), (512, 512)):
        out = folder / f"overhead{shape[0]}"
        flags = ("--iterations", 1, "--sigma", 0.1, "--threads", 1, *ONE)
        _run("-r", _folder(folder, 24 if shape[0] < 100 else 4, shape), "-o", out, *flags)
        records = sorted(out.glob("*.run.json"), key=lambda path: path.stat().st_mtime_ns)
        ends = [path.stat().st_mtime_ns / 1e9 for path in records]
        seconds = [json.loads(path.read_text())["seconds"] for path in records]
        gaps = [after - before - own for before, after, own in zip(ends[:-1], ends[1:], seconds[1:], strict=True)]
        print(f"| {len(records)} pictures of {shape[0]}² | {median(gaps):.3f} | {max(gaps):.3f} |", flush=True)


def _sizes(folder: Path, sizes: Sequence[float], *, tiles: bool) -> None:
    print("| megapixels | tiles | peak MB | forecast MB | seconds | seconds a megapixel |")
    print("|---|---|---|---|---|---|")
    for size in sizes:
        side = round((size * 1e6) ** 0.5)
        source = _noisy(folder / "large.png", (side, side))
        for tile in (0, 512) if tiles and side > 512 else (0,):
            flags = [source, "-o", folder / "large_out.png", "--tile", tile, "--threads", 1, "--iterations", 20]
            told = _forecast(*flags) if tile == 0 else 0.0
            start = time.perf_counter()
            peak = _peak(*flags)
            seconds = time.perf_counter() - start
            row = [f"{size:g}", tile or "none", "refused", f"{told:.0f}" if told else "", "", ""]
            if peak:
                row[2], row[4:] = f"{peak:.0f}", [f"{seconds:.0f}", f"{seconds / size:.0f}"]
            print(f"| {' | '.join(map(str, row))} |", flush=True)


def _forecast(*arguments: object) -> float:
    command = [*PROGRAM, *map(str, arguments), *ONE, "--dry-run", "--overwrite", "-q", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])["forecast"]["mebibytes"]) * 2**20 / 1e6


def _peak(*arguments: object) -> float:
    """Peak memory of one process, in MB, waited for by itself alone; 0 where the program refused."""
    command = [*PROGRAM, *map(str, arguments), *ONE, "-q", "--overwrite"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == REFUSED:
        return 0.0
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss * 1024 / 1e6


def _seam(folder: Path) -> None:
    source = _noisy(folder / "seam.png", (512, 512))
    flags = ("--threads", 1)
    for name, more in (("whole", ()), ("tiled", ("--tile", 240)), ("other", ("--seed", 1))):
        _run(source, "-o", folder / f"{name}.png", *flags, *more)
    whole, tiled, other = (_pixels(folder / f"{name}.png") for name in ("whole", "tiled", "other"))
    steps = np.abs(np.diff(tiled - whole, axis=1)).mean((0, 2))
    print("| 512², 9 tiles of 240², grey levels | |\n|---|---|")
    print(f"| tiled - whole, root mean square | {np.sqrt(np.square(tiled - whole).mean()):.2f} |")
    print(f"| another seed - whole, root mean square | {np.sqrt(np.square(other - whole).mean()):.2f} |")
    ratio = steps.max() / np.median(steps)
    print(f"| largest step of the difference across a column, over the median | {ratio:.2f} |")


def _pixels(path: Path) -> NDArray[np.float64]:
    with Image.open(path) as picture:
        return np.asarray(picture, np.float64)
