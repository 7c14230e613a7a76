"""Missing values from a surface that is as smooth as the known ones allow."""

import torch
from torch import Tensor

from dipcli.classical.filling import start_from_coarse
from dipcli.classical.least_squares import conjugate_gradients
from dipcli.classical.tv import tv_least_squares

CONVERGED = 1e-10
LAPLACIAN, BIHARMONIC = 1, 2
LEAST_WEIGHT, WEIGHT, SPLIT, ROUNDS = 0.003, 0.3, 0.05, 100  # of total variation


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


def fill_with_little_variation(image: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """Image (channels, *space) with values only in the `mask`, with noise `sigma` -> the same, filled.

    Of all images near to the known values that of the least total variation, from a membrane on. Source: Chan and
    Shen, Mathematical models for local nontexture inpaintings, 2002, doi 10.1137/S0036139900368844.
    """
    start = fill_smoothly(image, mask, LAPLACIAN)
    known = mask.to(image)
    found = tv_least_squares(
        lambda x: x * known, start * known, start, LEAST_WEIGHT + WEIGHT * sigma, split=SPLIT, rounds=ROUNDS
    )
    return torch.where(mask, image, found)


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
