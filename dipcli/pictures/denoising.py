"""Denoising one frame: decide what the noise is, and state the problem on a scale on which it is even."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from dipcli.classical.dct import colour_axes
from dipcli.engine.forecast import Workload
from dipcli.engine.network_share import NetworkShare
from dipcli.errors import OptionError
from dipcli.fidelities import (
    Fidelity,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)
from dipcli.grid import crop_middle
from dipcli.options.overrides import as_used, without_engine
from dipcli.pictures.files.ranges import AS_STORED, Units
from dipcli.pictures.network_share import WORTHWHILE, NoisyValues, network_share, part_of_trial
from dipcli.pictures.noise_model import (
    PASSES,
    Noise,
    StabilisedValues,
    analyse,
    classical_estimate,
    mask_weight,
    stabilise,
    tv_weight_of,
    value_problem,
)
from dipcli.pictures.options import DenoiseOptions
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pictures.published_losses import ERRORS, risk_problem, sparse_problem
from dipcli.pipeline.statement import Statement
from dipcli.priors.prior import SMALLEST_SIDE
from dipcli.problem import Problem, Unknown

LOSSES: dict[str, Fidelity] = {
    "mse": mean_squared_error,
    "rmse": root_mean_squared_error,
    "l1": mean_absolute_error,
    "huber": huber,
    "poisson": poisson,
    "sparse": mean_squared_error,
}
QUICK = 3 * 512**2  # values that a network is fitted to in a minute or two
# Of the classical answer, for each value, with one, two or three axes.
SECONDS, SECONDS_OF_COLOUR = {1: 5e-6, 2: 3.4e-5, 3: 9e-5}, 2.4e-5
BEFORE_PASSES = 0.15  # share of them that is spent before the first pass
BYTES_OF_VOLUME = 3200.0
TRIAL_SIDE = 256  # of the part of a tiled frame that decides for all of it
REACH = 8.0  # times the spread of nearly all values: what is farther away is kept as it was measured
RGB = 3
EXACT = 0.03  # beside impulses, values with less noise than this are kept as they were measured


def state_denoising(
    measurement: Tensor,
    options: DenoiseOptions,
    units: Units = AS_STORED,
    like: Noise | None = None,
    found: NetworkShare | None = None,
) -> Statement:
    """The statement for a noisy frame (channels, *space) in [0, 1], NaN where nothing was measured.

    With the loss left to us, values are variance-stabilised, impulses count as missing, the squared error is
    fitted, and the network gets the share that it earns in a trial; where there is hardly any noise, the frame
    comes back. Another loss is fitted to values as they are. Values outside [0, 1] are kept. `like` and `found`
    are given where the frame is a part of one whose noise and whose network's share were found.
    """
    noise = analyse(measurement, options.sigma, units, like)
    is_auto = options.loss == "auto"
    mask = noise.mask & ~noise.impulses if is_auto else noise.mask
    if is_auto and noise.is_faint and (bool(mask.all()) or options.classical in (None, 1)):
        return _unchanged(measurement, mask, noise, options)
    values = _stabilised(measurement, mask, noise, options)
    decisions = {
        "noise": f"{noise}{values.correlated}",
        "loss": "rmse on variance-stabilised values" if is_auto else options.loss,
    }
    if is_tried(options):
        found = found or share_in_trial(values, options, measurement.numel())
        decisions["network"] = str(found)
        options = replace(options, classical=1 - found.share)
    kept = (measurement < 0) | (measurement > 1) | (mask if values.power is None else torch.zeros_like(mask))

    def with_kept(picture: Tensor) -> Tensor:
        return torch.where(kept, measurement, blended(measurement, picture, mask, options))

    def returned(image: Tensor) -> Tensor:
        picture = values.mixed(image, options.classical_share)
        return with_kept(picture if found is None else torch.where(mask, picture, values.classical_picture))

    problem = value_problem(values, options, returned) if is_auto else _plain(measurement, noise, values, options)
    return Statement(
        None if options.classical == 1 else problem,
        options.engine,
        (values.method, with_kept(values.classical_picture)),
        as_used(
            options,
            sigma=noise.level,
            tv_weight=None if options.classical == 1 else tv_weight_of(values.sigma, options),
            classical=options.classical_share,
        ),
        decisions,
        unchanged=kept,
    )


def _stabilised(measurement: Tensor, mask: Tensor, noise: Noise, options: DenoiseOptions) -> StabilisedValues:
    """The values in the mask; those beside impulses, where they have little noise, are taken as exact."""
    return stabilise(
        measurement,
        mask,
        noise,
        exact=options.loss == "auto" and noise.law.sigma < EXACT and bool(noise.impulses.any()),
        may_be_correlated=options.sigma is None and not noise.is_faint,
        passes=options.passes,
    )


def _unchanged(measurement: Tensor, mask: Tensor, noise: Noise, options: DenoiseOptions) -> Statement:
    """The statement for a frame in which there is hardly any noise: what was measured, and impulses filled."""
    picture = measurement
    if not bool(mask.all()):
        picture = stabilise(measurement, mask, noise, exact=True, may_be_correlated=False).classical_picture
        picture = torch.where(mask, measurement, picture)
    warnings = () if noise.impulses.any() else ("hardly any noise was found; the input comes back.",)
    method = "none" if bool(mask.all()) else "patch groups"
    decisions = {"noise": str(noise), "network": "not fitted, for there is hardly any noise"}
    return Statement(
        None,
        options.engine,
        (method, picture),
        without_engine(replace(options, classical=1.0)),
        decisions,
        warnings,
        unchanged=mask,
    )


def is_tried(options: DenoiseOptions) -> bool:
    """Whether a trial decides on the network's share; without a stopping rule it would be of what over-fits."""
    is_stopped = options.engine.stopping.stop != "never"
    return options.loss == "auto" and options.classical is None and is_stopped


