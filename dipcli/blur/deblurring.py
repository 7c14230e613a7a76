"""Deblurring one frame: the kernel, where it is not known, and the sharp picture."""

from dataclasses import replace

import torch
from torch import Tensor

from dipcli.blur.blur import Blur
from dipcli.blur.blurred_frame import BAND_VALUES, GROUPED_UP_TO, BlurredFrame, Tell, look_at, method_of, silent
from dipcli.blur.crops import given_part, sides_of_others
from dipcli.blur.deconvolution import CERTAIN, inside
from dipcli.blur.doubts import RETURNED, cautions_of, doubts_of
from dipcli.blur.edge_kernels import trimmed
from dipcli.blur.evenness import compare_parts
from dipcli.blur.given_kernel import check_kernel
from dipcli.blur.kernel_search import MOST_PARTS, find_kernel, is_blurred
from dipcli.blur.options import DeblurOptions
from dipcli.blur.searched_part import (
    PART,
    WIDE_SIDE,
    choose_part,
    has_room,
    is_alone,
    largest_window,
    search_in,
)
from dipcli.blur.sharpness import measure_sharpness
from dipcli.blur.simple_kernels import simple_kernel
from dipcli.blur.two_networks import has_networks, kernel_prior, two_networks
from dipcli.engine.forecast import Workload
from dipcli.errors import InputError, OptionError
from dipcli.fidelities import root_mean_squared_error
from dipcli.options.overrides import without_engine
from dipcli.pictures.files.ranges import AS_STORED, Units
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pipeline.statement import Restoration, Statement
from dipcli.problem import Unknown

HEADROOM = 0.1  # share of the blurred picture's contrast by which the sharp one may exceed it
# Of the final pictures, for each value.
SECONDS = {"patches": 1.3e-4, "tv": 1.1e-5, "wiener": 4.5e-7, "rl": 1.1e-6}
BAND_BYTES, BYTES = 1.2e9, 80.0  # of one band of the picture, and for each value of all of it
# Of the search, for each pixel of the part with most edges, of another part, and of all of the picture.
SECONDS_OF_SEARCH, SECONDS_OF_OTHERS, SECONDS_OF_WIDE = 8e-4, 1e-4, 7e-4


def state_deblurring(
    measurement: Tensor,
    options: DeblurOptions,
    kernel: Tensor | None = None,
    truth: Tensor | None = None,
    units: Units = AS_STORED,
    tell: Tell = silent,
) -> Statement:
    """The statement for a frame (channels, height, width) in [0, 1], NaN where nothing was measured.

    `kernel` (n, n), if it is known, is of sum 1 and for convolution, n is odd; `truth` is one to score against.
    Raises OptionError for a kernel or a part that does not fit into the frame, InputError where hardly a value
    is mask.
    """
    tell("looking at the noise", 0.0)
    blurred, decisions = look_at(measurement, options, units)
    options = replace(options, sigma=blurred.sigma / units.white)  # as it is used, and recorded
    if kernel is None:
        return _blind(blurred, options, decisions, truth, tell)
    return _informed(blurred, options, decisions, kernel.to(measurement), tell)


def workload_of(measurement: Tensor, options: DeblurOptions, kernel: Tensor | None = None) -> Workload:
    """What a frame asks of the machine.

    Raises InputError and OptionError where `state_deblurring` would, as far as sizes tell.
    """
    if measurement.ndim != 3:
        raise InputError("Only pictures can be deblurred, no signals or volumes; give a picture.")
    channels, height, width = measurement.shape
    method = method_of(options, measurement.numel())
    final = measurement.numel() * SECONDS[method]
    if kernel is not None:
        _check_kernel(kernel, measurement)
        unknowns = {"image": Unknown((channels, height, width))} if options.method == "prior" else {}
        return Workload(
            (channels, height, width), options.engine, unknowns, final, _bytes_of(measurement, options)
        )
    sides = (min(PART, height), min(PART, width))
    if options.part is not None:
        rows, columns = given_part(options.part, height, width)
        sides = (rows.stop - rows.start, columns.stop - columns.start)
    elif options.method == "prior":
        sides = (height, width)
    side = largest_window(min(sides), options)
    unknowns = {
        "image": Unknown((channels, sides[0] + side - 1, sides[1] + side - 1)),
        "kernel": Unknown((1, side, side), "simplex", kernel_prior(options)),
    }
    is_fitted = has_networks(height * width, options)
    once, most = _seconds_of_search(height, width, sides, options)
    return Workload(
        (channels, height, width),
        options.engine,
        unknowns if is_fitted else {},
        once + (1 + is_fitted) * final,
        _bytes_of(measurement, options),
        classical_most=most + (1 + is_fitted) * final,
    )


def _seconds_of_search(
    height: int, width: int, sides: tuple[int, int], options: DeblurOptions
) -> tuple[float, float]:
    """Of looking for a kernel in a part of these sides, and in others: where they agree, and at most."""
    first = SECONDS_OF_SEARCH * sides[0] * sides[1]
    side, count = (0, 0) if is_alone(options) else sides_of_others(height * width, min(sides), MOST_PARTS)
    if count < 1:
        return first, (options.restarts + 1) * first
    usual = first + count * SECONDS_OF_OTHERS * side**2
    is_wide = has_room(height, width, options)
    return usual, usual + is_wide * SECONDS_OF_WIDE * min(height, WIDE_SIDE) * min(width, WIDE_SIDE)


