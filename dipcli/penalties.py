"""What an estimate should have little of: scalar, differentiable functions of one unknown (channels, *space)."""

from collections.abc import Callable

import torch
from torch import Tensor

from dipcli.grid import gradients
from dipcli.problem import Probe

NUDGE = 0.01  # of the values that a network is fed, by which its divergence is measured


def total_variation(image: Tensor) -> Tensor:
    """Anisotropic total variation per value: (Σ |∂ image| over all axes) / number of values.

    Source: Rudin, Osher and Fatemi, 1992; anisotropic and normalised as in Li et al., CVPR 2023.
    """
    total = image.new_zeros(())
    for difference in gradients(image):
        total = total + difference.abs().sum()
    return total / image.numel()


def normalised_sparsity(image: Tensor) -> Tensor:
    """ℓ1/ℓ2 of the gradients per root of their number, in [0, 1]: small where few are large, of any contrast.

    Blur makes it larger. Source: Krishnan, Tay and Fergus, CVPR 2011, doi 10.1109/CVPR.2011.5995521, whose
    ratio is √n times as large.
    """
    slopes = torch.cat([difference.flatten() for difference in gradients(image)])
    return slopes.abs().mean() / (slopes.square().mean() + 1e-18).sqrt()


def stein_divergence(variance: Tensor) -> Callable[[Tensor, Probe], Tensor]:
    """What makes an unbiased estimate of the squared error of the mean squared misfit to a noisy picture.

        mean(variance·(2·∂estimate/∂picture - 1)),  ∂estimate/∂picture ≈ b·(probe(εb) - estimate)/ε, b = ±1

    `variance` (channels, *space) is that of the noise of each value, 0 where it does not count: σ² for Gaussian
    noise (SURE), proportional to what was measured for shot noise (PURE). The network must be fed that picture.
    Sources: Stein, 1981; Ramani, Blu and Unser, Monte-Carlo SURE, 2008, doi 10.1109/TIP.2008.2001404; Luisier, Blu
    and Unser, 2011, doi 10.1109/TIP.2010.2073477 (both noises, to first order); as a loss, Jo, Chun and Choi,
    Rethinking Deep Image Prior for Denoising, ICCV 2021, arXiv 2108.12841.
    """
    n_values = (variance > 0).sum().clamp(min=1)

    def divergence(estimate: Tensor, probe: Probe) -> Tensor:
        direction = torch.empty_like(estimate).bernoulli_(0.5) * 2 - 1
        change = direction * (probe(NUDGE * direction) - estimate) / NUDGE
        return (variance * (2 * change - 1)).sum() / n_values

    return divergence
