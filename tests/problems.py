"""One tiny instance of every problem; a new task adds one line."""

import torch

from dipcli.fidelities import (
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)
from dipcli.physics.denoising import denoising


def _noisy():
    return (0.5 + 0.2 * torch.randn(1, 16, 20, generator=torch.Generator().manual_seed(1))).clamp(0, 1)


PROBLEMS = {
    "denoising": lambda: denoising(_noisy(), mean_squared_error, tv_weight=0.01),
    "denoising-l1": lambda: denoising(_noisy(), mean_absolute_error),
    "denoising-rmse": lambda: denoising(_noisy(), root_mean_squared_error),
    "denoising-huber": lambda: denoising(_noisy(), huber),
    "denoising-poisson": lambda: denoising(_noisy(), poisson),
}

LINEAR = tuple(PROBLEMS)  # the problems whose operator claims to be linear in its one unknown
