"""Early stopping: the rise and fall of the picture, and where both detectors stop, without the truth.

`--setup paper` is the stock network on the values as they are, `fast` and `projector` are what the program does by
default and with `--prior projector`. The run goes on to `--iterations` whatever the detectors say.
"""

import argparse
import time
from dataclasses import replace

import torch

from dipcli.engine.averaging import RunningAverage
from dipcli.engine.descent import Descent
from dipcli.engine.device import allocated_threads, prepare
from dipcli.engine.stopper import Stopper
from dipcli.engine.stopping import build_stopper
from dipcli.fidelities import mean_squared_error
from dipcli.metrics import psnr_db
from dipcli.options.engine import StopName
from dipcli.options.presets import FAST, PAPER, STOCK
from dipcli.pictures.denoising import state_denoising
from dipcli.pictures.options import DenoiseOptions
from dipcli.pictures.picture_problem import picture_problem
from dipcli.priors.prior import build_prior
from tests.bench.pictures import clean_picture, noisy_picture

STOPS: tuple[StopName, ...] = ("wmv", "emv", "self-validation")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench stopping", description=__doc__)
    parser.add_argument("--setup", choices=["paper", "fast", "projector"], default="paper")
    parser.add_argument("--average", choices=["wmv", "emv"], default="wmv", help="whose average is returned")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--width", type=int, default=0, help="of every scale; 0 for the setup's own")
    parser.add_argument("--iterations", type=int, default=1800)
    parser.add_argument("--pictures", default="F16")
    parser.add_argument("--kind", default="gaussian 0.26")
    known = parser.parse_args(arguments)
    prepare(torch.device("cpu"), allocated_threads())
    for name in known.pictures.split(","):
        _run(name, known)


def _run(name: str, known: argparse.Namespace) -> None:
    kind, iterations = known.kind, known.iterations
    clean = clean_picture(name, known.side)
    arrays = (clean, noisy_picture(clean, kind, name))
    truth, noisy = (torch.from_numpy(array).permute(2, 0, 1).float() for array in arrays)
    setup = {"paper": PAPER, "fast": FAST, "projector": STOCK["projector"]}[known.setup]
    if known.width:
        widths = (known.width,) * len(setup.prior.width)
        setup = replace(setup, prior=replace(setup.prior, width=widths))
    problem = picture_problem(noisy, mean_squared_error)
    options = replace(setup.stopping, iterations=iterations)
    if known.setup == "paper":
        options = replace(options, patience=iterations // 3)
    else:
        problem = state_denoising(noisy, DenoiseOptions(classical=0.0, engine=setup)).problem
    torch.manual_seed(0)
    prior = build_prior(problem.unknowns["image"], setup.prior)
    window = 100 if known.setup == "paper" else 20
    stoppers: dict[str, Stopper] = {
        stop: build_stopper(problem, replace(options, stop=stop, window=window))[1] for stop in STOPS
    }
    # Each detector returns an average; EMV's own forgets by alpha, as in its authors' code.
    decay = {"wmv": options.averaging, "emv": min(options.averaging, 0.9)}[known.average]
    average = RunningAverage(decay)
    best: dict[str, tuple[int, float, float]] = {}
    curve: list[tuple[float, float]] = []
    ended: dict[str, int] = {}
    start = time.perf_counter()
    for step in Descent(problem, {"image": prior}, setup.descent):
        average.update(step.estimate)
        curve.append((psnr_db(step.picture, truth), psnr_db(problem.picture(average.value()), truth)))
        for key, stopper in stoppers.items():
            verdict = stopper.update(step)
            if verdict.best:
                best[key] = (step.iteration, *curve[-1])
            if verdict.stop:
                ended.setdefault(key, step.iteration)
        if step.iteration == iterations:
            break
    seconds = time.perf_counter() - start
    print(f"\n{known.setup}: {name} {known.side}², {kind}, noisy {psnr_db(noisy, truth):.2f} dB")
    print(f"{seconds / iterations:.2f} s per iteration\n")
    print("| iteration | " + " | ".join(str(k) for k in _shown(iterations)) + " |")
    print("|---" * (1 + len(_shown(iterations))) + "|")
    for row, label in enumerate(("iterate", "average")):
        print(f"| {label} dB | " + " | ".join(f"{curve[k - 1][row]:.2f}" for k in _shown(iterations)) + " |")
    peaks = [max(range(iterations), key=lambda k: curve[k][row]) for row in (0, 1)]
    tops = [f"{curve[at][row]:.2f} dB at {at + 1}" for row, at in enumerate(peaks)]
    print(f"peak: iterate {tops[0]}, average {tops[1]}")
    for key, (iteration, raw, averaged) in best.items():
        print(
            f"{key}: minimum at {iteration}, confirmed at {ended.get(key, 'never')}, "
            f"iterate {raw:.2f} dB, returned {averaged:.2f} dB, gap {curve[peaks[1]][1] - averaged:.2f} dB"
        )


def _shown(iterations: int) -> list[int]:
    return [1, *range(iterations // 12, iterations + 1, iterations // 12)]
