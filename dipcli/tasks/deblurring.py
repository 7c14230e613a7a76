"""Deblurring one frame: the kernel, where it is not known, and the sharp picture."""

from dataclasses import asdict, replace

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.classical.deconvolution import inside
from dipcli.classical.kernels import (
    EDGES,
    Guess,
    best_guess,
    estimate_kernel,
    framed,
    judge,
    similarity,
    tidy,
    trimmed,
)
from dipcli.errors import OptionError
from dipcli.fidelities import root_mean_squared_error
from dipcli.options import DeblurringOptions, EngineOptions, PriorOptions
from dipcli.penalties import normalised_sparsity
from dipcli.physics.blur import Blur, blind_deblurring_problem
from dipcli.physics.picture import picture_problem
from dipcli.problem import Estimate, Unknown
from dipcli.tasks.blurred import Blurred, look_at
from dipcli.tasks.statement import Outcome, Statement

Part = tuple[slice, slice]

WINDOWS = (9, 13, 17, 21, 25, 31, 39, 51, 67, 87)  # tried one after the other
OF_PICTURE = 3  # the side of the picture in windows, unless told
PART = 384  # side of the part in which a kernel is sought
SMALLEST_PART = 32
STRIDE = 8
STEEPEST = 0.01  # squared slopes: one bright line does not make a part worth looking at
TRIES = (1.0, 2.5, 0.4, 5.0, 0.2)  # weights of edges, in their usual one
DRAWN = 17  # side of the smallest window that a network draws
ROOM = 3  # pixels around the kernel of edges in which the network may find more
FAINT = 0.01
RATES = {"classical": 0.1, "none": 0.01}  # of learning, in the picture's: over hundreds of steps, and thousands

SHARP = 0.76  # ℓ1/ℓ2 of the gradients, after over before, above which there was no blur to remove
PEAKED = 0.9
BRIGHTER = 0.1
SCATTERED = 0.25  # share of its window that a kernel of mere noise covers, unless the window is small
SMALL_WINDOW = 25
MISFIT, LEAST_MISFIT = 2.0, 0.012  # in deviations of the noise; never less than
ALIKE = 0.6  # similarity of the kernels of two parts of an evenly blurred picture


def state_deblurring(
    measurement: Tensor,
    engine: EngineOptions,
    options: DeblurringOptions,
    kernel: Tensor | None = None,
    truth: Tensor | None = None,
) -> Statement:
    """The statement for a frame (channels, height, width) in [0, 1], NaN where nothing was measured.

    `kernel` (n, n), if it is known, is of sum 1 and for convolution, n is odd; `truth` is one to score against.
    Raises OptionError for a kernel or a part that does not fit into the frame, InputError where hardly a value
    is believed.
    """
    blurred, facts = look_at(measurement, options)
    if kernel is None:
        return _blind(blurred, engine, options, facts, truth)
    kernel = kernel.to(measurement)
    return _informed(blurred, engine, options, facts, kernel)


def _informed(
    blurred: Blurred, engine: EngineOptions, options: DeblurringOptions, facts: dict[str, str], kernel: Tensor
) -> Statement:
    """With a kernel that is known: the textbook's answer, or a network that is fed with it."""
    if kernel.shape[0] >= min(blurred.frame.shape[1:]):
        raise OptionError(f"A kernel of {kernel.shape[0]} pixels does not fit into the frame; give a smaller one.")
    picture = blurred.picture_behind(kernel)
    problem = picture_problem(
        blurred.frame,
        root_mean_squared_error,
        operator=Blur(kernel),
        shape=picture.shape,
        weight=blurred.weight(),
        tv_weight=options.tv_weight,
        guide=picture,
        finish=lambda image: blurred.in_units_of_input(inside(image.lerp(picture, options.classical), kernel)),
    )
    return Statement(
        problem if options.method == "prior" else None,
        engine,
        (blurred.method, blurred.in_units_of_input(inside(picture, kernel))),
        asdict(options),
        {**facts, "kernel": f"given, {kernel.shape[0]}x{kernel.shape[0]}"},
        up_to_shift=True,
        finish=lambda _, found: Outcome(found, {"kernel": kernel}),
    )


