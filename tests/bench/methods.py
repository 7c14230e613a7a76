"""Published methods side by side: networks x losses on the same pictures, each for the same seconds of CPU.

Every run goes on for `--seconds` whatever a stopper says; all stoppers watch that very run, and what each would
have returned, its average at the minimum, is scored. Nobody knows the best iterate. A cell of a stopper has the dB
(gap to the best average; runs that it ended, of all). Rows are kept in `--save` and not computed again.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from dipcli.engine.averaging import RunningAverage
from dipcli.engine.descent import Descent, Step
from dipcli.engine.device import prepare
from dipcli.engine.stopper import Stopper
from dipcli.engine.stopping import build_stopper
from dipcli.metrics import psnr_db
from dipcli.options.engine import StopName
from dipcli.options.overrides import Overrides
from dipcli.pictures.denoising import state_denoising
from dipcli.pictures.options import DenoiseOptions
from dipcli.pictures.presets import denoise_options
from dipcli.priors.prior import build_prior
from dipcli.problem import Problem
from tests.bench.pictures import clean_picture, noisy_picture

PICTURES = ("F16", "kodim03", "astronaut")
KINDS = ("gaussian 0.10", "gaussian 0.26", "shot 25")
HOURGLASS = {
    "preset": "paper",
    "width": (16,) * 5,
    "classical": 0.0,
    "tv_weight": 0.0,
    "averaging": 0.95,
}
# By name: what is given beside the preset. Stock networks are narrower, some rates higher, to come anywhere soon.
METHODS: dict[str, dict[str, object]] = {
    "skip, mse": {**HOURGLASS, "loss": "mse"},
    "skip, l1": {**HOURGLASS, "loss": "l1"},
    "skip, poisson": {**HOURGLASS, "loss": "poisson"},
    "skip, sparse": {**HOURGLASS, "loss": "sparse"},
    "skip, sure": {**HOURGLASS, "loss": "sure", "jitter": 0.0},
    "decoder, mse": {"prior": "decoder", "loss": "mse", "classical": 0.0, "tv_weight": 0.0},
    "projector, rmse": {"prior": "projector", "loss": "rmse", "classical": 0.0},
    "siren, mse": {
        "prior": "siren",
        "width": (64,) * 3,
        "learning_rate": 1e-3,
        "loss": "mse",
        "classical": 0.0,
        "tv_weight": 0.0,
    },
    "spectral, mse": {
        "prior": "spectral",
        "width": (32,) * 5,
        "learning_rate": 5e-3,
        "loss": "mse",
        "classical": 0.0,
        "tv_weight": 0.0,
    },
    "guided, auto": {"classical": 0.0},
    "guided, sure": {"loss": "sure", "classical": 0.0},
}
STOPPERS: tuple[StopName, ...] = ("wmv", "emv", "self-validation", "sharpness", "zero-crossing", "held-out")


@dataclass
class Watched:
    """What one stopper says of a run that goes on all the same."""

    stopper: Stopper
    best: tuple[int, float, float] = (0, 0.0, 0.0)
    ended: int = 0

    def see(self, step: Step, raw: float, averaged: float) -> None:
        verdict = self.stopper.update(step)
        if not self.ended and verdict.best:
            self.best = (step.iteration, raw, averaged)
        if not self.ended and verdict.stop:
            self.ended = step.iteration


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench methods", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="of CPU time, for each run")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--pictures", default=",".join(PICTURES))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--only", default="", help="methods, separated by semicolons")
    parser.add_argument("--save", type=Path, default=Path("methods.json"))
    parser.add_argument("--print", action="store_true", help="compute nothing")
    known = parser.parse_args(arguments)
    prepare(torch.device("cpu"), 1)
    rows = json.loads(known.save.read_text()) if known.save.is_file() else {}
    wanted = [name for name in known.only.split(";") if name] or ["classical", *METHODS]
    pictures, kinds = known.pictures.split(","), known.kinds.split(",")
    turns = [
        (kinds[(i + turn) % len(kinds)], name) for turn in range(len(kinds)) for i, name in enumerate(pictures)
    ]
    for kind, name in turns:  # the first ones already have every picture and every noise
        for method in wanted:
            key = f"{method}|{kind}|{name}|{known.side}|{known.seconds:g}"
            if key not in rows and not known.print:
                rows[key] = measured(method, kind, name, known)
                known.save.write_text(json.dumps(rows, indent=1))
                print(key, rows[key], flush=True)
    _print(rows, wanted)


def measured(method: str, kind: str, name: str, known: argparse.Namespace) -> dict[str, object]:
    """One run: the best iterate and average, and what each stopper would have returned."""
    clean = clean_picture(name, known.side)
    arrays = (clean, noisy_picture(clean, kind, name))
    truth, noisy = (torch.from_numpy(array).permute(2, 0, 1).float() for array in arrays)
    if method == "classical":
        return _classical(noisy, truth)
    given = dict(METHODS[method])
    options = denoise_options(given.pop("preset", "fast"), "cpu", Overrides(given))  # type: ignore[arg-type]
    problem = state_denoising(noisy, options).problem
    if problem is None:
        raise ValueError(f"{method} fits nothing")
    begin = time.process_time()
    return watched(problem, options, truth, lambda _: time.process_time() - begin >= known.seconds)


def _classical(noisy: torch.Tensor, truth: torch.Tensor) -> dict[str, object]:
    """The input, the classical answer, and what the program returns by default."""
    begin = time.process_time()
    statement = state_denoising(noisy, DenoiseOptions(classical=1.0))
    result = statement.classical[1]
    return {
        "noisy": psnr_db(noisy, truth),
        "best": psnr_db(result, truth),
        "seconds": time.process_time() - begin,
    }


def watched(
    problem: Problem, options: DenoiseOptions, truth: torch.Tensor, ended: Callable[[int], bool]
) -> dict[str, object]:
    """A fit that goes on until it is `ended` after some iteration, and what stoppers say meanwhile."""
    torch.manual_seed(0)
    device = problem.measurement.device
    priors = {
        name: build_prior(unknown, options.engine.prior).to(device) for name, unknown in problem.unknowns.items()
    }
    stoppers: dict[str, Watched] = {}
    for stop in STOPPERS:
        if stop == "held-out" or (stop == "zero-crossing" and not problem.responses):
            continue  # values that are hidden would make another run
        stopping = replace(options.engine.stopping, stop=stop, samples=0, iterations=10**6)
        stopping = replace(
            stopping, window=min(stopping.window, 50), patience=min(stopping.patience, 200), warm_up=50
        )
        stoppers[stop] = Watched(build_stopper(problem, stopping)[1])
    average = RunningAverage(options.engine.stopping.averaging)
    curve: list[tuple[float, float]] = []
    for step in Descent(problem, priors, options.engine.descent):
        average.update(step.estimate)
        curve.append((psnr_db(step.picture, truth), psnr_db(problem.picture(average.value()), truth)))
        for each in stoppers.values():
            each.see(step, *curve[-1])
        if ended(step.iteration):
            break
    top = max(range(len(curve)), key=lambda i: curve[i][0])
    return {
        "iterations": len(curve),
        "best": curve[top][0],
        "best_at": top + 1,
        "best_average": max(averaged for _, averaged in curve),
        "last": curve[-1][0],
        "stops": {stop: [*each.best, each.ended] for stop, each in stoppers.items()},
    }


def _print(rows: dict[str, dict[str, object]], wanted: list[str]) -> None:
    """Means over pictures and noises of what is there of each method."""
    stops = [stop for stop in STOPPERS if stop != "held-out"]
    print("\n| method | runs | iterations | best iterate, at | last | best average | " + " | ".join(stops) + " |")
    print("|---" * (6 + len(stops)) + "|")
    for method in wanted:
        own = [row for key, row in rows.items() if key.split("|")[0] == method]
        if not own:
            continue
        if method == "classical":
            print(f"| {method} | {len(own)} | | {_mean(own, 'best'):.2f} | | |" + " |" * len(stops))
            continue
        cells = []
        for stop in stops:
            found = [row["stops"][stop] for row in own if stop in row["stops"] and row["stops"][stop][0]]  # type: ignore[index,operator]
            gaps = [row["best_average"] - row["stops"][stop][2] for row in own if row["stops"].get(stop, [0])[0]]  # type: ignore[index,operator,attr-defined]
            sure = sum(1 for one in found if one[3])
            cells.append(
                f"{sum(one[2] for one in found) / len(found):.2f} ({sum(gaps) / len(gaps):.2f}; {sure}/{len(own)})"
                if found
                else ""
            )
        print(
            f"| {method} | {len(own)} | {_mean(own, 'iterations'):.0f} | {_mean(own, 'best'):.2f}, "
            f"{_mean(own, 'best_at'):.0f} | {_mean(own, 'last'):.2f} | {_mean(own, 'best_average'):.2f} | "
            + " | ".join(cells)
            + " |"
        )


def _mean(rows: list[dict[str, object]], name: str) -> float:
    return sum(float(row[name]) for row in rows) / len(rows)  # type: ignore[arg-type]
