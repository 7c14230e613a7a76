"""A GPU, measured: steps, whole programs, and the talk's own numbers at full length. One command per part.

    python3 -m tests.bench gpu --parts steps,runs,waits
    python3 -m tests.bench gpu --parts programs
    python3 -m tests.bench gpu --parts published

Parts: steps (the stock network at four sizes: engine, bare loop, bfloat16, channels last, compiled; MiB),
runs (eight beside one), waits (times that a step waits for the device, by the profiler), programs (12 and 24 MP,
a Bragg scan of 64³, k-space of 8 slices; whole processes), published (deep image prior and deep decoder, all
stoppers, 3000 iterations). `--toy` makes everything small, `--device cpu` needs no GPU. Pictures are those of
$DIPCLI_BENCH_DATA, else scikit-image's.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage import data
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from dipcli.engine.device import choose_device, prepare
from dipcli.engine.restore import restore
from dipcli.errors import DivergedError
from dipcli.fidelities import mean_squared_error
from dipcli.options.engine import EngineOptions
from dipcli.options.overrides import Overrides
from dipcli.options.presets import FAST, PAPER
from dipcli.pictures.denoising import state_denoising
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pictures.presets import denoise_options
from tests.bench.large import noisy_photograph
from tests.bench.methods import METHODS, watched
from tests.bench.pictures import DATA, Array, noisy_picture
from tests.bench.program import run_program
from tests.bench.speed import bare_step, engine_step, paired

WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
KINDS = tuple(
    f"{law} {level}"
    for law, levels in (
        ("gaussian", (0.10, 0.26)),
        ("shot", (25, 5)),
        ("speckle", (0.20, 0.45)),
        ("impulse", (0.05, 0.3)),
    )
    for level in levels
)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default="steps,runs,waits,programs,published")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--toy", action="store_true")
    known = parser.parse_args(arguments)
    device = choose_device(known.device)
    prepare(device, torch.get_num_threads())
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print(f"{card}, torch {torch.__version__}")
    parts = {
        "steps": _steps,
        "runs": _runs,
        "waits": _waits,
        "programs": _programs,
        "published": _published,
    }
    for name in known.parts.split(","):
        begin = time.perf_counter()
        parts[name](device, known.toy)
        print(f"({name}: {time.perf_counter() - begin:.0f} s)\n", flush=True)


def _steps(device: torch.device, toy: bool) -> None:
    _head(
        "side",
        "bare ms",
        "engine ms",
        "ratio",
        "bf16 ms",
        "channels last ms",
        "both ms",
        "both, compiled ms",
        "MiB",
    )
    stock = replace(PAPER, descent=replace(PAPER.descent, memory_format="contiguous", compile="off"))
    for side, repeats in ((32, 2),) if toy else ((256, 40), (512, 30), (1024, 15), (2048, 8)):
        _forget(device)
        ours, bare = paired(engine_step(stock, side, device), bare_step(stock, side, device), repeats)
        peak = torch.cuda.max_memory_allocated(device) >> 20 if device.type == "cuda" else 0
        changes: list[dict[str, object]] = [
            {"precision": "bf16"},
            {"memory_format": "channels_last"},
            {"precision": "bf16", "memory_format": "channels_last"},
            {"precision": "bf16", "memory_format": "channels_last", "compile": "on"},
        ]
        others = [_alone(stock, change, side, device, repeats) for change in changes]
        _row(side, 1e3 * bare, 1e3 * ours, ours / bare, *(1e3 * seconds for seconds in others), peak)


def _alone(
    stock: EngineOptions, change: dict[str, object], side: int, device: torch.device, repeats: int
) -> float:
    """Median seconds of a step with one thing changed; NaN where that cannot be done."""
    _forget(device)
    options = replace(stock, descent=replace(stock.descent, **change))  # type: ignore[arg-type]
    try:
        return paired(engine_step(options, side, device), lambda: None, repeats)[0]
    except (RuntimeError, DivergedError) as error:
        print(f"{change}: {error}", file=sys.stderr)
        return float("nan")


def _runs(device: torch.device, toy: bool) -> None:
    _head("preset", "side", "one run s", "eight runs s", "ratio")
    for name, options in (("fast", FAST), ("paper", PAPER)):
        side, iterations = (32, 3) if toy else (256, 300)
        picture = _tensor(_clean("F16", side), device)
        problem = picture_problem(picture, mean_squared_error, guide=picture)
        seconds = []
        for runs in (1, 8):
            stopping = replace(options.stopping, stop="never", iterations=iterations, runs=runs)
            begin = time.perf_counter()
            float(restore(problem, replace(options, stopping=stopping)).picture.sum())
            seconds.append(time.perf_counter() - begin)
        _row(name, side, *seconds, seconds[1] / seconds[0])


def _waits(device: torch.device, toy: bool) -> None:
    _head("preset", "waits per step")
    steps = 2 if toy else 20
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    for name, options in (("fast", FAST), ("paper", PAPER)):
        step = engine_step(options, 32 if toy else 256, device)
        step()
        with profile(activities=kinds) as seen:
            for _ in range(steps):
                step()
        count = sum(event.count for event in seen.key_averages() if event.key in WAITS)
        _row(name, count / steps)


def _programs(device: torch.device, toy: bool) -> None:
    _head("program", "seconds", "of these computing", "device MiB", "score")
    flags = ("--device", str(device), "--no-report")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for megapixels in (0.02,) if toy else (12, 24):
            truth, noisy = noisy_photograph(folder, megapixels)
            for preset in ("instant", "fast"):
                _program(
                    f"denoise {megapixels} MP {preset}",
                    ("denoise", noisy, folder / "out.png"),
                    *flags,
                    "--preset",
                    preset,
                    "--reference",
                    str(truth),
                )
        scan = folder / "scan.cxi"
        side = "24" if toy else "64"
        simulate = ["simulate", "bcdi", "--size", side, "--photons", "1e6", "--output", str(scan)]
        subprocess.run([sys.executable, "-m", "dipcli", *simulate], check=True, capture_output=True)
        _program(f"phase-retrieve {side}³", ("phase-retrieve", scan, folder / "object.cxi"), *flags)
        for kspace in (Path("sample_data/mri.npy"), *sorted((DATA / "mri").glob("*8*.npy"))):
            _program(f"mri {kspace.name}", ("mri", kspace, folder / "image.npy"), *flags)


def _program(title: str, call: tuple[str, Path, Path], *flags: str) -> None:
    run = run_program(*call, *flags)
    metrics = run.record["metrics"]
    score = metrics.get("psnr_db", float("nan"))
    _row(title, run.seconds, run.record["seconds"], run.record["peak_mebibytes"].get("device", 0), score)


def _published(device: torch.device, toy: bool) -> None:
    """Averages of the published loop: raw and averaged dB, and what each stopper would have returned."""
    names = ["best", "at", "last", "best average", "wmv", "emv", "self-validation", "seconds"]
    _head("method", "picture", "noise", *names)
    side, iterations = (32, 4) if toy else (512, 3000)
    cells = [("skip, mse", "F16", "gaussian 0.098"), ("decoder, mse", "F16", "gaussian 0.098")]
    cells += [("skip, mse", name, kind) for name in ("F16", "Peppers") for kind in KINDS]
    for method, name, kind in cells[:2] if toy else cells:
        clean = _clean(name, side)
        given = {"preset": "paper", **METHODS[method]}
        given.pop("width", None)  # as it was published
        preset = given.pop("preset")
        options = denoise_options(preset, device.type, Overrides(given))  # type: ignore[arg-type]
        problem = state_denoising(_tensor(noisy_picture(clean, kind, name), device), options).problem
        if problem is None:
            raise ValueError(f"{method} fits nothing")
        begin = time.perf_counter()
        row = watched(problem, options, _tensor(clean, device), lambda step: step >= iterations)
        stops = [row["stops"][stop][2] or float("nan") for stop in ("wmv", "emv", "self-validation")]  # type: ignore[index]
        results = [row[key] for key in ("best", "best_at", "last", "best_average")]
        _row(method, name, kind, *results, *stops, time.perf_counter() - begin)


def _clean(name: str, side: int) -> Array:
    """One of the pictures at hand, or scikit-image's astronaut in its place; (side, side, 3)."""
    path = DATA / "images" / f"{name}.png"
    picture = Image.open(path).convert("RGB") if path.is_file() else Image.fromarray(data.astronaut())
    return np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS), dtype=np.float64) / 255


def _tensor(array: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(array).permute(2, 0, 1).float().to(device)


def _forget(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _head(*names: str) -> None:
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")


def _row(*values: object) -> None:
    print("| " + " | ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values) + " |", flush=True)
