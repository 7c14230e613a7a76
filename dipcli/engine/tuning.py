"""Memory layout and compilation, chosen by measuring where the run is long enough to repay that.

Both change results in the last digits only. What was chosen is recorded, and can be demanded by flags.
"""

import copy
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from dipcli.engine.device import random_state, set_random_state
from dipcli.options.engine import EngineOptions
from dipcli.priors.prior import Prior

LONG_SECONDS = 300.0  # from here on, measuring the layout costs a few per cent of the run
VERY_LONG_SECONDS = 1200.0  # compiling took 20 to 120 s where it was measured
WORTHWHILE = 0.8  # a compiled step must take at most this share of a plain one


@dataclass(frozen=True)
class Tuning:
    """How the networks compute."""

    memory_format: Literal["contiguous", "channels_last"] = "contiguous"
    compiled: bool = False

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
    """What to apply to these priors; they and the random state are left as they were."""
    descent = options.descent
    layout: Literal["contiguous", "channels_last"] = (
        "contiguous" if descent.memory_format == "auto" else descent.memory_format
    )
    if "auto" not in (descent.memory_format, descent.compile):
        return Tuning(layout, descent.compile == "on")
    device = next(iter(priors.values())).seed.device
    random = random_state(device)
    priors = copy.deepcopy(dict(priors))
    plain = _seconds_per_step(priors)
    forecast = min(plain * options.stopping.iterations, options.stopping.max_time or float("inf"))
    if descent.memory_format == "auto" and forecast > LONG_SECONDS:
        Tuning("channels_last").apply(priors)
        if (other := _seconds_per_step(priors)) < plain:
            layout, plain = "channels_last", other
        Tuning(layout).apply(priors)
    compiled = descent.compile == "on"
    if descent.compile == "auto" and forecast > VERY_LONG_SECONDS and _compiler_exists(priors):
        Tuning(layout, compiled=True).apply(priors)
        compiled = _seconds_per_step(priors) < WORTHWHILE * plain
    set_random_state(device, random)
    return Tuning(layout, compiled)


def _seconds_per_step(priors: Mapping[str, Prior], repeats: int = 2) -> float:
    """The shortest of a few forward and backward passes, after one that is not counted."""
    shortest = float("inf")
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        torch.stack([prior().sum() for prior in priors.values()]).sum().backward()  # type: ignore[no-untyped-call]
        device = next(iter(priors.values())).seed.device
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        shortest = min(shortest, time.perf_counter() - begin)
    return shortest


def _compiler_exists(priors: Mapping[str, Prior]) -> bool:
    if next(iter(priors.values())).seed.device.type == "cuda":
        return True
    return shutil.which(os.environ.get("CXX", "g++")) is not None
