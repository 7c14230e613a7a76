"""Early stopping when the picture's blur and sharpness have come to rest.

Source: Shi et al., On Measuring and Controlling the Spectral Bias of the Deep Image Prior, IJCV 2022, arXiv
2107.01125 (equation 8). It is for networks whose gain is bounded, as `spectral`: no other comes to rest by itself.
"""

import sys
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.engine.descent import Step
from dipcli.engine.stopper import Stopper
from dipcli.options.engine import StoppingOptions

WINDOW = 100  # iterates over which the ratio is averaged: n in the paper
TAPS = 9  # of the running mean with which blur is measured
SHARPEST = 1000  # values of the largest variation, whose weights fall by exp(-0.01) from one to the next


@final
class Sharpness(Stopper):
    """How much the ratio of blur to sharpness differs between the last two windows; 0.01 and less is final."""

    FINAL = 0.01

    def __init__(self, options: StoppingOptions) -> None:
        super().__init__(options)
        self._patience = sys.maxsize
        self._ratios: list[float] = []

    def score(self, step: Step) -> float | None:
        """None until both windows are full."""
        gray = step.picture.float().mean(0)
        self._ratios = [*self._ratios, (blur(gray) / sharpness(gray).clamp(min=1e-12)).item()][-2 * WINDOW :]
        if len(self._ratios) < 2 * WINDOW:
            return None
        return abs(sum(self._ratios[:WINDOW]) - sum(self._ratios[WINDOW:])) / WINDOW


def blur(image: Tensor) -> Tensor:
    """Of an image (*space): how much of its variation a running mean leaves, along the axis where that is most.

    Source: Crete et al., The blur effect, 2007, doi 10.1117/12.702790.
    """
    left = []
    for axis in range(image.ndim):
        lines = image.movedim(axis, -1).reshape(-1, 1, image.shape[axis])
        side = min(TAPS, image.shape[axis] - 1)
        means = functional.avg_pool1d(lines, side, stride=1)
        start = side // 2
        steps = lines[..., start : start + means.shape[-1]].diff(dim=-1).abs()
        lost = (steps - means.diff(dim=-1).abs()).clamp(min=0)
        left.append(1 - lost.sum() / steps.sum().clamp(min=1e-12))
    return torch.stack(left).max()


def sharpness(image: Tensor) -> Tensor:
    """Of an image (*space): the largest rises to a neighbour, weighted mean of squares, root.

    Source: Bahrami and Kot, A fast approach for no-reference image sharpness assessment based on maximum local
    variation, 2014, doi 10.1109/LSP.2014.2314487.
    """
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[image.ndim - 1]
    rises = (pool(image[None], 3, stride=1, padding=1)[0] - image).flatten()
    largest = rises.topk(min(SHARPEST, rises.numel())).values
    weights = torch.exp(-0.01 * torch.arange(len(largest), device=image.device))
    return (largest * weights).square().mean().sqrt()
