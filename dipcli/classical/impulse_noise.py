"""Impulses: values that a sensor or a transmission set to black or white, whatever was there before."""

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 7
CROWD = 11  # wide enough that impulses alone do not fill it by chance: at 70 % that is 5 deviations away
FAR = 0.4  # a place this much darker or brighter than an extreme has no reason to reach it
SHOULDER = 0.25
FEWEST = 0.002  # share of such places at the extreme, below which there are no impulses
BILEVEL = 0.05  # a picture with fewer values between black and white is a drawing
STEEP = 3.0  # impulses must be this many times as frequent as values on the shoulder


def find_impulses(image: Tensor) -> Tensor:
    """True on salt and pepper in image (channels, *space) in [0, 1]; NaN is no impulse.

    Where the surroundings are far from an extreme, noise that merely was clipped leaves more values on the
    shoulder next to it than on the extreme itself; impulses leave none there. A place whose surroundings are
    nearly all at the extreme is taken to be truly black or white.
    """
    finite = torch.isfinite(image)
    values = torch.where(finite, image, torch.full_like(image, 0.5))
    ends = [values <= 0, values >= 1]
    inside = (finite & ~ends[0] & ~ends[1]).to(values)
    if float(inside.mean()) < BILEVEL:
        return torch.zeros_like(finite)
    around = _local_mean(values * inside) / _local_mean(inside).clamp(min=1e-6)
    known = _local_mean(inside) > 0
    rates = [_rate(values, at_end, known & ((around - end).abs() > FAR), end) for end, at_end in enumerate(ends)]
    shares = [next((r for r in (rate, rates[1 - i]) if r is not None), 0.0) for i, rate in enumerate(rates)]
    impulses = torch.zeros_like(finite)
    for at_end, share, other in zip(ends, shares, reversed(shares), strict=True):
        if share:
            crowded = _local_mean(at_end.to(values), CROWD) > share + 0.75 * (1 - other - share)
            truly_there = _reach(crowded, CROWD)
            impulses |= at_end & ~truly_there
    return impulses & finite


def _rate(values: Tensor, at_end: Tensor, far: Tensor, end: int) -> float | None:
    """Share of impulses at one extreme: 0 for none, None where no place is far enough to tell."""
    n_far = int(far.sum())
    if n_far < FEWEST * values.numel() or n_far < 100:
        return None
    share = float((at_end & far).sum()) / n_far
    shoulder = float((((values - end).abs() < SHOULDER) & ~at_end & far).sum()) / n_far
    return share if share > FEWEST and share > STEEP * shoulder else 0.0


def _reach(places: Tensor, window: int) -> Tensor:
    """True in every window around a place: so an area that is at the extreme is so up to its border."""
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[places.ndim - 2]
    reached: Tensor = pool(places[None].float(), window, 1, window // 2)[0] > 0
    return reached


def _local_mean(values: Tensor, window: int = WINDOW) -> Tensor:
    """Mean over the window around each value; at the border over what there is of it."""
    pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[values.ndim - 2]
    mean: Tensor = pool(values[None], window, 1, window // 2, count_include_pad=False)[0]
    return mean
