"""Denoising one frame: decide what the noise is, and state the problem on a scale on which it is even."""

import torch
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.fidelities import (
    Fidelity,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)
from dipcli.options.overrides import without_engine
from dipcli.pictures.noise_model import (
    Noise,
    StabilisedValues,
    analyse,
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
SECONDS = 3.2e-6  # of the classical answer, for each value
EXACT = 0.03  # beside impulses, values with less noise than this are kept as they were measured


def state_denoising(measurement: Tensor, options: DenoiseOptions) -> Statement:
    """The statement for a noisy frame (channels, *space) in [0, 1], NaN where nothing was measured.

    With the loss left to us, values are first put on a scale on which the noise is even, impulses count as
    missing, and the squared error is fitted. Any other loss is fitted to the values as they are.
    """
    noise = analyse(measurement, options.sigma)
    is_auto = options.loss == "auto"
    mask = noise.mask & ~noise.impulses if is_auto else noise.mask
    is_exact = is_auto and noise.law.sigma < EXACT and bool(noise.impulses.any())
    may_be_correlated = options.sigma is None and not noise.is_faint
    values = stabilise(measurement, mask, noise.law, exact=is_exact, may_be_correlated=may_be_correlated)

    def returned(image: Tensor) -> Tensor:
        picture = values.mixed(image, options.classical)
        return torch.where(mask, measurement, picture) if is_exact else picture

    problem = value_problem(values, options, returned) if is_auto else _plain(measurement, values, options)
    decisions = {
        "noise": f"{noise}{values.correlated}",
        "loss": "rmse on variance-stabilised values" if is_auto else options.loss,
    }
    classical = ("patches" if is_exact else "DCT thresholding", values.classical_picture)
    return Statement(problem, options.engine, classical, without_engine(options), decisions, _warnings(noise))


def workload_of(measurement: Tensor, options: DenoiseOptions) -> Workload:
    """What a frame asks of the machine."""
    shape = tuple(measurement.shape)
    unknowns = {"image": Unknown(shape)}
    return Workload(shape, options.engine, unknowns, SECONDS * measurement.numel())


def _plain(measurement: Tensor, values: StabilisedValues, options: DenoiseOptions) -> Problem:
    """The problem with another loss, on the values as they were measured."""
    classical = values.classical_picture
    return picture_problem(
        measurement.nan_to_num(),
        LOSSES[options.loss],
        weight=mask_weight(values.mask),
        tv_weight=tv_weight_of(values, options),
        guide=classical,
        picture=lambda image: image.lerp(classical, options.classical),
    )


def _warnings(noise: Noise) -> tuple[str, ...]:
    if noise.is_faint and not noise.impulses.any():
        return ("hardly any noise was found; expect little change.",)
    return ()
