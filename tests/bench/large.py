"""Large photographs: seconds, memory and dB by preset and threads, beside OpenCV's non-local means and BM3D.

`--megapixels 1,4`, `--presets instant,fast`, `--threads 1,2`, `--peers opencv,bm3d`. The picture is scikit-image's
coffee, enlarged to 4:3, with Gaussian noise of σ = 20/255; OpenCV has the strength that is best for the middle of
the very picture, BM3D is given σ, we are given nothing. Each row is one process, imports and files included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from tests.bench.pictures import Array, psnr_db

SIGMA = 20 / 255
STRENGTHS = (10, 15, 20, 25, 30, 40)
MIDDLE = 512
OPENCV = """
import sys, cv2
strength, threads, noisy, out = float(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
cv2.setNumThreads(threads)
cv2.imwrite(out, cv2.fastNlMeansDenoisingColored(cv2.imread(noisy), None, strength, strength, 7, 21))
"""
BM3D = """
import sys, bm3d, numpy as np
from PIL import Image
sigma, threads, noisy, out = float(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
clean = bm3d.bm3d_rgb(np.asarray(Image.open(noisy)) / 255, sigma)
Image.fromarray(np.round(np.clip(clean, 0, 1) * 255).astype(np.uint8)).save(out)
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="large")
    parser.add_argument("--megapixels", default="1,4")
    parser.add_argument("--presets", default="instant,fast")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--peers", default="opencv,bm3d")
    wanted = parser.parse_args(arguments)
    print("| MP | program | threads | CPU s | seconds | peak MB | noisy dB | result dB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for megapixels in map(float, wanted.megapixels.split(",")):
            truth, noisy = noisy_photograph(Path(name), megapixels)
            for threads in map(int, wanted.threads.split(",")):
                for preset in filter(None, wanted.presets.split(",")):
                    out = Path(name) / "out.png"
                    flags = ["--preset", preset, "--threads", str(threads), "--no-report", "--overwrite", "-q"]
                    command = ["-m", "dipcli", "denoise", str(noisy), "-o", str(out), *flags]
                    _row(megapixels, preset, threads, command, (truth, noisy, out))
            for peer in filter(None, wanted.peers.split(",")):
                _peer_rows(megapixels, peer, [int(t) for t in wanted.threads.split(",")], (truth, noisy))


def noisy_photograph(folder: Path, megapixels: float) -> tuple[Path, Path]:
    """The truth, and the same with noise."""
    height, width = (round(n * (megapixels / 12) ** 0.5) for n in (3000, 4000))
    photograph = Image.fromarray(data.coffee()[:, 33:566]).resize((width, height), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(0).standard_normal((height, width, 3), dtype=np.float32)
    noisy = np.round((np.asarray(photograph) + 255 * SIGMA * noise).clip(0, 255)).astype(np.uint8)
    photograph.save(folder / "truth.png", compress_level=1)
    Image.fromarray(noisy).save(folder / "noisy.png", compress_level=1)
    return folder / "truth.png", folder / "noisy.png"


def _peer_rows(megapixels: float, peer: str, threads: list[int], pictures: tuple[Path, Path]) -> None:
    out = pictures[0].parent / "peer.png"
    if peer == "bm3d":  # which takes no number of threads
        command = ["-c", BM3D, str(SIGMA), "0", str(pictures[1]), str(out)]
        _row(megapixels, "BM3D, given σ", 0, command, (*pictures, out))
        return
    strength = _best_strength(*pictures)
    for count in threads:
        command = ["-c", OPENCV, str(strength), str(count), str(pictures[1]), str(out)]
        _row(megapixels, f"OpenCV, h = {strength}", count, command, (*pictures, out))


def _best_strength(truth: Path, noisy: Path) -> int:
    import cv2

    clean, given = (np.ascontiguousarray(_middle(_pixels(path))) for path in (truth, noisy))

    def quality(strength: int) -> float:
        restored = cv2.fastNlMeansDenoisingColored(given, None, strength, strength, 7, 21)
        return psnr_db(restored / 255, clean / 255)

    return max(STRENGTHS, key=quality)


def _middle(image: Array) -> Array:
    top, left = ((n - min(n, MIDDLE)) // 2 for n in image.shape[:2])
    return image[top : top + MIDDLE, left : left + MIDDLE]


def _pixels(path: Path) -> Array:
    with Image.open(path) as picture:
        return np.asarray(picture)


def _row(megapixels: float, program: str, threads: int, command: list[str], files: tuple[Path, ...]) -> None:
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    truth, noisy, result = (_pixels(path).astype(np.float32) / 255 for path in files)
    cells = [
        f"{megapixels:g}",
        program,
        str(threads or "all"),
        f"{usage.ru_utime + usage.ru_stime:.0f}",
        f"{seconds:.0f}",
        f"{usage.ru_maxrss * 1024 / 1e6:.0f}",
        f"{psnr_db(noisy, truth):.2f}",
        f"{psnr_db(result, truth):.2f}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
