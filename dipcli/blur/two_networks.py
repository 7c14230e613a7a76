"""Picture and kernel by two untrained networks, which start where the edges of the picture led to.

Source: Ren et al., CVPR 2020, arXiv 1908.02197; Zhuang et al., 2022, arXiv 2208.09483.
"""

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor
from torch.nn import functional

from dipcli.blur.blur import blind_deblurring_problem
from dipcli.blur.blurred_frame import BlurredFrame
from dipcli.blur.doubts import RETURNED, doubts_of
from dipcli.blur.edge_kernels import KernelCandidate, similarity, trimmed
from dipcli.blur.kernel_search import ROOM, with_network
from dipcli.blur.options import DeblurOptions
from dipcli.blur.searched_part import KernelSearch
from dipcli.fidelities import root_mean_squared_error
from dipcli.options.engine import PriorOptions
from dipcli.pipeline.statement import Restoration
from dipcli.problem import Estimate, Problem, Unknown

DRAWN = 17  # side of the smallest window that a network draws
LARGE = 1_000_000  # pixels, from which on no networks are fitted
RATES = {"classical": 0.1, "none": 0.01}  # of learning, in the picture's: over hundreds of steps, and thousands


def has_networks(n_pixels: int, options: DeblurOptions) -> bool:
    """Whether networks look for more of the kernel: what they gain is not worth making a large picture twice."""
    is_asked_for = options.init == "none" or options.method == "prior"
    return options.kernel_prior != "none" and (is_asked_for or n_pixels <= LARGE)


def two_networks(
    blurred: BlurredFrame,
    search: KernelSearch,
    guess: KernelCandidate,
    classical: Tensor,
    truth: Tensor | None,
) -> tuple[Problem, Callable[[Estimate], Restoration]]:
    """The problem of picture and kernel in the part where it was sought, and what comes of its estimate."""
    options = search.options
    image, kernel = _unknowns(search, guess)
    problem = blind_deblurring_problem(
        search.part.frame,
        image,
        kernel,
        root_mean_squared_error,
        weight=search.part.weight(),
        sparsity_weight=options.sparsity_weight,
        tv_weight=options.tv_weight,
        finish=blurred.in_units_of_input,
    )

    def finish(estimate: Estimate) -> Restoration:
        best = with_network(search, guess, estimate["kernel"][0]) if estimate else guess
        doubts = doubts_of(search, best, guess)
        if doubts and not options.keep:
            shown = blurred.in_units_of_input(blurred.frame)
            doubts = (f"{' '.join(doubts)} {RETURNED}",)
        elif estimate and options.method == "prior":
            shown = problem.picture(estimate)
        elif best is guess:
            shown = classical
        else:
            shown = blurred.in_units_of_input(blurred.sharp_picture(trimmed(best.kernel), search.tell))
        return Restoration(
            shown,
            {"kernel": trimmed(best.kernel)},
            doubts,
            {"kernel_of": "edges" if best is guess else "edges and two networks"},
            {} if truth is None else {"kernel_similarity": similarity(best.kernel, truth.to(best.kernel))},
        )

    return problem, finish


def _unknowns(search: KernelSearch, guess: KernelCandidate) -> tuple[Unknown, Unknown]:
    """Picture and kernel, which start where the edges led to, or nowhere."""
    part, options = search.part, search.options
    prior = kernel_prior(options)
    if options.init == "none":
        side = max(search.largest, DRAWN)
        picture = functional.pad(part.frame[None], (side // 2,) * 4, mode="replicate")[0]
        return Unknown(tuple(picture.shape), guide=picture), Unknown((1, side, side), "simplex", prior)
    start = trimmed(guess.kernel, ROOM, DRAWN)
    picture = part.latent_image_by_tv(start).clamp(0, 1)
    return (
        Unknown(tuple(picture.shape), guide=picture),
        Unknown((1, *start.shape), "simplex", prior, guide=start[None]),
    )


def kernel_prior(options: DeblurOptions) -> PriorOptions:
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
