"""Restoring the values of one frame: those that are noisy, those that are missing, or both."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.classical.dct import dct_denoise, is_white, noise_power, white_power
from dipcli.classical.filling import fill_in
from dipcli.classical.impulse_noise import find_impulses
from dipcli.classical.noise import NoiseLaw, fit_law, misfit
from dipcli.classical.noise_curve import noise_curve
from dipcli.classical.nonlocal_ridge import (
    CORRELATED,
    WHITE,
    denoise_correlated_patch_groups,
    denoise_patch_groups,
)
from dipcli.classical.threads import in_threads
from dipcli.classical.variance_stabilisation import (
    ChannelStabilisers,
    LinearisedStabiliser,
    VarianceStabiliser,
    kept_information,
)
from dipcli.errors import InputError
from dipcli.fidelities import root_mean_squared_error
from dipcli.pictures.files.ranges import AS_STORED, Units, inner_range
from dipcli.pictures.options import PictureOptions
from dipcli.pictures.picture_problem import picture_problem
from dipcli.problem import Problem

# Of values (channels, *space) in a mask, with noise of a deviation: the same, filled.
Fill = Callable[[Tensor, Tensor, float], Tensor]

FAINTEST = NoiseLaw(gaussian=0.004)  # rounding to 8 bits alone has 0.0011
ROUNDED = 0.5  # steps of integers, below which noise is taken for rounding: that has 0.29
UNLIKE = 0.22  # by how much the law of a channel's own must misfit less: deviations in a ratio of about 1.4
LOUD = 2.0  # times what is hardly any: from here on noise that is correlated is some
KEPT = 0.96  # share of the information, below which values are stabilised by lines
PASSES = WHITE.passes
FIRST_PASSES = 1  # towards the estimate beside which they are
THIN = 12  # planes of a volume, below which windows would be narrower than they should be
TV = 0.22  # Li et al. have 0.45 at σ = 0.12 for the projector; measured with tests/bench


@dataclass(frozen=True)
class Noise:
    """What was found out about the noise of one frame."""

    law: NoiseLaw
    mask: Tensor  # True where something was measured
    impulses: Tensor  # True where something else was measured
    faintest: float = FAINTEST.sigma  # deviation that is hardly any, in a picture of this contrast
    units: Units = AS_STORED
    is_correlated: bool = False  # although of the highest frequencies, which the law is of, there is hardly any
    channel_laws: tuple[NoiseLaw, ...] = ()  # where those of the channels differ; `law` is then of them all

    @property
    def is_faint(self) -> bool:
        """Whether there is hardly any, impulses apart."""
        laws = self.channel_laws or (self.law,)
        return all(law.sigma <= self.faintest for law in laws) and not self.is_correlated

    def scale(self, *, exact: bool) -> VarianceStabiliser | ChannelStabilisers:
        """On which it is even; `exact` is for values that are taken to have hardly any."""
        least = NoiseLaw(gaussian=max(self.faintest, FAINTEST.sigma / 8))
        if exact or self.is_faint:
            return VarianceStabiliser(least)
        if self.channel_laws:
            return ChannelStabilisers([law if law.sigma > least.sigma / 2 else least for law in self.channel_laws])
        return VarianceStabiliser(self.law)

    @property
    def is_skewed(self) -> bool:
        """Whether it is even less so on a scale on which it is even everywhere: strong speckle is."""
        kept = min(map(kept_information, self.channel_laws or (self.law,)))
        return kept < KEPT and not (self.is_faint or self.is_correlated)

    @property
    def level(self) -> float | None:
        """The standard deviation in the unit of the file, as it could be given; None where it is not one."""
        law = self.law
        is_one = not (self.is_faint or self.channel_laws or law.parabola or law.shot or law.speckle)
        return law.gaussian / self.units.white if is_one else None

    def __str__(self) -> str:
        share = float(self.impulses.float().mean())
        parts = [f"salt and pepper on {share:.{int(share < 0.01)}%} of the values"] if share else []
        if not self.is_faint:
            laws = [law.described(self.units.white) for law in self.channel_laws or (self.law,)]
            parts.append(f"by channel: {' | '.join(laws)}" if self.channel_laws else laws[0])
        return " + ".join(parts) or "hardly any"


def analyse(
    measurement: Tensor, sigma: float | None = None, units: Units = AS_STORED, like: Noise | None = None
) -> Noise:
    """The noise of a frame (channels, *space), NaN where nothing was measured.

    `sigma` is given where that is known, in the unit of the file, `like` where the frame is a part of another one.
    """
    missing = ~torch.isfinite(measurement)
    impulses = find_impulses(measurement)
    if like is not None:
        return replace(like, mask=~missing, impulses=impulses)
    if sigma is not None:
        return Noise(NoiseLaw(gaussian=sigma * units.white), ~missing, impulses, 0.0, units)
    outside = (measurement < 0) | (measurement > 1)
    believed = measurement.masked_fill(impulses | missing | outside, math.nan).cpu().numpy()
    del outside
    known = np.isfinite(believed)
    low, high = inner_range(believed, known) if known.any() else (0.0, 1.0)
    contrast = min(high - low, 1.0) or 1.0
    curve = noise_curve(believed)
    law = fit_law(curve, units.zero, contrast)
    faintest = max(FAINTEST.sigma * contrast, ROUNDED * units.step)
    noise = Noise(
        law, ~missing, impulses, faintest, units, channel_laws=_channel_laws(believed, law, units, contrast)
    )
    is_correlated = noise.is_faint and _is_correlated(measurement, ~(missing | impulses), law, faintest)
    return replace(noise, is_correlated=is_correlated)


def _channel_laws(
    believed: NDArray[np.floating], law: NoiseLaw, units: Units, contrast: float
) -> tuple[NoiseLaw, ...]:
    """Those of the channels (channels, *space), where one for them all does not follow what is seen; else none."""
    if len(believed) == 1:
        return ()
    curves = list(in_threads(noise_curve, [channel[None] for channel in believed]))
    if not all(len(curve) for curve in curves):
        return ()
    laws = tuple(fit_law(curve, units.zero, contrast) for curve in curves)
    gains = [
        misfit(law, curve, contrast) - misfit(own, curve, contrast)
        for own, curve in zip(laws, curves, strict=True)
    ]
    return laws if max(gains) > UNLIKE else ()


def _is_correlated(measurement: Tensor, mask: Tensor, law: NoiseLaw, faintest: float) -> bool:
    """Whether there is noise in a frame, though hardly any that is white."""
    if is_thin(measurement.shape):
        return False
    power = noise_power(measurement.nan_to_num(), law.sigma, mask)
    return not is_white(power) and float(power.mean().sqrt()) > LOUD * faintest


@dataclass(frozen=True)
class StabilisedValues:
    """The variance-stabilised values of a frame, and the classical estimate of the clean ones."""

    values: Tensor  # the measured ones, and guesses outside the mask
    mask: Tensor  # True where they were measured and are believed
    scale: VarianceStabiliser | ChannelStabilisers | LinearisedStabiliser
    classical: Tensor
    power: Tensor | None  # the `noise_power` on this scale; None where values are taken as exact
    correlated: str  # what to say of noise that is
    method: str  # that made the classical estimate

    @property
    def sigma(self) -> float:
        """Of the noise on this scale; 0 where values are taken as exact."""
        return 0.0 if self.power is None else float(self.power.mean().sqrt())

    @property
    def classical_picture(self) -> Tensor:
        """The estimate as a picture."""
        return self.scale.inverse(self.classical)

    def mixed(self, image: Tensor, share: float) -> Tensor:
        """The picture of an image on this scale, with this share of the classical one."""
        return self.scale.inverse(image.lerp(self.classical, share))


def stabilise(
    measurement: Tensor,
    mask: Tensor,
    noise: Noise,
    *,
    exact: bool,
    may_be_correlated: bool,
    passes: int = PASSES,
    fill: Fill = fill_in,
) -> StabilisedValues:
    """The values of a frame (channels, *space) that are in the `mask`; the others are guessed by `fill`.

    `exact` takes those in the mask as they are, free of noise. Raises InputError where the mask is empty.
    """
    if not bool(mask.any()):
        raise InputError("Every value of this frame is missing or an impulse; there is nothing to restore.")
    scale = noise.scale(exact=exact).to(measurement.device)
    values = scale(measurement.nan_to_num())
    if not bool(mask.all()):
        values = fill(values, mask, scale.sigma)
    if exact:
        return StabilisedValues(values, mask, scale, values, None, "", "patch groups")
    is_measured = may_be_correlated and not is_thin(values.shape)
    power = noise_power(values, scale.sigma, mask) if is_measured else white_power(values, scale.sigma)
    sigma = float(power.mean().sqrt())
    method = "patch groups" if has_patch_groups(values, power) else "DCT thresholding"
    correlated = (
        "" if is_white(power) else f", correlated between pixels, in all σ ≈ {sigma / noise.units.white:.3g}"
    )
    first_passes = min(passes, FIRST_PASSES) if noise.is_skewed else passes
    classical = classical_estimate(values, power, first_passes)
    stabilised = StabilisedValues(values, mask, scale, classical, power, correlated, method)
    return _along_lines(stabilised, measurement, noise, passes) if noise.is_skewed else stabilised


def _along_lines(first: StabilisedValues, measurement: Tensor, noise: Noise, passes: int) -> StabilisedValues:
    """The values of a frame beside the estimate that was made of them `first`."""
    estimate = first.classical_picture
    line = LinearisedStabiliser(noise.channel_laws or (noise.law,), estimate).to(measurement.device)
    values = torch.where(first.mask, line(measurement.nan_to_num()), line.places)
    power = noise_power(values, line.sigma, first.mask) if first.correlated else white_power(values, line.sigma)
    classical = classical_estimate(values, power, passes, line.places)
    return replace(first, values=values, scale=line, classical=classical, power=power)


def classical_estimate(values: Tensor, power: Tensor, passes: int = PASSES, pilot: Tensor | None = None) -> Tensor:
    """The clean values (channels, *space) behind those with Gaussian noise of the given `noise_power`.

    Windows of the cosine transform; of pictures, that is where so many passes over patch groups begin, unless
    there is a better `pilot`.
    """
    if pilot is not None and has_patch_groups(values, power):
        return _by_groups(values, pilot, power, passes)
    pilot = _by_planes(values, power) if is_thin(values.shape) else dct_denoise(values, power)
    return _by_groups(values, pilot, power, passes) if has_patch_groups(values, power) else pilot


def _by_groups(values: Tensor, pilot: Tensor, power: Tensor, passes: int) -> Tensor:
    if is_white(power):
        return denoise_patch_groups(values, pilot, float(power.mean().sqrt()), replace(WHITE, passes=passes))
    power = power.reshape(len(power), *power.shape[-2:])
    return denoise_correlated_patch_groups(values, pilot, power, replace(CORRELATED, passes=passes))


def _by_planes(values: Tensor, power: Tensor) -> Tensor:
    """Each plane of a volume (channels, planes, height, width) with white noise, by windows in it."""
    sigma = float(power.mean().sqrt())
    return torch.stack([dct_denoise(plane, white_power(plane, sigma)) for plane in values.unbind(1)], 1)


def is_thin(shape: Sequence[int]) -> bool:
    """Whether a volume (channels, *space) has too few planes for windows through them."""
    return len(shape) == 4 and shape[1] < THIN


def has_patch_groups(values: Tensor, power: Tensor) -> bool:
    """Whether patches are compared: in pictures and volumes with white noise, in gray and colour ones with any."""
    return (is_white(power) and values.ndim > 2) or (values.ndim == 3 and len(values) in (1, 3))


def value_problem(
    values: StabilisedValues,
    options: PictureOptions,
    picture: Callable[[Tensor], Tensor],
    guide: Tensor | None = None,
) -> Problem:
    """The problem on the variance-stabilised scale; `picture` makes what is returned from its image.

    The network is fed the classical answer, or another `guide`.
    """
    return picture_problem(
        values.values,
        root_mean_squared_error,
        weight=mask_weight(values.mask),
        tv_weight=tv_weight_of(values.sigma, options),
        guide=values.classical if guide is None else guide,
        picture=picture,
    )


def tv_weight_of(sigma: float, options: PictureOptions) -> float:
    """The weight of the total variation: as it was given, or by the noise."""
    return TV * math.sqrt(sigma / 0.1) if options.tv_weight is None else options.tv_weight


def mask_weight(mask: Tensor) -> Tensor | None:
    """The weight of a data term: 1 in the mask, 0 elsewhere; None where all is in it."""
    return None if bool(mask.all()) else mask.float()
