"""Columns of made-up sensors (`tests/sensors.py`) beside SciPy: the truth's variance by the error's, in dB.

Savitzky and Golay have the window (5 to 101 rows, order 2) that is best by the truth; the smoothing spline chooses
its own by generalised cross-validation. Gaps: 25 rows of the first column, which SciPy's peers fill by a line.
Five seeds of the noise; nothing was tuned, but the third column is a random walk, as one of our models is.
"""

import argparse

import numpy as np
from scipy.interpolate import make_smoothing_spline
from scipy.signal import savgol_filter

from dipcli.series.smoothing import restore_columns
from tests.sensors import NAMES, NOISE, true_columns

GAP = slice(100, 125)


def main(arguments: list[str]) -> None:
    argparse.ArgumentParser(prog="python -m tests.bench series", description=__doc__).parse_args(arguments)
    truth = true_columns()
    rows = {name: [] for name in (*NAMES, "the gap")}
    for seed in range(5):
        values = truth + np.random.default_rng(seed).normal(size=truth.shape) * NOISE[:, None]
        values[0, GAP] = np.nan
        found, at = restore_columns(values)[0], np.arange(truth.shape[1])
        for index, name in enumerate(NAMES):
            known = ~np.isnan(values[index])
            filled = np.interp(at, at[known], values[index][known])
            savgol = max(_db(savgol_filter(filled, n, 2), truth[index], known) for n in range(5, 102, 4))
            spline = make_smoothing_spline(at.astype(float), filled)(at)
            methods = [values[index], spline, found[index]]
            first, *others = [_db(each, truth[index], known) for each in methods]
            rows[name].append([first, savgol, *others])
            if not known.all():
                lines = [savgol_filter(filled, 21, 2), spline, found[index]]
                rows["the gap"].append([np.nan, *(_db(each, truth[index], ~known) for each in lines)])
    print("| column | noisy | Savitzky-Golay, best window | SciPy's spline | dipcli |\n|---|---|---|---|---|")
    for name, scores in rows.items():
        cells = ["" if np.isnan(value) else f"{value:.2f}" for value in np.mean(scores, axis=0)]
        print(f"| {name} | {' | '.join(cells)} |")


def _db(values: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    return float(10 * np.log10(truth.var() / np.mean((values - truth)[where] ** 2)))
