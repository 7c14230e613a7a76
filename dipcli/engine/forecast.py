"""What one frame will cost: of its classical answer by rule, of its fit by a trial of small networks like its own.

Nothing of the measurement is computed: its size alone counts.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from dipcli.options.engine import EngineOptions
from dipcli.priors.prior import Prior, build_prior
from dipcli.problem import Unknown

TRIALS = 3  # steps that are tried, the first of which is not counted
TRIAL_SIDES = {1: 4096, 2: 96, 3: 32}  # of unknowns of so many axes
BESIDE = 1.5  # steps of whole fits take so much longer than their networks: operator, terms, averages, stopper
PROCESS_BYTES = 420e6  # of a program that has just begun, libraries included
COPIES = 25  # of the unknowns and the measurement, float32, in descent, averages and guard
CLASSICAL_BYTES = 420.0  # for each value that classical methods have in memory at their peak
PARAMETER_COPIES = 6  # weights, gradient, Adam's two moments, and the last good state
# Seconds of `_known_work` where the classical methods' seconds were measured: one thread of an Intel Xeon, 2026.
REFERENCE_SECONDS = 0.0072


@dataclass(frozen=True)
class Workload:
    """What one frame asks of the machine."""

    shape: tuple[int, ...]  # of the measurement, (channels, *space)
    engine: EngineOptions
    unknowns: Mapping[str, Unknown] = field(default_factory=dict)  # to be fitted; their guides do not count
    classical_seconds: float = 0.0  # on the machine of REFERENCE_SECONDS
    classical_bytes: float | None = None  # None for CLASSICAL_BYTES each value

    @property
    def n_values(self) -> int:
        """Of the measurement and all unknowns together."""
        shapes = [self.shape, *(unknown.shape for unknown in self.unknowns.values())]
        return sum(torch.Size(shape).numel() for shape in shapes)


@dataclass(frozen=True)
class Forecast:
    """Of one input: at most, and roughly."""

    seconds: float
    bytes: float  # of the whole program


def forecast_of(work: Workload, device: torch.device) -> Forecast:
    """Time and memory of one frame. The random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        classical = work.classical_seconds * _slowness()
        trials = [_trial(unknown, work, device) for unknown in work.unknowns.values()]
    stopping = work.engine.stopping
    seconds = BESIDE * sum(trial.seconds for trial in trials) * stopping.iterations * stopping.runs
    if stopping.max_time:
        seconds = min(seconds, stopping.max_time)
    peak = CLASSICAL_BYTES * work.n_values if work.classical_bytes is None else work.classical_bytes
    fitted = sum(trial.bytes for trial in trials) + 4.0 * COPIES * work.n_values if trials else 0.0
    return Forecast(classical + seconds, PROCESS_BYTES + max(peak, fitted))


def _trial(unknown: Unknown, work: Workload, device: torch.device) -> Forecast:
    """One step of one unknown's network, tried on a smaller unknown of its kind."""
    n_channels, *space = unknown.shape
    limit = TRIAL_SIDES.get(len(space), min(space))
    small = (n_channels, *(min(side, limit) for side in space))
    own = replace(unknown, shape=small, guide=torch.linspace(0.1, 0.9, torch.Size(small).numel()).reshape(small))
    prior = build_prior(own, work.engine.prior).to(device)
    times = [_seconds_of_step(prior) for _ in range(TRIALS)]
    ratio = torch.Size(unknown.shape).numel() / torch.Size(small).numel()
    weights = sum(p.numel() * p.element_size() for p in prior.parameters())
    return Forecast(min(times[1:]) * ratio, _saved_bytes(prior) * ratio + PARAMETER_COPIES * weights)


def _seconds_of_step(prior: Prior) -> float:
    begin = time.perf_counter()
    prior().sum().backward()
    if prior.seed.device.type == "cuda":
        torch.cuda.synchronize(prior.seed.device)
    return time.perf_counter() - begin


def _saved_bytes(prior: Prior) -> float:
    """What one step keeps for its backward pass, each storage counted once, without the weights."""
    storages: dict[int, int] = {}
    weights = {parameter.untyped_storage().data_ptr() for parameter in prior.parameters()}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        kept = prior()
    del kept
    return float(sum(storages.values()))


def _slowness() -> float:
    """How many times slower than the reference this machine is, its threads taken together."""
    return min(_known_work() for _ in range(TRIALS)) / REFERENCE_SECONDS


def _known_work() -> float:
    begin = time.perf_counter()
    picture = torch.ones(4, 256, 256)
    for _ in range(2):
        picture = torch.fft.ifft2(torch.fft.fft2(picture)).real
        picture = torch.einsum("ij,cjk->cik", picture[0] / 256, picture)
    return time.perf_counter() - begin


def free_bytes(device: torch.device) -> float | None:
    """Memory that is free on a device, within the limit of the control group; None where that is not known."""
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
