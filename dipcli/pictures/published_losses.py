"""Denoising with losses of published methods: an unbiased estimate of the risk, and errors that are few."""

from collections.abc import Callable
from dataclasses import replace
from typing import final

import torch
from torch import Tensor, nn

from dipcli.fidelities import mean_squared_error
from dipcli.options.engine import PriorOptions
from dipcli.penalties import stein_divergence
from dipcli.pictures.noise_model import Noise, StabilisedValues, mask_weight
from dipcli.pictures.picture_problem import picture_problem
from dipcli.problem import Problem, Response, Unknown

# You et al. start at 1e-5, have 500 times the rate of a network without Adam, and 150,000 steps.
ERRORS = PriorOptions(
    prior="free",
    learn="seed",
    seed_kind="normal",
    seed_scale=1e-3,
    jitter=0.0,
    learning_rate_factor=2.0,
    optimiser="gradient",
)


def risk_problem(
    measurement: Tensor,
    noise: Noise,
    values: StabilisedValues,
    picture: Callable[[Tensor], Tensor],
    tv_weight: float,
) -> Problem:
    """The estimated risk of a network that is fed the noisy values.

    Shot noise, alone or with Gaussian noise, on the values as they are; any other on those that are stabilised,
    where clipping is reckoned with.
    `picture` makes what is looked at from an image of values as they are.
    Source: Jo, Chun and Choi, ICCV 2021, arXiv 2108.12841 (eSURE, PURE); see `stein_divergence`.
    """
    law, mask = noise.law, values.mask
    is_plain = bool(law.shot) and not (noise.channel_laws or law.parabola or law.speckle)
    if is_plain:
        known = measurement.nan_to_num()
        noisy = torch.where(mask, known, values.classical_picture)
        signal = (noisy - law.zero).clamp(min=0)
        variance, shown = law.gaussian**2 + law.shot**2 * signal, picture
    else:
        noisy = values.values
        variance = torch.full_like(noisy, values.sigma**2)

        def shown(image: Tensor) -> Tensor:
            return picture(values.scale.inverse(image))

    problem = picture_problem(
        noisy, mean_squared_error, weight=mask_weight(mask), tv_weight=tv_weight, guide=noisy, picture=shown
    )
    divergence = Response(stein_divergence(variance * mask), "image")
    return replace(problem, responses=(divergence,))


@final
class WithErrors(nn.Module):
    """A picture with errors: `raised`² above it, and `lowered`² below."""

    def forward(self, image: Tensor, raised: Tensor, lowered: Tensor) -> Tensor:
        """All of one shape (channels, *space) -> what was measured, of the same."""
        return image + raised.square() - lowered.square()


def sparse_problem(problem: Problem) -> Problem:
    """The same with errors g² - h² beside the image, which grow from nearly nothing, so that few of them do.

    Source: You, Zhu, Qu and Ma, Robust recovery via implicit bias of discrepant learning rates for double
    over-parameterization, NeurIPS 2020, arXiv 2006.08857. We differ in that the network is fitted by Adam.
    """
    errors = Unknown(tuple(problem.measurement.shape), "real", ERRORS)
    return replace(
        problem, operator=WithErrors(), unknowns={**problem.unknowns, "raised": errors, "lowered": errors}
    )
