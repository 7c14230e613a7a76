"""Deblurring: known kernels beside scikit-image's filters, unknown kernels beside edges alone; PSNR up to shift.

`--rows known,noisy,turned,blind,blind-noisy,sizes,shift,sharp,kinds,again,unknown,lai,made,photos,large` narrows
it down; further flags go to `dipcli deblur`. What the folder of `--keep` has already is not run again.
Levin et al. (CVPR 2009): two pictures of 255² by eight real kernels. On all 32 pairs of that set, from other
people's files: blurred 23.25, SelfDeblur (5000 steps on a GPU) 33.25,
W-DIP 33.61, true kernel and sparse deconvolution 35.42 dB.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import skimage.data
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.restoration import richardson_lucy, unsupervised_wiener

from dipcli.blur.blur import disk_kernel, gaussian_kernel
from dipcli.blur.deconvolution import deconvolve_tv, inside
from dipcli.blur.edge_kernels import estimate_kernel
from dipcli.metrics import psnr_up_to_shift_db
from tests.bench.blurred import (
    OF_LAI,
    PHOTOGRAPHS,
    SIDES,
    Case,
    blurred_by,
    enlarged,
    lai_case,
    levin_truth,
    made_pair,
    photograph,
    real_pair,
    save_picture,
    with_noise,
)
from tests.bench.pictures import DATA
from tests.bench.program import Run, run_program
from tests.bench.sheet import contact_sheet

Array = NDArray[np.float64]

PAIRS = [(picture, kernel) for picture in (1, 2) for kernel in range(1, 9)]
KINDS = ("chelsea", "coffee", "camera", "astronaut", "page", "rocket", "logo", "text", "grass", "coins")
MEGAPIXELS = (1, 3, 6, 12)
METHODS = ("tv", "patches", "wiener", "rl")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench deblur", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--pairs", default=",".join(f"{i}-{j}" for i, j in PAIRS), help="Picture-kernel.")
    parser.add_argument("--noise", default="0,0.02,0.05", help="Deviations, for the rows unknown.")
    parser.add_argument("--keep", type=Path, help="A folder for what comes out, and what is there.")
    known, flags = parser.parse_known_args(arguments)
    pairs = [(int(name[0]), int(name[2])) for name in known.pairs.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for name in known.rows.split(","):
            print(f"\n### {name}")
            ROWS[name](Bench(place, flags, [float(sigma) for sigma in known.noise.split(",")]), pairs)


@dataclass(frozen=True)
class Bench:
    """Where files go, what the program is told beside, and how noisy the pairs of unknown kernels are."""

    place: Path
    flags: list[str]
    noises: list[float]

    def run(self, case: Case, *flags: str, ending: str = "png") -> Run:
        """One whole process on a case, scored."""
        names = (f"{case.name}.{ending}", f"{case.name}.truth.png", f"{case.name}.true_kernel.npy")
        source, truth, kernel = (self.place / name for name in names)
        save_picture(source, case.blurred)
        save_picture(truth, case.truth)
        np.save(kernel, case.kernel.astype(np.float32))
        given = [word.replace("TRUE", str(kernel)) for word in flags]
        return self.deblur(source, self.place / f"{case.name}.sharp.png", "--reference", str(truth), *given)

    def deblur(self, source: Path, output: Path, *flags: str) -> Run:
        """One whole process, or what is kept of it; interrupted benches go on where they were."""
        kept, words = self.place / "rows.json", (*flags, *self.flags)
        rows = json.loads(kept.read_text()) if kept.is_file() else {}
        key = " ".join((source.name, *(word for word in words if str(self.place) not in word)))
        if key not in rows:
            rows[key] = run_program("deblur", source, output, *words)._asdict()
            kept.write_text(json.dumps(rows))
        return Run(**rows[key])


def known_kernels(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """A1: real pairs, the true kernel given."""
    _informed(bench, [real_pair(*pair) for pair in pairs])


def known_noisy(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """A2 and A3: blurred by us, with noise."""
    for sigma in (0.01, 0.02, 0.05):
        _informed(bench, [made_pair(*pair, sigma) for pair in pairs])


def _informed(bench: Bench, cases: list[Case]) -> None:
    _head("case", "blurred", "RL 30 (skimage)", "unsupervised Wiener (skimage)", *METHODS, "s (tv)", "s (patches)")
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
        _print(case.name, row)
    _print("**mean**", [mean(column) for column in zip(*rows, strict=True)])


def turned(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Kernels that are turned by 180 degrees: right all the same, or said."""
    _head("case", "blurred", "turned kernel", "right kernel", "kernel", "warnings")
    rows = []
    for pair in pairs:
        case = real_pair(*pair)
        flipped = Case(f"{case.name}_turned", case.blurred, case.truth, case.kernel[::-1, ::-1])
        run, right = (bench.run(each, "--kernel", "TRUE", "--method", "tv") for each in (flipped, case))
        scores = [each.record["metrics"]["psnr_up_to_shift_db"] for each in (run, right)]
        rows.append([run.record["metrics"]["input_psnr_up_to_shift_db"], *scores])
        _print(case.name, rows[-1], run.record["decisions"]["kernel"], " ".join(run.record["warnings"]))
    _print("**mean**", [mean(column) for column in zip(*rows, strict=True)])


