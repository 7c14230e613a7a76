"""Denoising one frame: decide what the noise is, and state the problem on a scale on which it is even."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.classical.dct import dct_denoise, dct_fill, noise_power, white_power
from dipcli.classical.noise import NoiseLaw, fit_law, noise_curve
from dipcli.classical.outliers import find_impulses
from dipcli.classical.stabilise import Stabiliser
from dipcli.errors import InputError
from dipcli.fidelities import (
    Fidelity,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)
from dipcli.options import DenoisingOptions, EngineOptions
from dipcli.physics.picture import picture_problem
from dipcli.tasks.statement import Statement

LOSSES: dict[str, Fidelity] = {
    "mse": mean_squared_error,
    "rmse": root_mean_squared_error,
    "l1": mean_absolute_error,
    "huber": huber,
    "poisson": poisson,
}
FAINTEST = NoiseLaw(gaussian=0.004)  # rounding to 8 bits alone has 0.0011
EXACT = 0.03  # beside impulses, values with less noise than this are kept as they were measured
TV = 0.22  # Li et al. have 0.45 at σ = 0.12 for the projector; measured with tests/bench


@dataclass(frozen=True)
class Noise:
    """What was found out about the noise of one frame."""

    law: NoiseLaw
    missing: Tensor  # True where nothing was measured
    impulses: Tensor  # True where something else was measured

    def __str__(self) -> str:
        share = float(self.impulses.float().mean())
        parts = [f"salt and pepper on {share:.0%} of the values"] if share else []
        return " + ".join([*parts, *([str(self.law)] if self.law.sigma > FAINTEST.sigma else [])]) or "hardly any"


def analyse(measurement: Tensor, sigma: float | None = None) -> Noise:
    """The noise of a frame (channels, *space), NaN where nothing was measured; `sigma` where that is known."""
    missing = ~torch.isfinite(measurement)
    impulses = find_impulses(measurement)
    if sigma is not None:
        return Noise(NoiseLaw(gaussian=sigma), missing, impulses)
    known = measurement.masked_fill(impulses | missing, math.nan).double().cpu().numpy()
    return Noise(fit_law(noise_curve(known)), missing, impulses)


def state_denoising(measurement: Tensor, engine: EngineOptions, options: DenoisingOptions) -> Statement:
    """The statement for a noisy frame (channels, *space) in [0, 1], NaN where nothing was measured.

    With the loss left to us, values are first put on a scale on which the noise is even, impulses count as
    missing, and the squared error is fitted. Any other loss is fitted to the values as they are.
    """
    noise = analyse(measurement, options.sigma)
    is_auto = options.loss == "auto"
    hidden = noise.missing | noise.impulses if is_auto else noise.missing
    if bool(hidden.all()):
        raise InputError("Every value of this frame is missing or an impulse; there is nothing to restore.")
    scale = Stabiliser(noise.law if noise.law.sigma > FAINTEST.sigma else FAINTEST).to(measurement.device)
    even = scale(measurement.nan_to_num())
    is_exact = is_auto and noise.law.sigma < EXACT and bool(noise.impulses.any())
    if bool(hidden.any()):
        even = dct_fill(even, ~hidden, scale.sigma)
    may_be_correlated = options.sigma is None and noise.law.sigma > FAINTEST.sigma
    power = (noise_power if may_be_correlated else white_power)(even, scale.sigma)
    sigma = float(power.mean().sqrt())
    classical = even if is_exact else dct_denoise(even, power)
    textbook = scale.inverse(classical)

    default_tv = 0.0 if is_exact else TV * math.sqrt(sigma / 0.1)

    def finish(image: Tensor) -> Tensor:
        share = options.classical
        if not is_auto:
            return image.lerp(textbook, share)
        picture = scale.inverse(image.lerp(classical, share))
        return torch.where(hidden, picture, measurement) if is_exact else picture

    problem = picture_problem(
        even if is_auto else measurement.nan_to_num(),
        LOSSES["rmse" if is_auto else options.loss],
        weight=(~hidden).float() if bool(hidden.any()) else None,
        tv_weight=default_tv if options.tv_weight is None else options.tv_weight,
        guide=classical if is_auto else textbook,
        finish=finish,
    )
    is_correlated = bool(power.max() > 1.001 * power.min())
    correlated = f", correlated between pixels, in all σ ≈ {sigma:.3f}" if is_correlated else ""
    facts = {"noise": f"{noise}{correlated}", "loss": "rmse on evened values" if is_auto else options.loss}
    return Statement(problem, engine, ("DCT thresholding", textbook), facts, _warnings(noise))


def _warnings(noise: Noise) -> tuple[str, ...]:
    if noise.law.sigma <= FAINTEST.sigma and not noise.impulses.any():
        return ("hardly any noise was found; expect little change.",)
    return ()