def _blind(
    blurred: Blurred,
    engine: EngineOptions,
    options: DeblurringOptions,
    facts: dict[str, str],
    truth: Tensor | None,
) -> Statement:
    """The kernel of the edges first; then picture and kernel by two networks; then the picture anew."""
    rows, columns = _part(blurred, options)
    part = blurred.part(rows, columns)
    calm = part.calm_gray()
    largest = _largest(calm, options)
    guess = _guess(calm, part, largest, options)
    textbook = _sharp(blurred, guess)
    image, kernel = _unknowns(part, guess, largest, options)
    problem = blind_deblurring_problem(
        part.frame,
        image,
        kernel,
        root_mean_squared_error,
        weight=part.weight(),
        sparsity_weight=options.sparsity_weight,
        tv_weight=options.tv_weight,
        finish=blurred.in_units_of_input,
    )

    def finish(estimate: Estimate, picture: Tensor) -> Outcome:
        best = _both(guess, estimate["kernel"][0], part, calm, options)
        sharp = textbook if best is guess else _sharp(blurred, best)
        doubts = _doubts(best, guess, part, calm, largest)
        shown = picture if options.method == "prior" else blurred.in_units_of_input(sharp)
        if doubts and not options.keep:
            shown = blurred.in_units_of_input(blurred.frame)
            doubts = (f"{' '.join(doubts)} The input is returned; --keep returns the result all the same.",)
        return Outcome(
            shown,
            {"kernel": trimmed(best.kernel)},
            doubts,
            {"kernel of": "edges" if best is guess else "edges and two networks"},
            {} if truth is None else {"kernel_similarity": similarity(best.kernel, truth.to(best.kernel))},
        )

    return Statement(
        problem,
        engine,
        (f"edges, {blurred.method}", blurred.in_units_of_input(textbook)),
        asdict(options),
        {**facts, "kernel": f"at most {largest}x{largest}, sought in {calm.shape[1]}x{calm.shape[0]} pixels"},
        warnings=_second_opinion(blurred, (rows, columns), guess.kernel, options),
        part=(..., rows, columns),
        up_to_shift=True,
        finish=finish,
    )


def _sharp(blurred: Blurred, guess: Guess) -> Tensor:
    """The part in the frame of the picture behind it."""
    kernel = trimmed(guess.kernel)
    return inside(blurred.picture_behind(kernel), kernel)


