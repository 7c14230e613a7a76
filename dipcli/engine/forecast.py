"""What one frame will cost: of its classical answer by rule, of its fit by a trial of networks like its own.

Nothing of the measurement is computed: its size alone counts. When a fit stops nobody knows before, so times are
a range: from the first iteration at which its stopper may be sure, to its bound. They are those of a machine that
has nothing else to do: on one thread, the time that a trial waited for a processor is not counted.
"""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from statistics import median

import torch
from torch import Tensor

from dipcli.engine.stopper import earliest_ending
from dipcli.io.limits import free_memory
from dipcli.options.engine import EngineOptions, PriorOptions
from dipcli.priors.prior import Prior, build_prior
from dipcli.problem import Unknown, Values

REPEATS = 3  # of a step that is timed, after one that is not
FIRST_SIDES = {1: 4096, 2: 96, 3: 24}  # of the first network that is tried, for unknowns of so many axes
LARGEST = 8  # times that side, of the last network that is tried, however fast a GPU may be
ENOUGH_SECONDS = 0.08  # a step that took so long tells enough; else, one with sides twice as long is tried
BESIDE, BESIDE_SECONDS = (
    1.2,
    0.0015,
)  # a step takes so much longer than its network: terms, averages, stopper; Python
BASE_SECONDS = 0.5  # of one frame beside all that grows with it: reading, first calls, writing
USUAL = 0.6  # of the way from there to the bound: nearly all fits of several runs had ended, on average
UNSURE = 1.2  # the factor by which either end of a range may be wrong
PROCESS_BYTES = 390e6  # of a program that has just begun, libraries included
COPIES = 22  # of the unknowns and the measurement, float32, in descent, averages and guard
SAVED_COPIES = 1.25  # of what one step saves for its backward pass, at the peak
TABLE_BYTES, VALUE_BYTES = (
    (40e6, 134e6, 864.0),
    270.0,
)  # of patch groups: at least, at most, each value; of all else
PARAMETER_COPIES = 6  # weights, gradient, Adam's two moments, and the last good state
# Tensors above this are given back to the system after each use, and asked for again: their pages are made anew.
PAGED_BYTES, SECONDS_PER_PAGED_BYTE = 2**25, 1.2e-9
# Seconds of `_known_work` where the classical methods' seconds were measured: one thread of an Intel Xeon, 2026.
REFERENCE_SECONDS = 0.0085
GAIN = 0.65  # so many threads are as fast as one to this power: measured with two of them


@dataclass(frozen=True)
class Workload:
    """What one frame asks of the machine."""

    shape: tuple[int, ...]  # of the measurement, (channels, *space)
    engine: EngineOptions
    unknowns: Mapping[str, Unknown] = field(default_factory=dict)  # to be fitted; their guides do not count
    classical_seconds: float = 0.0  # on the machine of REFERENCE_SECONDS
    classical_bytes: float | None = None  # None for those of patch groups
    trial: tuple[int, ...] | None = None  # of a part on which one run decides whether there is a fit at all
    classical_most: float = 0.0  # seconds of it at most, where it may take longer than it usually does
    beside: float = BESIDE  # steps of whole fits take so much longer than their networks

    @property
    def n_values(self) -> int:
        """Of the measurement and all unknowns together."""
        shapes = [self.shape, *(unknown.shape for unknown in self.unknowns.values())]
        return sum(torch.Size(shape).numel() for shape in shapes)


@dataclass(frozen=True)
class Forecast:
    """Of one input."""

    least_seconds: float
    seconds: float  # at most, roughly
    bytes: float  # of the whole program
    tiles: int = 1
    at_once: int = 1  # frames that are worked on at a time


def forecast_of(work: Workload, device: torch.device, *, share: float = 1.0, count: int = 1) -> Forecast:
    """Time and memory of so many frames; `share` is that of all tiles of one together in it.

    A trial is one for all of them. Draws no random numbers.
    """
    stopping, limit = work.engine.stopping, work.engine.stopping.max_time or inf
    earliest, bound = earliest_ending(stopping), float(stopping.iterations)
    if stopping.runs > 1:
        bound = earliest + USUAL * (bound - earliest)
    classical = work.classical_seconds * _slowness()
    step = sum(_step_of(unknown, work, device).seconds for unknown in work.unknowns.values())
    slowest = max(classical, work.classical_most * _slowness())
    least, most = classical * share * count, slowest * share * count
    if work.trial is not None and work.unknowns:
        part = torch.Size(work.trial).numel() / torch.Size(work.shape).numel()
        once = replace(work, unknowns={"": Unknown(work.trial)})
        short = _step_of(once.unknowns[""], once, device).seconds
        least += part * classical + earliest * short
        most += part * classical + bound * short
    else:
        least += earliest * stopping.runs * step * share * count
    most += bound * stopping.runs * step * share * count
    longest = max(slowest * share, limit) * count
    base = BASE_SECONDS * _slowness()
    least, most = (base + min(seconds, longest) for seconds in (least, most))
    return Forecast(least / UNSURE, most * UNSURE, needed_bytes(work, device))


