"""Denoising one frame: decide what the noise is, and state the problem on a scale on which it is even."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.classical.dct import dct_denoise
from dipcli.classical.fill import fill_missing
from dipcli.classical.noise import NoiseLaw, fit_law, noise_curve
from dipcli.classical.outliers import find_impulses
from dipcli.classical.stabilise import Stabiliser
from dipcli.fidelities import (
    Fidelity,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)
from dipcli.options import DenoisingOptions, EngineOptions
from dipcli.physics.denoising import denoising
from dipcli.tasks.statement import Statement

LOSSES: dict[str, Fidelity] = {
    "mse": mean_squared_error,
    "rmse": root_mean_squared_error,
    "l1": mean_absolute_error,
    "huber": huber,
    "poisson": poisson,
}
CLEAN = NoiseLaw(gaussian=0.01)  # the least noise that is reckoned with


@dataclass(frozen=True)
class Noise:
    """What was found out about the noise of one frame."""

    law: NoiseLaw
    missing: Tensor  # True where nothing was measured
    impulses: Tensor  # True where something else was measured

    def __str__(self) -> str:
        share = float(self.impulses.float().mean())
        parts = [f"salt and pepper on {share:.0%} of the values"] if share else []
        return " + ".join([*parts, *([str(self.law)] if self.law.sigma > CLEAN.sigma else [])]) or "hardly any"


def analyse(measurement: Tensor, sigma: float | None = None) -> Noise:
    """The noise of a frame (channels, *space), NaN where nothing was measured; `sigma` where that is known."""
    missing = ~torch.isfinite(measurement)
    impulses = find_impulses(measurement)
    if sigma is not None:
        return Noise(NoiseLaw(gaussian=sigma), missing, impulses)
    known = measurement.masked_fill(impulses, math.nan).double().cpu().numpy()
    return Noise(fit_law(noise_curve(known)), missing, impulses)


def state_denoising(measurement: Tensor, engine: EngineOptions, options: DenoisingOptions) -> Statement:
    """The statement for a noisy frame (channels, *space) in [0, 1], NaN where nothing was measured.

    With the loss left to us, values are first put on a scale on which the noise is even, impulses count as
    missing, and the squared error is fitted. Any other loss is fitted to the values as they are.
    """
    noise = analyse(measurement, options.sigma)
    is_auto = options.loss == "auto"
    hidden = noise.missing | noise.impulses if is_auto else noise.missing
    scale = Stabiliser(_at_least_clean(noise.law)).to(measurement.device)
    guess = scale(fill_missing(measurement, ~hidden))
    classical = dct_denoise(guess, scale.sigma)
    if not is_auto:
        scale, guess, classical = Unscaled(scale.sigma), measurement.nan_to_num(), scale.inverse(classical)
    problem = denoising(
        guess,
        LOSSES["rmse" if is_auto else options.loss],
        weight=(~hidden).float() if hidden.any() else None,
        tv_weight=TV * math.sqrt(scale.sigma / 0.1) if options.tv_weight is None else options.tv_weight,
        guide=classical,
        finish=_finish(scale.inverse, classical, options.classical, exact),
    )
    ...
