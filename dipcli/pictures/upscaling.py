"""Upscaling one frame: a large picture that, reduced again, is the small one."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dipcli.classical.dct import colour_axes
from dipcli.classical.filling import fill_in
from dipcli.classical.noise import fit_law
from dipcli.classical.noise_curve import noise_curve, weakest_component
from dipcli.classical.nonlocal_ridge import Chain
from dipcli.classical.patch_groups import Grouping
from dipcli.classical.plug_and_play import Explain, alternate_groups, alternate_ridge, alternate_windows, falling
from dipcli.classical.tv import tv_least_squares
from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.fidelities import root_mean_squared_error
from dipcli.io.names import by
from dipcli.options.overrides import as_used
from dipcli.pictures.downscaling import Decimation
from dipcli.pictures.files.ranges import AS_STORED, Units
from dipcli.pictures.noise_model import mask_weight
from dipcli.pictures.options import UpscaleOptions
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pipeline.statement import Restoration, Statement
from dipcli.priors.prior import SMALLEST_SIDE
from dipcli.problem import Estimate, Unknown

# Of the classical answer, for each value of a large picture, gray or in colour; of a step, in its network's.
SECONDS, SECONDS_OF_COLOUR, BESIDE = 9e-5, 4e-5, 1.8
CERTAIN = {1: 0.04, 3: 0.01}  # less noise than this may be texture; between colours there is little texture
ROUNDING = 0.002  # what 8 bits and an unknown program leave of noise in a clean file
TV = 0.05
TV_LEAST, TV_OF_NOISE = 0.001, 0.3  # of total variation alone: its weight; looked at on House and Butterfly
HEADROOM = 0.1  # share of the small picture's contrast by which the large one may exceed it
GROUPING, ROUNDS = Grouping(side=6, step=4, reach=12, count=16), 48
# Of noisy pictures: to which share of the noise the rounds fall, and how.
LEAST, NOISY_ROUNDS, RIDGE = 0.7, 12, Chain(step=4, reach=12, count=32)


def state_upscaling(measurement: Tensor, options: UpscaleOptions, units: Units = AS_STORED) -> Statement:
    """The statement for a small frame (channels, *space) in [0, 1], NaN where nothing was measured.

    Raises OptionError for a factor that does not add a single pixel.
    """
    low = measurement.shape[1:]
    high = enlarged(low, options.factor)
    mask = torch.isfinite(measurement)
    small = measurement if bool(mask.all()) else fill_in(measurement.nan_to_num(), mask)
    sigma = max(ROUNDING, _noise_of(small) if options.sigma is None else options.sigma * units.white)
    operator = Decimation(high, low, options.kernel).to(measurement.device)

    def explain(image: Tensor, level: float) -> Tensor:
        return operator.explain(image, small, (sigma / level) ** 2)

    is_noisy = sigma > ROUNDING
    is_left_out = is_noisy and options.classical is None and options.has_network
    if is_left_out or not options.has_network:
        options = replace(options, classical=1.0)
    start = operator.enlarge(small, 1e-3 + sigma**2)
    if options.method == "tv":
        classical = tv_least_squares(operator, small, start, TV_LEAST + TV_OF_NOISE * sigma)
    else:
        classical = _by_groups(start, explain, sigma)

    def mixed(image: Tensor) -> Tensor:
        return image.lerp(classical, options.classical_share)

    def finish(estimate: Estimate) -> Restoration:
        picture = mixed(estimate["image"]) if estimate else classical
        return Restoration(picture if is_noisy else explain(picture.clamp(0, 1), 0.02))

    def check(picture: Tensor) -> dict[str, float]:
        return {"consistency_rmse": float(((operator(picture.clamp(0, 1)) - small)[mask]).square().mean().sqrt())}

    problem = picture_problem(
        small,
        root_mean_squared_error,
        operator=operator,
        shape=classical.shape,
        weight=mask_weight(mask),
        tv_weight=TV if options.tv_weight is None else options.tv_weight,
        guide=classical,
        picture=mixed,
    )
    decisions = {
        "size": by(reversed(high)),
        "kernel": options.kernel,
        "noise": f"σ ≈ {sigma / units.white:.3f}" if sigma > ROUNDING else "hardly any",
    }
    if is_left_out:
        decisions["network"] = "not fitted, for it gains nothing where the picture is noisy"
    return Statement(
        None if options.classical == 1 else problem,
        options.engine,
        ("total variation" if options.method == "tv" else "patch groups", classical),
        as_used(
            options,
            sigma=sigma / units.white,
            tv_weight=None if options.classical == 1 else TV,
            classical=options.classical_share,
        ),
        decisions,
        finish=finish,
        checks=check,
    )


def _by_groups(start: Tensor, explain: Explain, sigma: float) -> Tensor:
    """Windows first, then patch groups, in turn with what was measured."""
    start = alternate_windows(start, explain, falling(0.05, max(0.02, sigma), 6))
    if sigma > ROUNDING:
        return alternate_ridge(start, explain, falling(0.2, max(0.02, LEAST * sigma), NOISY_ROUNDS), RIDGE)
    return alternate_groups(start, explain, falling(0.2, 0.02, ROUNDS), GROUPING)


def workload_of(measurement: Tensor, options: UpscaleOptions) -> Workload:
    """What a frame asks of the machine.

    Raises OptionError for a factor that does not add a single pixel, and for volumes of few planes.
    """
    channels, *low = measurement.shape
    if len(low) > 2 and low[0] < SMALLEST_SIDE:
        raise OptionError(f"{low[0]} planes are too few to be enlarged as a volume; leave --volume out.")
    unknown = Unknown((channels, *enlarged(low, options.factor)))
    each = SECONDS if channels == 1 else SECONDS_OF_COLOUR
    seconds = each * torch.Size(unknown.shape).numel()
    unknowns = {"image": unknown} if options.has_network else {}
    return Workload(tuple(measurement.shape), options.engine, unknowns, seconds, beside=BESIDE)


def enlarged(space: Sequence[int], factor: float) -> tuple[int, ...]:
    """The sides of the large picture. Raises OptionError for a factor that does not add a single pixel."""
    high = tuple(round(side * factor) for side in space)
    if any(large <= small for large, small in zip(high, space, strict=True)):
        raise OptionError(f"--factor {factor:g} adds no pixel to a side of {min(space)}; give a larger one.")
    return high


def _noise_of(small: Tensor) -> float:
    """Deviation of the noise of a small picture, 0 where it could as well be its texture."""
    mixed = torch.tensordot(colour_axes(small), small, dims=1).double().cpu().numpy()
    bound = min(weakest_component(channel) for channel in mixed)
    sigma = min(bound, fit_law(noise_curve(small.double().cpu().numpy())).sigma)
    return sigma if sigma > CERTAIN.get(len(mixed), max(CERTAIN.values())) else 0.0
