"""Deblurring: known kernels beside scikit-image's filters, unknown kernels beside edges alone; PSNR up to shift.

`--rows known,noisy,turned,blind,blind-noisy,sizes,shift,sharp,kinds,again,unknown,lai,made,photos,large` narrows
it down; further flags go to `dipcli deblur`. What the folder of `--keep` has already is not run again.
Levin et al. (CVPR 2009): two pictures of 255² by eight real kernels. On all 32 pairs of that set, from other
people's files: blurred 23.25, SelfDeblur (5000 steps on a GPU) 33.25,
W-DIP 33.61, true kernel and sparse deconvolution 35.42 dB.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.restoration import richardson_lucy, unsupervised_wiener

from dipcli.blur.blur import disk_kernel, gaussian_kernel
from dipcli.blur.deconvolution import deconvolve_tv, inside
from dipcli.blur.edge_kernels import estimate_kernel
from dipcli.metrics import psnr_up_to_shift_db
from tests.bench.blurred import (
    SIDES,
    Case,
    blurred_by,
    levin_truth,
    made_pair,
    real_pair,
    with_noise,
)
from tests.bench.deblur_pictures import kinds, lai, large, photographs, photos
from tests.bench.deblur_runs import Bench, print_head, print_row, scored

Array = NDArray[np.float64]

PAIRS = [(picture, kernel) for picture in (1, 2) for kernel in range(1, 9)]
SIZED = [(1, 1), (2, 5), (2, 3)]  # unless others are asked for
METHODS = ("tv", "patches", "wiener", "rl")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench deblur", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--pairs", default=",".join(f"{i}-{j}" for i, j in PAIRS), help="Picture-kernel.")
    parser.add_argument("--noise", default="0,0.02,0.05", help="Deviations, for the rows unknown.")
    parser.add_argument("--keep", type=Path, help="A folder for what comes out, and what is there.")
    parser.add_argument("--only", default="", help="Of the rows lai, made, kinds and large: these names.")
    known, flags = parser.parse_known_args(arguments)
    pairs = [(int(name[0]), int(name[2])) for name in known.pairs.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for name in known.rows.split(","):
            print(f"\n### {name}")
            noises = [float(sigma) for sigma in known.noise.split(",")]
            ROWS[name](Bench(place, flags, noises, tuple(filter(None, known.only.split(",")))), pairs)


def known_kernels(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """A1: real pairs, the true kernel given."""
    _informed(bench, [real_pair(*pair) for pair in pairs])


def known_noisy(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """A2 and A3: blurred by us, with noise."""
    for sigma in (0.01, 0.02, 0.05):
        _informed(bench, [made_pair(*pair, sigma) for pair in pairs])


def _informed(bench: Bench, cases: list[Case]) -> None:
    peers = ("RL 30 (skimage)", "unsupervised Wiener (skimage)")
    print_head("case", "blurred", *peers, *METHODS, "s (tv)", "s (patches)")
    rows = []
    for case in cases:
        runs = {method: bench.run(case, "--kernel", "TRUE", "--method", method) for method in METHODS}
        row = [
            _score(case.blurred, case),
            _score(_richardson_lucy(case), case),
            _score(unsupervised_wiener(case.blurred, case.kernel)[0], case),
            *(runs[method].record["metrics"]["psnr_up_to_shift_db"] for method in METHODS),
            runs["tv"].seconds,
            runs["patches"].seconds,
        ]
        rows.append(row)
        print_row(case.name, row)
    print_row("**mean**", [mean(column) for column in zip(*rows, strict=True)])


def turned(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Kernels that are turned by 180 degrees: right all the same, or said."""
    print_head("case", "blurred", "turned kernel", "right kernel", "kernel", "warnings")
    rows = []
    for pair in pairs:
        case = real_pair(*pair)
        flipped = Case(f"{case.name}_turned", case.blurred, case.truth, case.kernel[::-1, ::-1])
        run, right = (bench.run(each, "--kernel", "TRUE", "--method", "tv") for each in (flipped, case))
        scores = [each.record["metrics"]["psnr_up_to_shift_db"] for each in (run, right)]
        rows.append([run.record["metrics"]["input_psnr_up_to_shift_db"], *scores])
        print_row(case.name, rows[-1], run.record["decisions"]["kernel"], " ".join(run.record["warnings"]))
    print_row("**mean**", [mean(column) for column in zip(*rows, strict=True)])


