"""Missing values from a surface that is as smooth as the known ones allow."""

import torch
from torch import Tensor

from dipcli.classical.filling import start_from_coarse
from dipcli.classical.least_squares import conjugate_gradients

CONVERGED = 1e-10
LAPLACIAN, BIHARMONIC = 1, 2


def fill_smoothly(image: Tensor, mask: Tensor, order: int, *, iterations: int = 1500) -> Tensor:
    """Image (channels, *space) with values only in the `mask` -> the same, filled; known values stay as they are.

    The power `order` of the Laplacian is 0 at missing values: a membrane for the first, a thin plate for the
    second (biharmonic). From coarse to fine, by conjugate gradients. Source: Damelin and Hoang, On surface
    completion and image inpainting by biharmonic functions, 2018, doi 10.1155/2018/3950312.
    """

    def coarser(coarse: Tensor, known: Tensor) -> Tensor:
        return fill_smoothly(coarse, known, order, iterations=iterations)

    start = torch.where(mask, image, start_from_coarse(image, mask, coarser)[0])
    gap = (~mask).to(image)

    def normal(change: Tensor) -> Tensor:
        return _power(change * gap, order) * gap

    residual = -_power(start, order) * gap
    return start + conjugate_gradients(
        normal, torch.zeros_like(start), residual, iterations=iterations, converged=CONVERGED
    )


def _power(image: Tensor, order: int) -> Tensor:
    """That power of the negative Laplacian; nothing flows over the border."""
    for _ in range(order):
        flows = []
        for axis in range(1, image.ndim):
            slope = image.diff(dim=axis)
            nothing = torch.zeros_like(image.narrow(axis, 0, 1))
            flows.append(torch.cat([nothing, slope], axis) - torch.cat([slope, nothing], axis))
        image = torch.stack(flows).sum(0)
    return image
