"""From a network's unbounded output to the values that an unknown may take."""

from collections.abc import Callable

import torch
from torch import Tensor

from dipcli.problem import Values


def _simplex(output: Tensor) -> Tensor:
    return torch.softmax(output.flatten(), dim=0).reshape(output.shape)


def _identity(output: Tensor) -> Tensor:
    return output


# "angle" is not wrapped: a phase may wind by more than 2π across the object.
TO_VALUES: dict[Values, Callable[[Tensor], Tensor]] = {
    "unit": torch.sigmoid,
    "real": _identity,
    "angle": _identity,
    "simplex": _simplex,
}


# The output that gives these values, as near to the ends of their range as is safe.
FROM_VALUES: dict[Values, Callable[[Tensor], Tensor]] = {
    "unit": lambda values: torch.logit(values, eps=2e-3),
    "real": _identity,
    "angle": _identity,
    "simplex": lambda values: torch.log(values / values.max() + 1e-3),
}
