"""Denoising one frame: decide what the noise is, and state the problem on a scale on which it is even."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from dipcli.classical.noise import NoiseLaw
from dipcli.engine.forecast import Workload
from dipcli.fidelities import (
    Fidelity,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)
from dipcli.grid import crop_middle
from dipcli.options.overrides import without_engine
from dipcli.pictures.network_share import NetworkShare, network_share
from dipcli.pictures.noise_model import (
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
from dipcli.pipeline.statement import Statement
from dipcli.problem import Problem, Unknown

LOSSES: dict[str, Fidelity] = {
    "mse": mean_squared_error,
    "rmse": root_mean_squared_error,
    "l1": mean_absolute_error,
    "huber": huber,
    "poisson": poisson,
}
SECONDS, TRIAL_SECONDS = 3e-5, 12.0  # of the classical answer, for each value, and of the trial of the network
TRIAL_SIDE = 256  # of the part of a tiled frame that decides for all of it
EXACT = 0.03  # beside impulses, values with less noise than this are kept as they were measured


def state_denoising(measurement: Tensor, options: DenoiseOptions, law: NoiseLaw | None = None) -> Statement:
    """The statement for a noisy frame (channels, *space) in [0, 1], NaN where nothing was measured.

    With the loss left to us, values are variance-stabilised, impulses count as missing, the squared error is
    fitted, and the network gets the share that it earns in a trial. Another loss is fitted to values as they are.
    `law` is given where the frame is a part of one whose law was found.
    """
    noise = analyse(measurement, options.sigma, law)
    is_auto = options.loss == "auto"
    mask = noise.mask & ~noise.impulses if is_auto else noise.mask
    is_exact = is_auto and noise.law.sigma < EXACT and bool(noise.impulses.any())
    may_be_correlated = options.sigma is None and not noise.is_faint
    values = stabilise(measurement, mask, noise.law, exact=is_exact, may_be_correlated=may_be_correlated)
    decisions = {
        "noise": f"{noise}{values.correlated}",
        "loss": "rmse on variance-stabilised values" if is_auto else options.loss,
    }
    if is_auto and options.classical is None:
        found = share_in_trial(values, options)
        decisions["network"] = str(found)
        options = replace(options, classical=1 - found.share)

    def with_measured(picture: Tensor) -> Tensor:
        return torch.where(mask, measurement, picture) if is_exact else picture

    def returned(image: Tensor) -> Tensor:
        return with_measured(values.mixed(image, options.classical_share))

    problem = value_problem(values, options, returned) if is_auto else _plain(measurement, values, options)
    return Statement(
        None if options.classical == 1 else problem,
        options.engine,
        (values.method, with_measured(values.classical_picture)),
        without_engine(options),
        decisions,
        _warnings(noise),
    )


def share_in_trial(values: StabilisedValues, options: DenoiseOptions) -> NetworkShare:
    """The network's share in the result for these values; none where they are taken as exact, or not noisy."""
    if values.power is None:
        return NetworkShare(0.0, 0.0)

    def problem(fitted: Tensor, power: Tensor, classical: Tensor) -> Problem:
        weight = tv_weight_of(float(power.mean().sqrt()), options)
        return picture_problem(fitted, root_mean_squared_error, tv_weight=weight, guide=classical)

    return network_share(values.values, values.power, classical_estimate, problem, options.engine)


def decide(measurement: Tensor, options: DenoiseOptions) -> Callable[[Tensor], Statement]:
    """How the tiles of a frame are stated: by one law, and one share of the network, for all of it."""
    noise = analyse(measurement, options.sigma)
    if options.classical is None and options.loss == "auto":
        middle = crop_middle(measurement, (TRIAL_SIDE,) * (measurement.ndim - 1))
        used = state_denoising(middle, options, noise.law).options["classical"]
        options = replace(options, classical=used)
    return partial(state_denoising, options=options, law=noise.law)


def workload_of(measurement: Tensor, options: DenoiseOptions) -> Workload:
    """What a frame asks of the machine."""
    shape = tuple(measurement.shape)
    unknowns = {"image": Unknown(shape)}
    trial = 0.0 if options.classical is not None else TRIAL_SECONDS
    return Workload(shape, options.engine, unknowns, trial + SECONDS * measurement.numel())


def _plain(measurement: Tensor, values: StabilisedValues, options: DenoiseOptions) -> Problem:
    """The problem with another loss, on the values as they were measured."""
    classical = values.classical_picture
    return picture_problem(
        measurement.nan_to_num(),
        LOSSES[options.loss],
        weight=mask_weight(values.mask),
        tv_weight=tv_weight_of(values.sigma, options),
        guide=classical,
        picture=lambda image: image.lerp(classical, options.classical_share),
    )


def _warnings(noise: Noise) -> tuple[str, ...]:
    if noise.is_faint and not noise.impulses.any():
        return ("hardly any noise was found; expect little change.",)
    return ()
