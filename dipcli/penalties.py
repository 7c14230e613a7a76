"""What an estimate should have little of: scalar, differentiable functions of one unknown (channels, *space)."""

from torch import Tensor


def gradients(image: Tensor) -> list[Tensor]:
    """Forward differences along each spatial axis of image (channels, *space)."""
    return [image.diff(dim=axis) for axis in range(1, image.ndim)]


def total_variation(image: Tensor) -> Tensor:
    """Anisotropic total variation per value: (Σ |∂ image| over all axes) / number of values.

    Source: Rudin, Osher and Fatemi, 1992; anisotropic and normalised as in Li et al., CVPR 2023.
    """
    total = image.new_zeros(())
    for difference in gradients(image):
        total = total + difference.abs().sum()
    return total / image.numel()