def blind(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B1 and B2: the window has twice the side of the true kernel."""
    _blind(bench, [(pair, real_pair(*pair)) for pair in pairs])


def blind_noisy(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B4: noise is added to the real pairs."""
    for sigma in (0.02, 0.05):
        _blind(bench, [(pair, with_noise(real_pair(*pair), sigma)) for pair in pairs])


def _blind(bench: Bench, cases: list[tuple[tuple[int, int], Case]]) -> None:
    print_head(
        "case", "blurred", "plain edges, true + 2", "edges (ours)", "dipcli", "similarity", "s", "of", "warnings"
    )
    rows = []
    for (_, number), case in cases:
        window = str(2 * SIDES[number] + 1)
        run = bench.run(case, "--kernel-size", window, "--reference-kernel", "TRUE")
        metrics = run.record["metrics"]
        row = [
            metrics["input_psnr_up_to_shift_db"],
            _plain_edges(case, SIDES[number] + 2),
            metrics["classical_psnr_up_to_shift_db"],
            metrics["psnr_up_to_shift_db"],
            metrics["kernel_similarity"],
            run.seconds,
        ]
        rows.append(row)
        print_row(case.name, row, run.record["decisions"]["kernel_of"], " ".join(run.record["warnings"]))
    means = [mean(column) for column in zip(*rows, strict=True)]
    print_row("**mean**", means, f"gain {means[3] - means[0]:+.2f}", "")


def unknown(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Nothing is said of the kernel, not even its size; without noise and with."""
    for sigma in bench.noises:
        print_head("case", "blurred", "dipcli", "similarity", "CPU s", "warnings")
        rows = []
        for pair in pairs:
            case = with_noise(real_pair(*pair), sigma) if sigma else real_pair(*pair)
            rows.append(scored(bench, case))
        print_row("**mean**", [mean(column) for column in zip(*rows, strict=True)])


def sizes(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B5: the result hardly depends on the window."""
    print_head("case", "true + 4", "twice", "63", "spread")
    for pair in SIZED if pairs == PAIRS else pairs:
        case, side = real_pair(*pair), SIDES[pair[1]]
        windows = (side + 4, 2 * side + 1, 63)
        row = [
            bench.run(case, "--kernel-size", str(window)).record["metrics"]["psnr_up_to_shift_db"]
            for window in windows
        ]
        print_row(case.name, [*row, max(row) - min(row)])


def shift(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B6: kernels that are even on all sides shift nothing."""
    print_head("case", "blurred", "dipcli", "dipcli, unshifted")
    for name, kernel in (("gauss 1.5", gaussian_kernel(1.5)), ("disk 4", disk_kernel(4))):
        metrics = bench.run(blurred_by(name, levin_truth(1), kernel.double().numpy())).record["metrics"]
        print_row(name, [metrics[f"{of}psnr_up_to_shift_db"] for of in ("input_", "")] + [metrics["psnr_db"]])


def sharp(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B7: a sharp picture comes back."""
    print_head("case", "dipcli, against the input", "s", "warnings")
    point = np.zeros((3, 3))
    point[1, 1] = 1
    for number in (1, 2):
        run = bench.run(blurred_by(f"sharp {number}", levin_truth(number), point))
        print_row(f"picture {number}", [run.record["metrics"]["psnr_db"], run.seconds], *run.record["warnings"])


def again(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B8: the same seed and threads give the same kernel."""
    case = real_pair(*pairs[0])
    kernels = []
    for number in range(2):
        named = replace(case, name=f"{case.name}_again{number}")
        bench.run(named)
        kernels.append(np.load(bench.place / f"{named.name}.sharp.kernel.npy"))
    print(f"{case.name}: kernels of two runs are equal: {np.array_equal(*kernels)}")


ROWS: dict[str, Callable[[Bench, list[tuple[int, int]]], None]] = {
    "known": known_kernels,
    "noisy": known_noisy,
    "turned": turned,
    "blind": blind,
    "blind-noisy": blind_noisy,
    "sizes": sizes,
    "shift": shift,
    "sharp": sharp,
    "kinds": kinds,
    "again": again,
    "unknown": unknown,
    "lai": lai,
    "made": photographs,
    "photos": photos,
    "large": large,
}


def _richardson_lucy(case: Case) -> Array:
    """Thirty rounds in a frame that is mirrored at its border, as a user without an unknown border would."""
    room = len(case.kernel)
    padded = np.pad(case.blurred, room, mode="reflect")
    return np.asarray(richardson_lucy(padded, case.kernel, num_iter=30))[room:-room, room:-room]


def _plain_edges(case: Case, window: int) -> float:
    """The kernel of edges without a thought of noise, in a window that is told the true size."""
    blurred = torch.from_numpy(case.blurred).float()
    kernel = estimate_kernel(blurred, window)
    return _score(inside(deconvolve_tv(blurred[None], kernel, 6e-4).picture, kernel)[0].double().numpy(), case)


def _score(picture: Array, case: Case) -> float:
    pair = (torch.from_numpy(np.ascontiguousarray(image))[None] for image in (picture, case.truth))
    return psnr_up_to_shift_db(*pair)