def needed_bytes(work: Workload, device: torch.device) -> float:
    """Of the whole program, at its peak."""
    least, most, each = TABLE_BYTES
    n_values = max(torch.Size(shape).numel() for shape in [work.shape, *(u.shape for u in work.unknowns.values())])
    peak = least + min(most, each * n_values) + VALUE_BYTES * n_values
    classical = peak if work.classical_bytes is None else work.classical_bytes
    steps = [_step_of(unknown, work, device) for unknown in work.unknowns.values()]
    fitted = sum(step.bytes for step in steps) + 4.0 * COPIES * work.n_values if steps else 0.0
    return PROCESS_BYTES + max(classical, fitted)


@dataclass(frozen=True)
class Step:
    """What one step of one network costs."""

    seconds: float
    bytes: float


def _step_of(unknown: Unknown, work: Workload, device: torch.device) -> Step:
    step = _tried(unknown.shape, unknown.values, unknown.prior or work.engine.prior, str(device))
    return Step(work.beside * step.seconds + BESIDE_SECONDS * _slowness(), step.bytes)


@functools.lru_cache(maxsize=64)
def _tried(shape: tuple[int, ...], values: Values, options: PriorOptions, device: str) -> Step:
    """A step of a network, from those of smaller ones of its kind, which grow until they take long enough."""
    n_channels, *space = shape
    limit = FIRST_SIDES.get(len(space), max(space))
    while True:
        small = (n_channels, *(min(side, limit) for side in space))
        with torch.random.fork_rng(devices=[]):
            guide = torch.linspace(0.1, 0.9, torch.Size(small).numel()).reshape(small)
            prior = build_prior(Unknown(small, values, guide=guide), options).to(device)
            seconds = _seconds_of_step(prior)
            if small == shape or seconds > ENOUGH_SECONDS or limit >= LARGEST * FIRST_SIDES[len(space)]:
                return _enlarged(prior, seconds, torch.Size(shape).numel() / torch.Size(small).numel())
        limit *= 2


def _enlarged(prior: Prior, seconds: float, ratio: float) -> Step:
    """The step of a network that makes so many times more values."""
    saved = _saved_bytes(prior)
    weights = sum(p.numel() * p.element_size() for p in prior.parameters() if p.requires_grad)
    is_new = prior.seed.device.type == "cpu"
    paged = sum(ratio * size for size in saved if is_new and size <= PAGED_BYTES < ratio * size)
    seconds = seconds * ratio + SECONDS_PER_PAGED_BYTE * paged
    return Step(seconds, SAVED_COPIES * sum(saved) * ratio + PARAMETER_COPIES * weights)


def _seconds_of_step(prior: Prior) -> float:
    """Of a forward and a backward pass, the median of a few; of one that is very slow, the first."""

    def step() -> None:
        prior().sum().backward()
        if prior.seed.device.type == "cuda":
            torch.cuda.synchronize(prior.seed.device)

    first = _seconds(step, prior.seed.device)
    return (
        first if first > 10 * ENOUGH_SECONDS else median(_seconds(step, prior.seed.device) for _ in range(REPEATS))
    )


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """How long it takes, on one thread of a processor without the time in which others had that."""
    clock = time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    begin = clock()
    work()
    return clock() - begin


def _saved_bytes(prior: Prior) -> list[int]:
    """What one step keeps for its backward pass, storage by storage, without the weights."""
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
    return list(storages.values())


@functools.cache
def _slowness() -> float:
    """How many times slower than the reference this machine is, its threads taken together.

    One is timed, by its own clock: several wait for each other where others use the machine, up to a hundredfold.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = min(_seconds(_known_work, torch.device("cpu")) for _ in range(2 * REPEATS))
    finally:
        torch.set_num_threads(threads)
    return float(seconds / REFERENCE_SECONDS / threads**GAIN)


def _known_work() -> None:
    picture = torch.ones(4, 256, 256)
    for _ in range(2):
        picture = torch.fft.ifft2(torch.fft.fft2(picture)).real
        picture = torch.einsum("ij,cjk->cik", picture[0] / 256, picture)


def free_bytes(device: torch.device) -> float | None:
    """Memory that is free on a device, within the limit of the control group; None where that is not known."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return free_memory()
