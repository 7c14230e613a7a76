"""One picture is unknown: measured as it is, or through an operator."""

from collections.abc import Callable, Sequence
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


def picture_problem(
    measurement: Tensor,
    fidelity: Fidelity,
    *,
    operator: nn.Module | None = None,
    shape: Sequence[int] | None = None,
    weight: Tensor | None = None,
    tv_weight: float = 0.0,
    guide: Tensor | None = None,
    picture: Callable[[Tensor], Tensor] = lambda image: image,
) -> Problem:
    """The picture of `shape` (channels, *space), values in [0, 1], that `operator` turned into `measurement`.

    Without an operator and a shape, the picture itself is measured: denoising, and inpainting where `weight`
    is 0 on values that are missing. `guide` is a rough answer for the network to start from. `picture` makes
    what is looked at from the image that is fitted, where the two differ.
    Source: Ulyanov et al., CVPR 2018, §3; total variation as in Li et al., CVPR 2023.
    """
    penalties = (Penalty(total_variation, "image", tv_weight),) if tv_weight else ()
    return Problem(
        measurement=measurement,
        operator=operator or Identity(),
        unknowns={"image": Unknown(tuple(shape or measurement.shape), guide=guide)},
        fidelity=fidelity,
        picture=lambda estimate: picture(estimate["image"]),
        penalties=penalties,
        weight=weight,
    )