def share_in_trial(values: StabilisedValues, options: DenoiseOptions, n_values: int) -> NetworkShare:
    """The network's share in the result of a frame of so many values, by these of them.

    None where they are taken as exact, or too few for one; what a network must gain grows with the time it takes.
    """
    if values.power is None:
        return NetworkShare(0.0, untried="what was measured is exact")
    if not has_room(values.values.shape):
        return NetworkShare(0.0, untried="there are too few planes for one")

    def problem(noisy: NoisyValues, classical: Tensor) -> Problem:
        return picture_problem(
            noisy.values,
            root_mean_squared_error,
            weight=mask_weight(noisy.mask),
            tv_weight=tv_weight_of(float(noisy.power.mean().sqrt()), options),
            guide=classical,
        )

    classical = partial(classical_estimate, passes=options.passes)
    worthwhile = WORTHWHILE * max(1.0, n_values / QUICK)
    noisy = NoisyValues(values.values, values.power, values.mask)
    return network_share(noisy, classical, problem, options.engine, worthwhile)


def blended(measurement: Tensor, picture: Tensor, mask: Tensor, options: DenoiseOptions) -> Tensor:
    """A restored picture (channels, *space) with as much of the measurement, in the mask, as is asked for."""
    wanted = picture
    if options.chroma_only:
        axes = colour_axes(picture)
        parts = torch.tensordot(axes, picture, dims=1)
        parts[0] = torch.tensordot(axes, measurement, dims=1)[0]
        wanted = torch.tensordot(axes.T, parts, dims=1)
    if options.strength < 1:
        wanted = measurement.lerp(wanted, options.strength)
    return picture if wanted is picture else torch.where(mask & wanted.isfinite(), wanted, picture)


def decide(measurement: Tensor, options: DenoiseOptions, units: Units = AS_STORED) -> Callable[..., Statement]:
    """How the tiles of a frame are stated: by one law, and one share of the network, for all of it."""
    noise, found = analyse(measurement, options.sigma, units), None
    if is_tried(options) and not noise.is_faint:
        middle = crop_middle(measurement, (TRIAL_SIDE,) * (measurement.ndim - 1))
        part = analyse(middle, like=noise)
        values = _stabilised(middle, part.mask & ~part.impulses, part, options)
        found = share_in_trial(values, options, measurement.numel())
    return partial(state_denoising, options=options, like=noise, found=found)


def workload_of(measurement: Tensor, options: DenoiseOptions) -> Workload:
    """What a frame asks of the machine. Raises OptionError for colours of a frame that has none."""
    shape = tuple(measurement.shape)
    if options.chroma_only and shape[0] != RGB:
        raise OptionError(
            f"--chroma-only is for colours, but the picture has {shape[0]} channel(s); leave it out."
        )
    return Workload(
        shape,
        options.engine,
        {} if options.classical == 1 or not has_room(shape) else _unknowns(shape, options),
        _seconds_of_denoising(shape, options.passes),
        _bytes_of_denoising(shape),
        trial=part_of_trial(shape) if is_tried(options) and has_room(shape) else None,
    )


def _seconds_of_denoising(shape: Sequence[int], passes: int = PASSES) -> float:
    """Of the classical answer for a frame (channels, *space), on the machine of the engine's forecasts."""
    channels, *space = shape
    if len(space) != 2:
        return SECONDS[len(space)] * math.prod(shape)
    each = SECONDS[2] if channels == 1 else SECONDS_OF_COLOUR
    return each * (BEFORE_PASSES + (1 - BEFORE_PASSES) * passes / PASSES) * math.prod(shape)


def _bytes_of_denoising(shape: Sequence[int]) -> float | None:
    """Of the classical answer; None for those of patch groups."""
    return BYTES_OF_VOLUME * math.prod(shape) if len(shape) == 4 else None


def _unknowns(shape: tuple[int, ...], options: DenoiseOptions) -> dict[str, Unknown]:
    """What is fitted, for the forecast."""
    errors = Unknown(shape, "real", ERRORS)
    return {"image": Unknown(shape), **({"raised": errors, "lowered": errors} if options.loss == "sparse" else {})}


def has_room(shape: Sequence[int]) -> bool:
    """Whether a network can be fitted to values (channels, *space)."""
    return min(shape[1:]) >= SMALLEST_SIDE


def _plain(measurement: Tensor, noise: Noise, values: StabilisedValues, options: DenoiseOptions) -> Problem:
    """The problem with another loss, on the values as they were measured."""
    classical, tv_weight = values.classical_picture, tv_weight_of(values.sigma, options)

    def picture(image: Tensor) -> Tensor:
        return image.lerp(classical, options.classical_share)

    if options.loss == "sure":
        return risk_problem(measurement, noise, values, picture, tv_weight)
    problem = picture_problem(
        measurement.nan_to_num(),
        LOSSES[options.loss],
        weight=mask_weight(values.mask),
        tv_weight=tv_weight,
        guide=classical,
        picture=picture,
    )
    return sparse_problem(problem) if options.loss == "sparse" else problem
