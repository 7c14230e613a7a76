"""Deblurring one frame: the kernel, where it is not known, and the sharp picture."""

from dataclasses import asdict, replace

from torch import Tensor
from torch.nn import functional

from dipcli.blur.blur import Blur, blind_deblurring_problem
from dipcli.blur.blurred_frame import Blurred, look_at
from dipcli.blur.deconvolution import inside
from dipcli.blur.edge_kernels import Guess, similarity, trimmed
from dipcli.blur.kernel_search import (
    Search,
    by_edges,
    choose_part,
    cut_off,
    doubts_of,
    largest_window,
    second_opinion,
    with_network,
)
from dipcli.blur.options import DeblurringOptions
from dipcli.errors import OptionError
from dipcli.fidelities import root_mean_squared_error
from dipcli.options.engine import EngineOptions, PriorOptions
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pipeline.statement import Outcome, Statement
from dipcli.problem import Estimate, Unknown

DRAWN = 17  # side of the smallest window that a network draws
ROOM = 3  # pixels around the kernel of edges in which the network may find more
RATES = {"classical": 0.1, "none": 0.01}  # of learning, in the picture's: over hundreds of steps, and thousands


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
    rows, columns = choose_part(blurred, options)
    part = blurred.part(rows, columns)
    calm = part.calm_gray()
    search = Search(part, calm, largest_window(calm, options), options)
    guess = by_edges(search)
    textbook = _sharp(blurred, guess)
    image, kernel = _unknowns(search, guess)
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
        best = with_network(search, guess, estimate["kernel"][0])
        sharp = textbook if best is guess else _sharp(blurred, best)
        doubts = doubts_of(search, best, guess)
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
        {
            **facts,
            "kernel": f"up to {search.largest}x{search.largest}, sought in {calm.shape[1]}x{calm.shape[0]} pixels",
        },
        warnings=second_opinion(blurred, (rows, columns), guess.kernel, options) + cut_off(guess.kernel),
        part=(..., rows, columns),
        up_to_shift=True,
        finish=finish,
    )


def _sharp(blurred: Blurred, guess: Guess) -> Tensor:
    """The part in the frame of the picture behind it."""
    kernel = trimmed(guess.kernel)
    return inside(blurred.picture_behind(kernel), kernel)


def _unknowns(search: Search, guess: Guess) -> tuple[Unknown, Unknown]:
    """Picture and kernel, which start where the edges led to, or nowhere."""
    part, options = search.part, search.options
    prior = _kernel_prior(options)
    if options.init == "none":
        side = max(search.largest, DRAWN)
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
