"""Removing the artefacts of JPEG: a picture that could have been compressed to the very same file."""

from dataclasses import replace

from torch import Tensor

from dipcli.classical.patch_groups import Grouping
from dipcli.classical.plug_and_play import alternate_groups, alternate_windows, falling
from dipcli.engine.forecast import Workload
from dipcli.fidelities import cell_distance
from dipcli.options.overrides import as_used
from dipcli.pictures.jpeg_cells import JpegEncoding
from dipcli.pictures.options import DenoiseOptions
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pipeline.statement import Restoration, Statement
from dipcli.problem import Unknown

ROUNDING = 0.9 / 255  # three deviations of what writing 8-bit values does to a coefficient
NARROW = 0.5  # share of a cell's width in which the estimate is sought: the middle is likelier than the sides
TV = 0.05
CLASSICAL = 0.85  # share of the classical estimate: with 0.7 one of eight photographs lost 0.25 dB at quality 40
ROUNDS = 20
# Of the classical answer, for each value of a gray picture and of one with colours; of a step, in its network's.
SECONDS, SECONDS_OF_COLOUR, BESIDE = 4e-5, 2e-5, 1.5
WHITE = 255
GROUPING = Grouping(side=6, step=4, reach=12, count=16)


def workload_of(measurement: Tensor, options: DenoiseOptions) -> Workload:
    """What a frame asks of the machine."""
    shape = tuple(measurement.shape)
    seconds = (SECONDS if shape[0] == 1 else SECONDS_OF_COLOUR) * measurement.numel()
    unknowns = {} if options.classical == 1 else {"image": Unknown(shape)}
    return Workload(shape, options.engine, unknowns, seconds, beside=BESIDE)


def state_dejpeg(measurement: Tensor, encoding: JpegEncoding, options: DenoiseOptions) -> Statement:
    """The statement for a decoded JPEG file (channels, height, width) in [0, 1], and how it was encoded."""
    encoding = encoding.to(measurement.device)
    options = replace(options, classical=CLASSICAL) if options.classical is None else options
    sigma = encoding.noise_level

    def explain(image: Tensor, _: float) -> Tensor:
        return encoding.explain(image.clamp(0, 1), share=NARROW)

    start = alternate_windows(measurement, explain, falling(3 * sigma, 0.3 * sigma, 8))
    classical = alternate_groups(start, explain, falling(2 * sigma, 0.7 * sigma, 12), GROUPING)

    def mixed(image: Tensor) -> Tensor:
        return image.lerp(classical, options.classical_share)

    def in_cells(picture: Tensor) -> Tensor:
        for _ in range(ROUNDS):
            picture = encoding.explain(picture.clamp(0, 1), margin=ROUNDING)
        return picture

    def check(picture: Tensor) -> dict[str, float]:
        written = (picture.clamp(0, 1) * WHITE).round() / WHITE
        return {"share_in_cells": encoding.share_inside(written)}

    tv_weight = TV if options.tv_weight is None else options.tv_weight
    problem = picture_problem(
        encoding.centres,
        cell_distance(encoding.half_widths),
        operator=encoding,
        shape=measurement.shape,
        tv_weight=tv_weight,
        guide=classical,
        picture=mixed,
    )
    decisions = {"noise": f"quantisation, σ ≈ {sigma:.3f}", "loss": "distance to the quantisation cells"}
    return Statement(
        None if options.classical == 1 else problem,
        options.engine,
        ("patch groups", in_cells(classical)),
        as_used(options, sigma=sigma, tv_weight=None if options.classical == 1 else tv_weight),
        decisions,
        finish=lambda estimate: Restoration(in_cells(mixed(estimate.get("image", classical)))),
        checks=check,
    )
