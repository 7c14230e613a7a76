"""How far a prediction is from the measurement: scalar, differentiable, complex-safe, weighted.

Each takes `prediction` and `measurement` of one shape and an optional real `weight` of that shape (0 hides a
value, whose content then has no influence at all) and returns the weighted mean over the visible values.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Fidelity = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def _mean(values: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return values.mean()
    return (values * weight).sum() / weight.sum()


def _residual(prediction: Tensor, measurement: Tensor, weight: Tensor | None) -> Tensor:
    residual = prediction - measurement
    # Zero times NaN is NaN: what is hidden is cut out, not multiplied away.
    return residual if weight is None else torch.where(weight > 0, residual, torch.zeros_like(residual))


def mean_squared_error(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of |prediction - measurement|²: the likelihood of Gaussian noise."""
    residual = _residual(prediction, measurement, weight)
    squares = residual.abs().square() if residual.is_complex() else residual.square()
    return _mean(squares, weight)


def root_mean_squared_error(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None) -> Tensor:
    """Square root of the mean squared error: the weight of a penalty then hardly depends on the noise level.

    Source: Li et al., Deep Random Projector, CVPR 2023 (the data term of the published code).
    """
    return (mean_squared_error(prediction, measurement, weight) + 1e-12).sqrt()


def mean_absolute_error(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of |prediction - measurement|: hardly moved by outliers."""
    return _mean(_residual(prediction, measurement, weight).abs(), weight)


def huber(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None, delta: float = 0.05) -> Tensor:
    """Mean of r²/2 where r = |prediction - measurement| is below `delta`, of `delta`·(r - delta/2) above.

    Source: Huber, Robust estimation of a location parameter, 1964; δ = 0.05 as in Li et al., CVPR 2023.
    """
    size = _residual(prediction, measurement, weight).abs()
    return _mean(torch.where(size < delta, size.square() / 2, delta * (size - delta / 2)), weight)


def poisson(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None, floor: float = 1e-3) -> Tensor:
    """Mean of prediction - measurement·log(prediction), less its minimum: the likelihood of shot noise.

    Both are intensities of at least 0, in any unit; predictions below `floor` count as `floor`.
    """
    expected = prediction.clamp(min=floor)
    counts = measurement.clamp(min=0)
    if weight is not None:
        counts = torch.where(weight > 0, counts, torch.zeros_like(counts))
    lowest = counts - torch.special.xlogy(counts, counts)
    return _mean(expected - counts * expected.log() - lowest, weight)


def cell_distance(half_widths: Tensor) -> Fidelity:
    """A fidelity: the root mean square of how far predictions are outside of measured cells.

    A value that was rounded, as in a JPEG file, is only known to lie within `half_widths` of the measurement;
    what lies there costs nothing.
    """

    def distance_to_cells(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None) -> Tensor:
        distance = _residual(prediction, measurement, weight).abs() - half_widths.to(prediction.dtype)
        return (_mean(distance.clamp(min=0).square(), weight) + 1e-12).sqrt()

    return distance_to_cells
