"""What an estimate should have little of: scalar, differentiable functions of one unknown (channels, *space)."""

import torch
from torch import Tensor

from dipcli.grid import gradients


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