def _unknowns(part: Blurred, guess: Guess, largest: int, options: DeblurringOptions) -> tuple[Unknown, Unknown]:
    """Picture and kernel, which start where the edges led to, or nowhere."""
    prior = _kernel_prior(options)
    if options.init == "none":
        side = max(largest, DRAWN)
        picture = functional.pad(part.frame[None], (side // 2,) * 4, mode="replicate")[0]
        return Unknown(tuple(picture.shape), guide=picture), Unknown((1, side, side), "simplex", prior)
    start = trimmed(guess.kernel, ROOM, DRAWN)
    picture = part.smooth_behind(start).clamp(0, 1)
    return (
        Unknown(tuple(picture.shape), guide=picture),
        Unknown((1, *start.shape), "simplex", prior, guide=start[None]),
    )


def _kernel_prior(options: DeblurringOptions) -> PriorOptions:
    """The network of the kernel. Ren et al., CVPR 2020 (dense); Zhuang et al., 2022 (coordinates)."""
    prior = PriorOptions(
        prior="siren",
        width=(64, 64),
        jitter=0.0,
        from_guide=options.init == "classical",
        learning_rate_factor=RATES[options.init],
    )
    return (
        prior if options.kernel_prior == "siren" else replace(prior, prior="mlp", width=(1000,), seed_channels=200)
    )


def _guess(calm: Tensor, part: Blurred, largest: int, options: DeblurringOptions) -> Guess:
    """The most believable kernel of the tries until one leaves no doubts."""
    sizes = [size for size in WINDOWS if size < largest] + [largest]
    guesses: list[Guess] = []
    for weight in TRIES[: options.restarts + 1]:
        guesses.append(best_guess(calm, sizes, edges=weight * EDGES, believed=part.believed))
        if not _doubts(guesses[-1], guesses[-1], part, calm, largest):
            break
    return min(guesses, key=lambda guess: guess.score)


def _both(guess: Guess, drawn: Tensor, part: Blurred, calm: Tensor, options: DeblurringOptions) -> Guess:
    """The mean of the kernels of edges and of the network, where the network explains more.

    Edges miss detail, and networks err: neither alone was better. From nothing, it is the network's alone.
    """
    drawn = tidy(drawn, FAINT)
    found = judge(calm, drawn, part.believed)
    if options.init == "none":
        return found
    if found.misfit >= guess.misfit or float(drawn.max()) > PEAKED:
        return guess
    side = max(len(drawn), len(guess.kernel))
    return judge(calm, (framed(drawn, side) + framed(guess.kernel, side)) / 2, part.believed)


def _doubts(best: Guess, first: Guess, part: Blurred, calm: Tensor, largest: int) -> tuple[str, ...]:
    """What makes a kernel and its picture hard to believe, a sentence for each; `first` is that of edges alone."""
    believed, kernel = part.believed, best.kernel
    gain = normalised_sparsity(inside(first.picture, first.kernel)) / normalised_sparsity(calm[None])
    covered = 1 / float(kernel.square().sum())
    before = float(calm[believed].mean())
    after = float(inside(best.picture, kernel)[0][believed].clamp(0, 1).mean())
    doubts = {
        "No blur was found.": float(gain) > SHARP or float(kernel.max()) > PEAKED,
        "The kernel is scattered over its whole window.": covered > SCATTERED * max(largest, SMALL_WINDOW) ** 2,
        "The result is darker or brighter than the input.": abs(after - before) > BRIGHTER * before,
        f"The result does not explain the input (residual {best.misfit:.3f}).": best.misfit
        > max(LEAST_MISFIT, MISFIT * part.sigma),
    }
    return tuple(doubt for doubt, is_so in doubts.items() if is_so)


def _part(blurred: Blurred, options: DeblurringOptions, avoid: Part | None = None) -> Part:
    """The rectangle with the most edges and the least that is clipped, outside of another one if need be."""
    height, width = blurred.frame.shape[1:]
    if options.part is not None and avoid is None:
        rows, columns = options.part
        shortest = min(rows.stop - rows.start, columns.stop - columns.start)
        if rows.stop > height or columns.stop > width or shortest < SMALLEST_PART:
            raise OptionError(
                f"--crop {options.crop} is no part of {width}x{height}, of sides of at least {SMALLEST_PART}."
            )
        return rows, columns
    if options.method == "prior":
        return slice(0, height), slice(0, width)
    sides = (min(PART, height), min(PART, width))
    gray = blurred.frame.mean(0, keepdim=True)
    slopes = sum(gray.diff(dim=axis, append=gray.narrow(axis, -1, 1)).square() for axis in (1, 2))
    worth = torch.where(blurred.believed, torch.as_tensor(slopes).clamp(max=STEEPEST), -STEEPEST)
    if avoid is not None:
        worth[:, avoid[0], avoid[1]] = -1
    sums = functional.avg_pool2d(worth[None], sides, stride=STRIDE)[0, 0]
    top, left = (STRIDE * int(at) for at in divmod(int(sums.argmax()), sums.shape[1]))
    return slice(top, top + sides[0]), slice(left, left + sides[1])


def _second_opinion(blurred: Blurred, first: Part, kernel: Tensor, options: DeblurringOptions) -> tuple[str, ...]:
    """A warning where another part of a large picture has another kernel."""
    if blurred.believed.numel() < 2 * PART**2:
        return ()
    part = blurred.part(*_part(blurred, options, avoid=first))
    other = estimate_kernel(part.calm_gray(), kernel.shape[0], believed=part.believed)
    alike = similarity(kernel, other)
    if alike >= ALIKE:
        return ()
    return (f"Two parts of the picture have kernels that are {alike:.0%} alike: the blur may not be even.",)


def _largest(calm: Tensor, options: DeblurringOptions) -> int:
    """The largest window in which the kernel is sought, odd."""
    shortest = min(calm.shape)
    size = options.kernel_size
    if size is None:
        size = shortest // 2 - 1 if options.init == "none" else min(WINDOWS[-1], shortest // OF_PICTURE)
    if size > shortest // 2:
        raise OptionError(f"--kernel-size {size} is more than half of a side of {shortest}; give a smaller one.")
    return max(3, size + 1 - size % 2)