def _bytes_of(measurement: Tensor, options: DeblurOptions) -> float | None:
    """Memory for a picture that is made in bands; None for that of smaller ones."""
    n_values = measurement.numel()
    is_small = n_values <= BAND_VALUES or options.method in ("patches", "prior")
    return None if is_small else BAND_BYTES + BYTES * n_values


def _check_kernel(kernel: Tensor, frame: Tensor) -> None:
    if kernel.shape[0] >= min(frame.shape[1:]):
        raise OptionError(f"A kernel of {kernel.shape[0]} pixels does not fit into the frame; give a smaller one.")


def _informed(
    blurred: BlurredFrame, options: DeblurOptions, decisions: dict[str, str], kernel: Tensor, tell: Tell
) -> Statement:
    """With a kernel that is known: the classical answer, or a network that is fed with it."""
    _check_kernel(kernel, blurred.frame)
    checked = check_kernel(blurred, kernel)
    kernel, decisions = checked.kernel, {**decisions, **checked.decisions}
    if checked.doubts and not options.keep:
        refusal = (f"{' '.join(checked.doubts)} {RETURNED}",)
        return _unchanged(blurred, options, decisions, refusal, {"kernel": kernel})
    warnings = checked.warnings + checked.doubts
    if options.method != "prior":
        classical = blurred.in_units_of_input(blurred.sharp_picture(kernel, tell))
        return Statement(
            None,
            options.engine,
            (blurred.method, classical),
            without_engine(options),
            decisions,
            warnings=warnings,
            up_to_shift=True,
            finish=lambda _: Restoration(classical, {"kernel": kernel}),
        )
    picture = blurred.latent_image(kernel)

    def returned(image: Tensor) -> Tensor:
        return blurred.in_units_of_input(inside(image.lerp(picture, options.classical), kernel))

    problem = picture_problem(
        blurred.frame,
        root_mean_squared_error,
        operator=Blur(kernel),
        shape=picture.shape,
        weight=blurred.weight(),
        tv_weight=options.tv_weight,
        guide=picture,
        picture=returned,
    )
    return Statement(
        problem,
        options.engine,
        (blurred.method, blurred.in_units_of_input(inside(picture, kernel))),
        without_engine(options),
        decisions,
        warnings=warnings,
        up_to_shift=True,
        finish=lambda estimate: Restoration(returned(estimate.get("image", picture)), {"kernel": kernel}),
    )


def _unchanged(
    blurred: BlurredFrame,
    options: DeblurOptions,
    decisions: dict[str, str],
    warnings: tuple[str, ...],
    objects: dict[str, Tensor] | None = None,
) -> Statement:
    """The input itself, and what speaks against all else; its kernel is a point, unless others are given."""
    frame = blurred.in_units_of_input(blurred.frame)
    objects = {"kernel": frame.new_ones(1, 1)} if objects is None else objects
    return Statement(
        None,
        options.engine,
        ("input", frame),
        without_engine(options),
        decisions,
        unchanged=torch.ones_like(frame, dtype=torch.bool),
        up_to_shift=True,
        finish=lambda _: Restoration(frame, objects, warnings),
    )


def _blind(
    blurred: BlurredFrame,
    options: DeblurOptions,
    decisions: dict[str, str],
    truth: Tensor | None,
    tell: Tell,
) -> Statement:
    """The kernel of the edges first; then picture and kernel by two networks; then the picture anew."""
    tell("looking for a blur", 0.0)
    search = search_in(blurred, choose_part(blurred, options), options, tell)
    sharpness = measure_sharpness(search.gray)
    decisions = {**decisions, "sharpness": str(sharpness)}
    if options.init == "classical" and not options.keep and not is_blurred(search, sharpness):
        return _unchanged(blurred, options, decisions, (f"No blur was found ({sharpness}). {RETURNED}",))
    found = find_kernel(blurred, search)
    search = found[0].search
    parts = compare_parts(blurred.gray().frame[0], found)
    guess, shape = simple_kernel(search, parts.guess)
    height, width = search.gray.shape
    sought = f"up to {search.largest}x{search.largest}, sought in {width}x{height} pixels"
    decisions |= {"kernel": f"{sought}, found twice alike by {guess.support:.0%}", **shape, **parts.decisions}
    warnings = parts.warnings + cautions_of(search, guess, float(blurred.clipped.float().mean()))
    if blurred.method == "tv" and blurred.frame.numel() > GROUPED_UP_TO:
        blurred = replace(blurred, sigma=max(blurred.sigma, CERTAIN))  # the kernel is not exact: it would ring
    doubts: tuple[str, ...] = ()
    if not has_networks(blurred.mask.numel(), options):
        decisions["networks"] = "none"
        doubts = doubts_of(search, guess, guess)
    if (doubts or not parts.is_believed) and not options.keep:
        said = (" ".join((*doubts, RETURNED)),)
        objects = {"kernel": trimmed(guess.kernel), **parts.objects}
        return _unchanged(blurred, options, decisions, warnings + said, objects)
    classical = blurred.in_units_of_input(blurred.sharp_picture(trimmed(guess.kernel), tell))
    problem, finish = two_networks(blurred, search, guess, classical, truth)
    return Statement(
        problem if has_networks(blurred.mask.numel(), options) else None,
        options.engine,
        (f"edges, {blurred.method}", classical),
        without_engine(options),
        decisions,
        warnings=warnings,
        part=(..., *search.place),
        up_to_shift=True,
        finish=lambda estimate: _with_objects(finish(estimate), parts.objects),
    )


def _with_objects(restoration: Restoration, objects: dict[str, Tensor]) -> Restoration:
    return replace(restoration, objects={**restoration.objects, **objects})
