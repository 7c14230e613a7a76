"""A guess of missing values from their neighbourhood, for methods that cannot do without."""

import torch
from torch import Tensor


def fill_missing(image: Tensor, known: Tensor) -> Tensor:
    """Image (channels, *space) with every value that is not `known` replaced by a mean of the nearest known ones.

    Normalised convolution (Knutsson and Westin, 1993) with windows of growing width, channel by channel; a
    channel without any known value becomes 0.5.
    """
    filled = torch.where(known, image, torch.zeros_like(image))
    trusted = known.to(filled)
    total, share = filled, trusted
    for doubling in range(max(image.shape[1:]).bit_length()):
        for axis in range(1, image.ndim):
            total, share = _spread(total, axis, 2**doubling), _spread(share, axis, 2**doubling)
        guess = total / share.clamp(min=1e-12)
        newly = (share > 1e-9) & (trusted == 0)
        filled = torch.where(newly, guess, filled)
        trusted = trusted + newly.to(trusted)
    return torch.where(trusted > 0, filled, torch.full_like(filled, 0.5))


def _spread(values: Tensor, axis: int, reach: int) -> Tensor:
    """Binomial (1, 2, 1) / 4 means of values `reach` apart along one axis, the border repeated."""
    at = torch.arange(values.shape[axis], device=values.device)
    left = values.index_select(axis, (at - reach).clamp(min=0))
    right = values.index_select(axis, (at + reach).clamp(max=values.shape[axis] - 1))
    return (left + 2 * values + right) / 4
