"""How a kernel foretells values that were hidden from it, by which kernels are distinguished.

How well it explains what it was shown says little: one that is too large, or scattered, does it too. But the
errors of kernels that are nearly right differ by chance; then the sharper picture says more.

Source: Golub, Heath and Wahba, Technometrics 1979, doi 10.1080/00401706.1979.10489751 (cross-validation); Breiman,
Friedman, Olshen and Stone, Classification and Regression Trees, 1984, section 3.4.3 (one standard error).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.blur.blur import convolve
from dipcli.blur.deconvolution import deconvolve_tv, inside
from dipcli.penalties import normalised_sparsity

TV = 6e-4
HIDDEN, SIDE = 0.15, 3  # share of the frame that is hidden, and the side of its squares
OF_RESIDUAL = 0.2  # what the residual counts beside sharpness: without it, a kernel that is too large wins
ROUNDS = 60


class Foretold(NamedTuple):
    """The errors of a kernel at all hidden squares, and how sharp its picture is; less is better."""

    errors: Tensor  # sums over each square
    score: float  # the logarithm of the mean error of a value
    blurriness: float  # ℓ1/ℓ2 of the gradients, and some of the residual

    def is_worse(self, best: "Foretold") -> bool:
        """Whether its errors are larger than those of another by more than a standard error of the difference."""
        excess = self.errors - best.errors
        return len(excess) > 1 and float(excess.mean()) > float(excess.std()) / math.sqrt(len(excess))


def foretell(blurred: Tensor, kernel: Tensor, mask: Tensor | None = None) -> Foretold:
    """How ill a kernel foretells what was hidden in a frame (height, width)."""
    shown = torch.ones_like(blurred, dtype=torch.bool) if mask is None else mask
    hidden = _squares(blurred) & shown
    found = deconvolve_tv(blurred[None], kernel, TV, mask=shown & ~hidden, rounds=ROUNDS)
    errors = (convolve(found.picture, kernel)[0] - blurred).abs() * hidden
    count = int(hidden.sum())
    score = math.log(max(float(errors.sum()) / count, 1e-6)) if count else 0.0
    sparsity = float(normalised_sparsity(inside(found.picture, kernel)))
    blurriness = math.log(max(sparsity, 1e-6)) + OF_RESIDUAL * math.log(max(found.misfit, 1e-6))
    return Foretold(_summed(errors)[_summed(hidden.to(errors)) > 0], score, blurriness)


def _summed(values: Tensor) -> Tensor:
    """Sums over the squares of (height, width)."""
    return functional.avg_pool2d(values[None, None], SIDE, ceil_mode=True, divisor_override=1)[0, 0]


def _squares(like: Tensor) -> Tensor:
    """Squares all over a frame (height, width), the same in each of its shape."""
    sides = [math.ceil(side / SIDE) for side in like.shape]
    drawn = torch.rand(sides, generator=torch.Generator().manual_seed(0)) < HIDDEN
    squares = drawn.repeat_interleave(SIDE, 0).repeat_interleave(SIDE, 1)
    return squares[: like.shape[0], : like.shape[1]].to(like.device)
