"""Real brain k-space (8 coils, 230 x 180) beside BART: PSNR over the foreground and over all pixels.

Rows, a command each (`python -m tests.bench mri --rows lines`); without --rows the first three. The name of a case
is a row, too (`--rows points12`):
  lines     fastMRI's random lines, one in 4, 8 % centre, seed 0
  points    two-dimensional, one in 3.9, 20 x 20 centre, as it was published
  few       the middle 128 x 128 values, random lines, 10 of them in the centre
  stopping  the coil model without any classical share: the gap is what early stopping loses against the best
            picture of the run; noise2 and noise4 are the same with 2 and 4 times the noise
  runs      three runs, and how well their spread tells the error (`told`: rank correlation);
            with the default recipe, and the network alone
  sparse    without maps, the middle 128 x 128 values: random lines of which the centre is one (`rand0`), every
            fourth line and three in the centre (`equi4`), and one coil with random lines (`one`), one in 4 each
  regular   the middle 128 x 128 values, every second, third (and the line beside the centre) or fourth line, and
            every fourth point in sheared rows: whether the program says that they stay folded
  partial   the middle 128 x 128 values without lines of one side: 5/8, 6/8 and 7/8 of them are left
            (`pf5` ...), of all coils, of one (`one`), with four times the noise (`noise4`), of half (`half`)
  fast      random lines and Poisson-disc points, one in 8 and one in 12, beside BART's L1-wavelet, locally low
            rank and NLINV, each with the weight (the number of steps) that is best by the truth
  folded    every second line of the scan taken for a whole one of half the field, and of these one in 4
  shares    what a network would gain if its share were chosen with the truth: one fit, mixed with the classical
  losses    the coil model's network alone: squared error or Huber, with total variation or without, 400 iterations
Further flags go to `dipcli mri`. BART is an optional peer (Debian: bart). Seconds and MiB are of the whole
process.
"""

import argparse
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from dipcli.engine.restore import restore
from dipcli.fourier import ifft
from dipcli.metrics import foreground, peak_psnr_db, peak_ssim
from dipcli.mri.encoding import root_sum_of_squares
from dipcli.mri.presets import MRI
from dipcli.mri.reconstruction import state_mri
from dipcli.mri.slices import Slice
from tests.bench.bart import peers, save_cfl
from tests.bench.mri_cases import FAST, PARTIAL, case_of
from tests.bench.program import Run, best_psnr_db, run_program

ALONE = ("--model", "coil", "--classical", "0")
SHORT = (*ALONE, "--stop", "never", "--iterations", "400")
# For each row: what is measured of the scan, and flags.
ROWS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "lines": [("random4", ())],
    "points": [("und2x2", ())],
    "few": [("a128", ())],
    "stopping": [("random4", ALONE)],
    "noise2": [("noise2", ALONE)],
    "noise4": [("noise4", ALONE)],
    "runs": [("random4", ("--runs", "3")), ("random4", ("--runs", "3", *SHORT))],
    "sparse": [("rand0", ()), ("equi4", ()), ("one", ())],
    "regular": [
        (case, ("--method", "tv")) for case in ("every2", "every3", "every3+1", "every4", "sheared4", "equi4")
    ],
    "partial": [(case, ()) for case in PARTIAL],
    "fast": [(case, ()) for case in FAST],
    "folded": [("folded", ())],
    "shares": [(case, ()) for case in ("random4", "und2x2", "a128", "folded", "noise4")],
    "losses": [
        ("random4", (*SHORT, "--loss", loss, "--tv-weight", weight))
        for loss in ("mse", "huber")
        for weight in ("0", "0.001")
    ],
}
SHARES = (0.0, 0.1, 0.2, 0.5, 1.0)  # of the network
HEAD = "| case | method | foreground dB | all dB | SSIM | foreground SSIM | gap | told | seconds | MiB | ending |"
METHODS = ("zero_filled_", "cg_sense_", "tv_", "classical_", "")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench mri", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default=",".join(list(ROWS)[:3]))
    parser.add_argument("--keep", type=Path, help="A folder for what came out.")
    known, flags = parser.parse_known_args(arguments)
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    with tempfile.TemporaryDirectory() as folder:
        place = known.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for row in known.rows.split(","):
            if row == "shares":
                print(f"| case | {' | '.join(f'share {share:g}' for share in SHARES)} |")
            for case, own in ROWS.get(row, [(row, ())]):
                if row == "shares":
                    print(_by_share(case), flush=True)
                    continue
                _measure(case, place, [*own, *flags], with_peers=not own)


