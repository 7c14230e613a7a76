"""What a fit will cost, from a small one like it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from dipcli.engine.checkpoint import Keeper
from dipcli.engine.restore import restore
from dipcli.options.engine import EngineOptions
from dipcli.priors.prior import Prior, build_prior
from dipcli.problem import Problem

TRIAL = 4  # iterations
PROCESS_BYTES = 420e6  # of a program that has just begun, libraries included
COPIES = 25  # of the measurement, float32, in descent, averages and guard
TEXTBOOK = 420  # bytes for each value that the textbook's methods have in memory at their peak
PARAMETER_COPIES = 6  # weights, gradient, Adam's two moments, and the last good state


@dataclass(frozen=True)
class Forecast:
    """Of one input: at most, and roughly."""

    seconds: float
    bytes: float  # of the whole program

    def times(self, factor: float) -> "Forecast":
        """Of a picture so many times as large."""
        return Forecast(self.seconds * factor, PROCESS_BYTES + (self.bytes - PROCESS_BYTES) * factor)


def forecast_fit(problem: Problem, options: EngineOptions) -> Forecast:
    """Try a few iterations; time and memory of all of them. The random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        few = replace(options.stopping, iterations=TRIAL, runs=1, stop="never", max_time=0.0)
        plain = replace(options.descent, compile="off", memory_format="contiguous")
        begin = time.perf_counter()
        restore(problem, replace(options, stopping=few, descent=plain), keeper=Keeper())
        seconds = (time.perf_counter() - begin) / TRIAL
        priors = {name: build_prior(unknown, options.prior) for name, unknown in problem.unknowns.items()}
        fitted = _saved_bytes(problem, {n: p.to(problem.measurement.device) for n, p in priors.items()})
    values = sum(prior().numel() for prior in priors.values()) + problem.measurement.numel()
    steps = options.stopping.iterations * options.stopping.runs
    if options.stopping.max_time:
        return Forecast(min(seconds * steps, options.stopping.max_time), PROCESS_BYTES + _peak(fitted, values))
    return Forecast(seconds * steps, PROCESS_BYTES + _peak(fitted, values))


def _peak(fitted: float, values: int) -> float:
    return max(fitted + 4.0 * COPIES * values, float(TEXTBOOK * values))


def _saved_bytes(problem: Problem, priors: Mapping[str, Prior]) -> float:
    """What one step keeps for its backward pass, each storage counted once, and the weights with their copies."""
    storages: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        estimate = {name: prior() for name, prior in priors.items()}
        terms = problem.terms(estimate, problem.predict(estimate))
    del terms
    weights = sum(p.numel() * p.element_size() for prior in priors.values() for p in prior.parameters())
    return float(sum(storages.values()) + PARAMETER_COPIES * weights)


def free_bytes(device: torch.device) -> float | None:
    """Memory that is free on a device, within the limit of the control group; None where that cannot be told."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    limits = []
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            limits.append(float(line.split()[1]) * 1024)
    allowed, used = (_read(f"/sys/fs/cgroup/memory.{name}").strip() for name in ("max", "current"))
    if allowed.isdecimal() and used.isdecimal():
        limits.append(float(allowed) - float(used))
    return min(limits, default=None)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""
