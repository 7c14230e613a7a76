"""Restoring the values of one frame: those that are noisy, those that are missing, or both."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.classical.dct import dct_denoise, noise_power, white_power
from dipcli.classical.filling import fill_in
from dipcli.classical.impulse_noise import find_impulses
from dipcli.classical.noise import NoiseLaw, fit_law, noise_curve
from dipcli.classical.variance_stabilisation import Stabiliser
from dipcli.errors import InputError
from dipcli.fidelities import root_mean_squared_error
from dipcli.pictures.options import PictureOptions
from dipcli.pictures.picture_problem import picture_problem
from dipcli.problem import Problem

FAINTEST = NoiseLaw(gaussian=0.004)  # rounding to 8 bits alone has 0.0011
TV = 0.22  # Li et al. have 0.45 at σ = 0.12 for the projector; measured with tests/bench


@dataclass(frozen=True)
class Noise:
    """What was found out about the noise of one frame."""

    law: NoiseLaw
    missing: Tensor  # True where nothing was measured
    impulses: Tensor  # True where something else was measured

    @property
    def is_faint(self) -> bool:
        """Whether there is hardly any, impulses apart."""
        return self.law.sigma <= FAINTEST.sigma

    def __str__(self) -> str:
        share = float(self.impulses.float().mean())
        parts = [f"salt and pepper on {share:.0%} of the values"] if share else []
        return " + ".join([*parts, *([] if self.is_faint else [str(self.law)])]) or "hardly any"


def analyse(measurement: Tensor, sigma: float | None = None) -> Noise:
    """The noise of a frame (channels, *space), NaN where nothing was measured; `sigma` where that is known."""
    missing = ~torch.isfinite(measurement)
    impulses = find_impulses(measurement)
    if sigma is not None:
        return Noise(NoiseLaw(gaussian=sigma), missing, impulses)
    known = measurement.masked_fill(impulses | missing, math.nan).double().cpu().numpy()
    return Noise(fit_law(noise_curve(known)), missing, impulses)


@dataclass(frozen=True)
class Values:
    """The values of a frame on a scale on which their noise is even, and a textbook estimate of the clean ones."""

    even: Tensor  # the measured ones, and guesses where they are hidden
    hidden: Tensor  # True where nothing is believed
    scale: Stabiliser
    classical: Tensor
    sigma: float  # of the even noise; 0 where values are taken as exact
    correlated: str  # what to say of noise that is

    @property
    def classical_picture(self) -> Tensor:
        """The estimate as a picture."""
        return self.scale.inverse(self.classical)

    def mixed(self, image: Tensor, share: float) -> Tensor:
        """The picture of an image on this scale, with this share of the classical one."""
        return self.scale.inverse(image.lerp(self.classical, share))


def even_out(
    measurement: Tensor, hidden: Tensor, law: NoiseLaw, *, exact: bool, may_be_correlated: bool
) -> Values:
    """The values of a frame (channels, *space), without those that are `hidden`.

    `exact` takes the others as they are, free of noise. Raises InputError where all are hidden.
    """
    if bool(hidden.all()):
        raise InputError("Every value of this frame is missing or an impulse; there is nothing to restore.")
    is_noisy = law.sigma > FAINTEST.sigma and not exact
    scale = Stabiliser(law if is_noisy else FAINTEST).to(measurement.device)
    even = scale(measurement.nan_to_num())
    if bool(hidden.any()):
        even = fill_in(even, ~hidden, scale.sigma)
    if exact:
        return Values(even, hidden, scale, even, 0.0, "")
    power = (noise_power if may_be_correlated else white_power)(even, scale.sigma)
    sigma = float(power.mean().sqrt())
    is_correlated = bool(power.max() > 1.001 * power.min())
    said = f", correlated between pixels, in all σ ≈ {sigma:.3f}" if is_correlated else ""
    return Values(even, hidden, scale, dct_denoise(even, power), sigma, said)


def value_problem(
    values: Values, options: PictureOptions, picture: Callable[[Tensor], Tensor], guide: Tensor | None = None
) -> Problem:
    """The problem on the variance-stabilised scale; `picture` makes what is returned from its image.

    The network is fed the classical answer, or another `guide`.
    """
    return picture_problem(
        values.even,
        root_mean_squared_error,
        weight=weight_of(values.hidden),
        tv_weight=tv_weight_of(values, options),
        guide=values.classical if guide is None else guide,
        picture=picture,
    )


def tv_weight_of(values: Values, options: PictureOptions) -> float:
    """The weight of the total variation: as it was given, or by the noise."""
    return TV * math.sqrt(values.sigma / 0.1) if options.tv_weight is None else options.tv_weight


def weight_of(hidden: Tensor) -> Tensor | None:
    """1 on what is believed, 0 on what is hidden; None where nothing is."""
    return (~hidden).float() if bool(hidden.any()) else None
