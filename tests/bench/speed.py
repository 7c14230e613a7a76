"""The engine against a bare hand-written loop, the stock network against its published structure, and start-up."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from dipcli.engine.averaging import Best, RunningAverage
from dipcli.engine.descent import Descent
from dipcli.engine.device import allocated_threads, prepare
from dipcli.engine.guard import Guard
from dipcli.engine.stopping import build_stopper
from dipcli.engine.tuning import Tuning
from dipcli.fidelities import root_mean_squared_error
from dipcli.options.engine import EngineOptions
from dipcli.options.presets import FAST, PAPER
from dipcli.penalties import total_variation
from dipcli.pictures.picture_problem import picture_problem
from dipcli.priors.prior import build_prior
from tests.bench.published import published_skip

CPU = torch.device("cpu")


def main(arguments: list[str]) -> None:
    prepare(torch.device("cpu"), allocated_threads())
    print("| what | engine s/it | bare loop s/it | ratio |\n|---|---|---|---|")
    for name, options, side, repeats in (
        ("fast preset, 256²", FAST, 256, 40),
        ("fast preset, 512²", FAST, 512, 15),
        ("stock 128x5, 128²", PAPER, 128, 6),
    ):
        _row(name, *paired(engine_step(options, side), bare_step(options, side), repeats))
    print("\n| stock 128x5 | ours s/it | published structure s/it | ratio |\n|---|---|---|---|")
    for side, repeats in ((256, 3), (512, 2)):
        _row(f"{side}²", *paired(engine_step(PAPER, side), _published(side), repeats))
    print("\n| start | seconds (median of 7) |\n|---|---|")
    print(f"| dipcli --help | {_process(['--help']):.2f} |")
    print(f"| dipcli denoise --help | {_process(['denoise', '--help']):.2f} |")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(__file__).parents[2] / "sample_data" / "denoise.png"
        cold = [
            "denoise",
            str(source),
            "-o",
            f"{folder}/out.png",
            "--overwrite",
            "-q",
            "--iterations",
            "1",
            "--runs",
            "1",
        ]
        print(f"| denoise of sample_data/denoise.png, one iteration | {_process(cold):.2f} |")
    print(f"| python -c 'import torch' | {_seconds([sys.executable, '-c', 'import torch']):.2f} |")


def _row(name: str, ours: float, theirs: float) -> None:
    print(f"| {name} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.3f} |", flush=True)


def paired(ours: Callable[[], None], theirs: Callable[[], None], repeats: int) -> tuple[float, float]:
    """Median seconds of steps taken in turn, so that a machine that slows down slows both."""
    times: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats + 2):
        for step, seconds in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            step()
            if repeat > 1:
                seconds.append(time.perf_counter() - start)
    return median(times[0]), median(times[1])


def _picture(side: int, device: torch.device = CPU) -> Tensor:
    return torch.rand((3, side, side), generator=torch.Generator().manual_seed(0)).to(device)


def engine_step(options: EngineOptions, side: int, device: torch.device = CPU) -> Callable[[], None]:
    """One step as `solve` takes it: descent, average, detector, guard."""
    torch.manual_seed(0)
    picture = _picture(side, device)
    stopping = replace(options.stopping, warm_up=0)
    problem = picture_problem(picture, root_mean_squared_error, tv_weight=0.3, guide=picture)
    problem, stopper = build_stopper(problem, stopping)
    priors = {"image": build_prior(problem.unknowns["image"], options.prior).to(device)}
    Tuning(options.descent.memory_format, options.descent.compile == "on").apply(priors)
    descent = Descent(problem, priors, options.descent)
    average = RunningAverage(stopping.averaging)
    guard = Guard(descent, stopper, average, Best())

    def step() -> None:
        now = next(descent)
        average.update(now.estimate)
        stopper.update(now)
        guard.rewound(now, is_last=False)

    return step


def bare_step(options: EngineOptions, side: int, device: torch.device = CPU) -> Callable[[], None]:
    """The same network and objective in a loop as one writes it in a notebook."""
    torch.manual_seed(0)
    picture = _picture(side, device)
    problem = picture_problem(picture, root_mean_squared_error, guide=picture)
    prior = build_prior(problem.unknowns["image"], options.prior).to(device)
    adam = torch.optim.Adam([p for p in prior.parameters() if p.requires_grad], lr=0.01, fused=True)

    def step() -> None:
        adam.zero_grad()
        image = prior()
        loss = root_mean_squared_error(image, picture) + 0.3 * total_variation(image)
        loss.backward()
        adam.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return step


def _published(side: int) -> Callable[[], None]:
    """The published denoising loop: network, jitter by a new tensor each time, plain Adam, average."""
    torch.manual_seed(0)
    network: nn.Module = published_skip()
    picture, seed = _picture(side)[None], torch.rand(1, 32, side, side) * 0.1
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    average = [torch.zeros_like(picture)]

    def step() -> None:
        adam.zero_grad()
        out = network(seed + torch.randn_like(seed) / 30)
        average[0] = average[0] * 0.99 + out.detach() * 0.01
        nn.functional.mse_loss(out, picture).backward()
        adam.step()

    return step


def _process(arguments: list[str]) -> float:
    return _seconds([sys.executable, "-m", "dipcli", *arguments])


def _seconds(command: list[str]) -> float:
    times = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return median(times)
