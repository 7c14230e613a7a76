"""Missing values: a guess from their neighbourhood, and the classical estimate."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.classical.dct import THRESHOLD
from dipcli.classical.patch_groups import Grouping
from dipcli.classical.plug_and_play import alternate_groups, alternate_windows, falling

HIGHEST, REFINED, LOWEST = (threshold / THRESHOLD for threshold in (0.35, 0.2, 0.01))
ROUNDS = 24  # of either kind
WIDE = 2  # pixels along each axis to the nearest known value, beyond which a hole is first filled at half the size
SMALLEST_SIDE = 32  # that is halved


def fill_in(image: Tensor, mask: Tensor, sigma: float = 0.0) -> Tensor:
    """Image (channels, *space) with values only in the `mask`, with noise `sigma` -> the same, filled.

    Windows of the cosine transform first, from coarse to fine, then patch groups; known values
    stay as they are. Source of the first: Guleryuz, Nonlinear approximation based image recovery using adaptive
    sparse reconstructions, 2006, doi 10.1109/TIP.2005.863057.
    """
    start = _fill_in_windows(image, mask, sigma)
    levels = falling(max(0.05, sigma), max(0.005, sigma), ROUNDS)
    return alternate_groups(
        start, lambda guess, _: torch.where(mask, image, guess), levels, Grouping(), wanted=~mask
    )


def _fill_in_windows(image: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """Thresholds fall to the noise level, from a picture of half the size that is filled where a hole is wide."""
    start, is_refined = start_from_coarse(
        image, mask, lambda coarse, known: _fill_in_windows(coarse, known, sigma)
    )

    def explain(guess: Tensor, _: float) -> Tensor:
        return torch.where(mask, image, guess)

    levels = falling(REFINED if is_refined else HIGHEST, max(sigma, LOWEST), ROUNDS)
    return alternate_windows(explain(start, 0.0), explain, levels)


def start_from_coarse(
    image: Tensor, mask: Tensor, fill: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, bool]:
    """A first guess for image (channels, *space), and whether it is a good one.

    It is where a hole is wide: then it comes from what `fill` makes of a picture of half the size.
    """
    if not _has_wide_hole(mask) or min(image.shape[1:]) < SMALLEST_SIDE:
        return fill_missing(image, mask), False
    return double(fill(*halve(image, mask)), image.shape[1:]), True


def _has_wide_hole(mask: Tensor) -> bool:
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[mask.ndim - 2]
    return bool((pool(mask.float()[None], 2 * WIDE + 1, 1, WIDE) == 0).any())


def double(image: Tensor, space: Sequence[int]) -> Tensor:
    """Image (channels, *half) twice as large, cut to the given sides."""
    mode = ("linear", "bilinear", "trilinear")[image.ndim - 2]
    doubled: Tensor = functional.interpolate(image[None], scale_factor=2, mode=mode, align_corners=False)[0]
    return doubled[(slice(None), *(slice(n) for n in space))]


def halve(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The means of the known values of each block of two along every axis, and where there are any."""
    pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[image.ndim - 2]
    values = torch.where(mask, image, torch.zeros_like(image))
    total, share = (pool(tensor[None], 2, ceil_mode=True)[0] for tensor in (values, mask.to(image)))
    return total / share.clamp(min=1e-6), share > 0


def fill_missing(image: Tensor, mask: Tensor) -> Tensor:
    """Image (channels, *space) with every value outside the `mask` replaced by a mean of the nearest ones in it.

    Normalised convolution (Knutsson and Westin, 1993) with windows of growing width, channel by channel; a
    channel without any known value becomes 0.5.
    """
    filled = torch.where(mask, image, torch.zeros_like(image))
    trusted = mask.to(filled)
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