def _measure(case: str, folder: Path, flags: list[str], *, with_peers: bool) -> None:
    kspace, mask, full = case_of(case)
    truth = root_sum_of_squares(ifft(torch.from_numpy(full)))
    undersampled = kspace * mask
    save_cfl(folder / f"{case}.cfl", undersampled)
    np.save(folder / f"{case}_truth.npy", truth.numpy())
    score = partial(peak_psnr_db, reference=truth, where=foreground(truth))
    beside = peers(folder / case, case, undersampled, mask, score) if with_peers else {}
    for method, picture in beside.items():
        print(_line(case, method, _scores(picture, truth)), flush=True)
    reference = ("--reference", str(folder / f"{case}_truth.npy"))
    run = run_program("mri", folder / f"{case}.cfl", folder / f"{case}.npy", *reference, *flags)
    metrics = run.record["metrics"]
    for prefix in METHODS:
        if f"{prefix}psnr_db" in metrics:
            row = [metrics[prefix + name] for name in ("foreground_psnr_db", "psnr_db", "ssim", "foreground_ssim")]
            name = f"ours: {prefix.replace('_', ' ').strip() or '**dipcli**'}"
            print(_line(case, name, row, "" if prefix else _whole(run, folder / f"{case}.npy", truth)), flush=True)


def _by_share(case: str) -> str:
    """Foreground and all dB for each share of a network through maps."""
    kspace, mask, full = case_of(case)
    truth = root_sum_of_squares(ifft(torch.from_numpy(full)))
    own = MRI["sense"]["fast"]
    recipe = replace(own, reconstruction=replace(own.reconstruction, classical=0.0))
    scan = Slice(torch.from_numpy(np.ascontiguousarray(kspace * mask)), torch.from_numpy(mask))
    statement = state_mri(scan, recipe.reconstruction, lambda _: recipe)
    if statement.problem is None or statement.problem.unknowns["image"].guide is None:
        raise RuntimeError("There is nothing to fit.")
    guide = statement.problem.unknowns["image"].guide
    image = restore(statement.problem, statement.engine).estimate["image"]
    pictures = [statement.finished({"image": guide.lerp(image, share)}).picture for share in SHARES]
    scores = [_scores(picture, truth) for picture in pictures]
    return f"| {case} | {' | '.join(f'{score[0]:.2f} / {score[1]:.2f}' for score in scores)} |"


def _scores(picture: torch.Tensor, truth: torch.Tensor) -> list[float]:
    inside = foreground(truth)
    return [
        peak_psnr_db(picture, truth, inside),
        peak_psnr_db(picture, truth),
        peak_ssim(picture, truth),
        peak_ssim(picture, truth, inside),
    ]


def _line(case: str, method: str, row: list[float], rest: str = "") -> str:
    numbers = " | ".join([f"{value:.2f}" for value in row[:2]] + [f"{value:.3f}" for value in row[2:]])
    return f"| {case} | {method} | {numbers} | {rest or '| | | |'} |"


def _whole(run: Run, output: Path, truth: torch.Tensor) -> str:
    """What belongs to the run, not to a picture."""
    gap = best_psnr_db(run) - run.record["metrics"]["psnr_db"] if run.record["runs"] else 0.0
    endings = "/".join(f"{part['ending']} {part['best_iteration']}" for part in run.record["runs"])
    endings = f"{endings or run.record['ending']}; {run.record['decisions'].get('network', 'no network')}"
    endings += "; says: folded" * any("stay folded" in warning for warning in run.record["warnings"])
    told = _told(run, output, truth)
    return f"{gap:.2f} | {told} | {run.seconds:.0f} | {run.peak_mib:.0f} | {endings}"


def _told(run: Run, output: Path, truth: torch.Tensor) -> str:
    """The correlation, by ranks, of the spread over runs with the error, over the foreground."""
    if "spread" not in run.record["outputs"]:
        return ""
    inside = foreground(truth)[0].numpy()
    spread = np.load(run.record["outputs"]["spread"])[0][inside]
    error = np.abs(np.abs(np.load(output)[0]) - truth[0].numpy())[inside]
    return f"{spearmanr(spread, error).statistic:.2f}"