def blind(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B1 and B2: the window has twice the side of the true kernel."""
    _blind(bench, [(pair, real_pair(*pair)) for pair in pairs])


def blind_noisy(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B4: noise is added to the real pairs."""
    for sigma in (0.02, 0.05):
        _blind(bench, [(pair, with_noise(real_pair(*pair), sigma)) for pair in pairs])


def _blind(bench: Bench, cases: list[tuple[tuple[int, int], Case]]) -> None:
    _head(
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
        _print(case.name, row, run.record["decisions"]["kernel_of"], " ".join(run.record["warnings"]))
    means = [mean(column) for column in zip(*rows, strict=True)]
    _print("**mean**", means, f"gain {means[3] - means[0]:+.2f}", "")


def unknown(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Nothing is said of the kernel, not even its size; without noise and with."""
    for sigma in bench.noises:
        _head("case", "blurred", "dipcli", "similarity", "CPU s", "warnings")
        rows = []
        for pair in pairs:
            case = with_noise(real_pair(*pair), sigma) if sigma else real_pair(*pair)
            rows.append(_scored(bench, case))
        _print("**mean**", [mean(column) for column in zip(*rows, strict=True)])


def lai(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Lai's kernels on four pictures in colour."""
    _head("case", "blurred", "dipcli", "similarity", "CPU s", "warnings")
    for step in range(len(OF_LAI)):
        for number, picture in enumerate(OF_LAI):
            _scored(bench, lai_case(picture, (number + step) % 4 + 1))


def photographs(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Four made photographs: noise, JPEG, and a sheet to look at."""
    _head("case", "blurred", "dipcli", "similarity", "CPU s", "warnings")
    rows = []
    for name in PHOTOGRAPHS:
        case = photograph(name)
        _scored(bench, case, ending="jpg")
        rows.append(
            [bench.place / f"{case.name}{ending}" for ending in (".jpg", ".sharp.png", ".sharp.kernel.png")]
        )
    contact_sheet(rows, bench.place / "made.png")


def _scored(bench: Bench, case: Case, ending: str = "png") -> list[float]:
    run = bench.run(case, "--reference-kernel", "TRUE", ending=ending)
    metrics = run.record["metrics"]
    names = ("input_psnr_up_to_shift_db", "psnr_up_to_shift_db", "kernel_similarity")
    row = [*(metrics.get(name, float("nan")) for name in names), run.cpu_seconds]
    _print(case.name, row, " ".join(run.record["warnings"]))
    return row


def sizes(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B5: the result hardly depends on the window."""
    _head("case", "true + 4", "twice", "63", "spread")
    for pair in ((1, 1), (2, 5), (2, 3)):
        case, side = real_pair(*pair), SIDES[pair[1]]
        windows = (side + 4, 2 * side + 1, 63)
        row = [
            bench.run(case, "--kernel-size", str(window)).record["metrics"]["psnr_up_to_shift_db"]
            for window in windows
        ]
        _print(case.name, [*row, max(row) - min(row)])


def shift(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B6: kernels that are even on all sides shift nothing."""
    _head("case", "blurred", "dipcli", "dipcli, unshifted")
    for name, kernel in (("gauss 1.5", gaussian_kernel(1.5)), ("disk 4", disk_kernel(4))):
        metrics = bench.run(blurred_by(name, levin_truth(1), kernel.double().numpy())).record["metrics"]
        _print(name, [metrics[f"{of}psnr_up_to_shift_db"] for of in ("input_", "")] + [metrics["psnr_db"]])


def sharp(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B7: a sharp picture comes back."""
    _head("case", "dipcli, against the input", "s", "warnings")
    point = np.zeros((3, 3))
    point[1, 1] = 1
    for number in (1, 2):
        run = bench.run(blurred_by(f"sharp {number}", levin_truth(number), point))
        _print(f"picture {number}", [run.record["metrics"]["psnr_db"], run.seconds], *run.record["warnings"])


def kinds(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Sharp pictures of all kinds come back bit by bit: those of scikit-image."""
    _head("picture", "CPU s", "is unchanged", "sharpness", "warnings")
    for name in KINDS:
        source, output = (bench.place / f"{name}{ending}.png" for ending in ("", ".sharp"))
        picture = np.asarray(getattr(skimage.data, name)())
        picture = (
            picture * np.uint8(255)
            if picture.dtype == bool
            else picture[..., :3]
            if picture.ndim == 3
            else picture
        )
        Image.fromarray(picture).save(source)
        run = bench.deblur(source, output)
        same = np.array_equal(np.asarray(Image.open(output)), picture)
        decided = run.record["decisions"]
        _print(
            name,
            [run.cpu_seconds],
            "yes" if same else "no",
            decided["sharpness"],
            " ".join(run.record["warnings"]),
        )


def large(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Seconds and memory of large pictures: coffee of scikit-image, enlarged, behind a curve, with noise."""
    _head("picture", "CPU s", "GB", "blurred dB", "dipcli dB", "similarity")
    for megapixels in MEGAPIXELS:
        case = enlarged(megapixels)
        run = bench.run(case, "--reference-kernel", "TRUE")
        metrics = run.record["metrics"]
        names = ("input_psnr_up_to_shift_db", "psnr_up_to_shift_db", "kernel_similarity")
        numbers = [run.cpu_seconds, run.peak_mib / 1024, *(metrics.get(name, float("nan")) for name in names)]
        _print(case.name, numbers, " ".join(run.record["warnings"]))


def again(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """B8: the same seed and threads give the same kernel."""
    case = real_pair(*pairs[0])
    kernels = []
    for number in range(2):
        named = replace(case, name=f"{case.name}_again{number}")
        bench.run(named)
        kernels.append(np.load(bench.place / f"{named.name}.sharp.kernel.npy"))
    print(f"{case.name}: kernels of two runs are equal: {np.array_equal(*kernels)}")


def photos(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Nine real photographs without truth, and a sheet to look at."""
    _head("photograph", "CPU s", "kernel", "of", "warnings")
    rows = []
    for source in sorted((DATA / "blur").glob("*/*.jpg")):
        output = bench.place / f"{source.stem}.sharp.png"
        run = bench.deblur(source, output)
        kernel = np.load(output.with_name(f"{output.stem}.kernel.npy"))
        decided = run.record["decisions"].get("kernel_of", "-")
        _print(source.stem, [run.cpu_seconds, float(len(kernel))], decided, " ".join(run.record["warnings"]))
        rows.append((source, output, output.with_name(f"{output.stem}.kernel.png")))
    contact_sheet(rows, bench.place / "photos.png")


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


def _head(*names: str) -> None:
    print(f"| {' | '.join(names)} |")
    print("|---" * len(names) + "|", flush=True)


def _print(name: str, numbers: list[Any], *words: str) -> None:
    cells = [name, *(f"{number:.2f}" for number in numbers), *words]
    print(f"| {' | '.join(cells)} |", flush=True)
