"""Denoising: the picture itself is measured, with noise."""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from dipcli.fidelities import Fidelity
from dipcli.penalties import total_variation
from dipcli.problem import Penalty, Problem, Unknown


@final
class Identity(nn.Module):
    """The picture as it is: image (channels, *space) -> the same."""

    def forward(self, image: Tensor) -> Tensor:
        """Return the image."""
        return image


def denoising(
    measurement: Tensor,
    fidelity: Fidelity,
    *,
    weight: Tensor | None = None,
    tv_weight: float = 0.0,
    guide: Tensor | None = None,
    finish: Callable[[Tensor], Tensor] = lambda image: image,
) -> Problem:
    """The noisy picture `measurement` (channels, *space) in [0, 1]; `weight` is 0 on values that are missing.

    `guide` is a rough answer for the network to start from. `finish` makes the picture that is looked at from
    the one that is fitted, where the two are on different scales of values.
    Source: Ulyanov et al., CVPR 2018, §3.1; total variation as in Li et al., CVPR 2023.
    """
    penalties = (Penalty(total_variation, "image", tv_weight),) if tv_weight else ()
    return Problem(
        measurement=measurement,
        operator=Identity(),
        unknowns={"image": Unknown(tuple(measurement.shape), guide=guide)},
        fidelity=fidelity,
        picture=lambda estimate: finish(estimate["image"]),
        penalties=penalties,
        weight=weight,
    )
