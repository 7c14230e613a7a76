"""Memory layout and compilation, chosen by measuring where the run is long enough to repay that.

Both change results in the last digits only. What was chosen is recorded, and can be demanded by flags.
"""

import copy
import functools
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from dipcli.engine.compiling import attempted
from dipcli.engine.device import random_state, set_random_state
from dipcli.errors import OptionError
from dipcli.options.engine import DescentOptions, EngineOptions
from dipcli.priors.prior import Prior

Layout = Literal["contiguous", "channels_last"]
LOGGER = logging.getLogger(__name__)
LONG_SECONDS = 300.0  # from here on, measuring the layout costs a few per cent of the run
VERY_LONG_SECONDS = 1200.0  # compiling took 20 to 120 s where it was measured
TOLERANCE = 0.02  # between the estimates of compiled and plain networks, in [0, 1]; bfloat16 has 0.004
WORTHWHILE = 0.8  # a compiled step must take at most this share of a plain one


@dataclass(frozen=True)
class Tuning:
    """How the networks compute."""

    memory_format: Layout = "contiguous"
    compiled: bool = False

    def usable(self, priors: Mapping[str, Prior], options: EngineOptions) -> "Tuning":
        """The same, without compiled networks where they fail here: a checkpoint may be of another machine."""
        if not self.compiled:
            return self
        random = _random_state(priors)
        _, problem = _seconds_compiled(copy.deepcopy(dict(priors)), options.descent, self.memory_format)
        set_random_state(*random)
        return self if problem is None else replace(self, compiled=False)

    def apply(self, priors: Mapping[str, Prior]) -> None:
        """Lay the networks out, and compile them, in place."""
        for prior in priors.values():
            n_axes = prior.seed.ndim - 2
            if n_axes > 1:
                last = torch.channels_last if n_axes == 2 else torch.channels_last_3d
                layout = last if self.memory_format == "channels_last" else torch.contiguous_format
                prior.to(memory_format=layout)  # type: ignore[call-overload]
            if self.compiled:
                prior.network.compile()


def tune(priors: Mapping[str, Prior], options: EngineOptions) -> Tuning:
    """What to apply to these priors; they and the random state are left as they were.

    Raises OptionError where compiling is demanded and fails.
    """
    descent = options.descent
    layout: Layout = "contiguous" if descent.memory_format == "auto" else descent.memory_format
    if descent.compile == "off" and descent.memory_format != "auto":
        return Tuning(layout)
    random = _random_state(priors)
    priors = copy.deepcopy(dict(priors))
    plain = _seconds_per_step(priors, descent)
    forecast = min(plain * options.stopping.iterations, options.stopping.max_time or float("inf"))
    if descent.memory_format == "auto" and forecast > LONG_SECONDS:
        Tuning("channels_last").apply(priors)
        if (other := _seconds_per_step(priors, descent)) < plain:
            layout, plain = "channels_last", other
        Tuning(layout).apply(priors)
    seconds = None
    if descent.compile == "on" or (descent.compile == "auto" and forecast > VERY_LONG_SECONDS):
        seconds, problem = _seconds_compiled(priors, descent, layout)
        if descent.compile == "on" and problem is not None:
            raise OptionError(f"--compile on: networks cannot be compiled here ({problem}); leave it out.")
    set_random_state(*random)
    return Tuning(layout, seconds is not None and (descent.compile == "on" or seconds < WORTHWHILE * plain))


def _random_state(priors: Mapping[str, Prior]) -> tuple[torch.device, list[Tensor]]:
    device = next(iter(priors.values())).seed.device
    return device, random_state(device)


def _seconds_compiled(
    priors: Mapping[str, Prior], descent: DescentOptions, layout: Layout
) -> tuple[float | None, str | None]:
    """Of a step of these priors, compiled; or None and why they cannot be, which is said."""

    def tried() -> float:
        expected = _estimates(priors, descent)
        Tuning(layout, compiled=True).apply(priors)
        pairs = zip(expected, _estimates(priors, descent), strict=True)
        error = max(float((plain - compiled).abs().max()) for plain, compiled in pairs)
        if not error < TOLERANCE:
            raise ValueError(f"compiled code is wrong by {error:.1g}")
        return _seconds_per_step(priors, descent)

    seconds, problem = attempted(tried)
    if problem is not None:
        _say(problem)
    return seconds, problem


@functools.cache
def _say(problem: str) -> None:
    """Once in each process, however many fits there are."""
    LOGGER.warning("Networks are not compiled (%s); the result is the same, and takes longer.", problem)


def _estimates(priors: Mapping[str, Prior], descent: DescentOptions) -> list[Tensor]:
    """What the priors draw, by the same random numbers each time."""
    torch.manual_seed(0)
    with _arithmetic(priors, descent):
        return [prior().detach() for prior in priors.values()]


def _arithmetic(priors: Mapping[str, Prior], descent: DescentOptions) -> torch.autocast:
    device = next(iter(priors.values())).seed.device
    return torch.autocast(device.type, torch.bfloat16, enabled=descent.precision == "bf16")


def _seconds_per_step(priors: Mapping[str, Prior], descent: DescentOptions, repeats: int = 2) -> float:
    """The shortest of a few forward and backward passes, after one that is not counted."""
    shortest = float("inf")
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        with _arithmetic(priors, descent):
            total = torch.stack([prior().sum() for prior in priors.values()]).sum()
        total.backward()  # type: ignore[no-untyped-call]
        device = next(iter(priors.values())).seed.device
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        shortest = min(shortest, time.perf_counter() - begin)
    return shortest
