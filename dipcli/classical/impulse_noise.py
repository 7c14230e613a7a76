"""Impulses: values that a sensor or a transmission set to black or white, whatever was there before."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 7
CROWD = 11  # the least side of what is looked at for a crowd
CORNER = (
    3  # side of what a value must not share with others at the extreme to be an impulse beside an area of them
)
FAR = 0.4  # a place this much darker or brighter than an extreme has no reason to reach it
SHOULDER = 0.25
FEWEST = 0.002  # share of such places at the extreme, below which there are no impulses
BILEVEL = 0.05  # a picture with fewer values between black and white is a drawing
STEEP = 3.0  # impulses must be this many times as frequent as values on the shoulder
NEIGHBOURS = 5  # side of the surroundings of a lonely value
COMPANY = 3  # values at the extreme in these surroundings, beyond which it is a line or an area
LEAST_LONELY, RAREST = 20, 7e-4  # lonely values, and their share of such places: fewer are of the picture
ALIKE = 2.0  # both extremes are struck if one surely is, and the other at most so many times as often or seldom
ENOUGH = 500  # such places, for a share to be denied
LIKELY = 5.0  # deviations by which a share varies from place to place
MOST_LOOKED_AT, N_BANDS = 6_000_000, 12  # values, for the shares


def find_impulses(image: Tensor) -> Tensor:
    """True on salt and pepper in image (channels, *space) in [0, 1]; NaN is no impulse.

    Where the surroundings are far from an extreme, noise that merely was clipped leaves more values on the
    shoulder next to it than on the extreme itself; impulses leave none there. Few impulses are found by their
    loneliness: all neighbours that are not at an extreme themselves are far away. A place with more values at
    the extreme around it than impulses leave is taken to be truly black or white, but for lonely values in it.
    """
    if image.ndim == 4 and image.shape[1] < CROWD:  # as a stack of pictures
        return find_impulses(image.flatten(0, 1)).reshape(image.shape)
    shares = _shares(_bands(image))
    finite = torch.isfinite(image)
    impulses = torch.zeros_like(finite)
    for end, (share, other) in enumerate(zip(shares, reversed(shares), strict=True)):
        if share:
            at_end = image >= 1 if end else image <= 0
            truly_there = _crowded(at_end.to(image), share, other)
            impulses |= at_end & (~truly_there | _stands_out(image, at_end, end))
    return impulses & finite


def _crowded(at_end: Tensor, share: float, other: float) -> Tensor:
    """True near places with more values at an extreme around them than impulses leave there.

    `share` is that of impulses at this extreme, `other` at the other one. The window is so wide that impulses
    alone do not fill it by chance, not even the quarter of it that is left in a corner.
    """
    n_axes, room = at_end.ndim - 1, 0.75 * (1 - other - share)
    needed = share * (1 - share) * (LIKELY / room) ** 2
    corner = max((CROWD + 1) // 2, math.ceil(needed ** (1 / n_axes)))
    window, places = 2 * corner - 1, corner**n_axes
    chance = LIKELY * math.sqrt(share * (1 - share) / places) + 3 / places
    return _reach(_local_mean(at_end, window) > share + min(room, chance), window)


def _stands_out(image: Tensor, at_end: Tensor, end: int) -> Tensor:
    """True on values at an extreme that have at most one other at theirs, and otherwise far ones, around them."""
    count = CORNER ** (image.ndim - 1)
    few = _local_mean(at_end.to(image), CORNER) * count < 2.5
    inside = (image > 0) & (image < 1)
    near = _reach(inside & ((image - end).abs() <= FAR), CORNER)
    stands_out: Tensor = at_end & few & ~near & (_local_mean(inside.to(image), CORNER) > 0.5)
    return stands_out


def _shares(image: Tensor) -> list[float]:
    """Of impulses at black and at white; 0 where there are none."""
    finite = torch.isfinite(image)
    values = torch.where(finite, image, torch.full_like(image, 0.5))
    ends = [values <= 0, values >= 1]
    inside = (finite & ~ends[0] & ~ends[1]).to(values)
    if float(inside.mean()) < BILEVEL:
        return [0.0, 0.0]
    around = _local_mean(values * inside) / _local_mean(inside).clamp(min=1e-6)
    known = _local_mean(inside) > 0
    rates = [_rate(values, at_end, known & ((around - end).abs() > FAR), end) for end, at_end in enumerate(ends)]
    shares = [next((r for r in (rate, rates[1 - i]) if r is not None), 0.0) for i, rate in enumerate(rates)]
    lonely = [_lonely_share(values, at_end, inside > 0, end) for end, at_end in enumerate(ends)]
    shares = [0.0 if rare.denies(share) else share for share, rare in zip(shares, lonely, strict=True)]
    surest = max(*shares, *(rare.share for rare in lonely if rare.is_sure))
    alike = [rare.is_sure or surest / ALIKE < rare.share < surest * ALIKE for rare in lonely]
    return [share or (rare.share if ok else 0.0) for share, rare, ok in zip(shares, lonely, alike, strict=True)]


def _bands(image: Tensor) -> Tensor:
    """Of what is very large, bands of rows from everywhere, as if they were channels: no share needs all of it."""
    rows = image.shape[1]
    height = rows * MOST_LOOKED_AT // image.numel() // N_BANDS
    if image.numel() <= MOST_LOOKED_AT or height < 2 * CROWD:
        return image
    tops = [band * (rows - height) // (N_BANDS - 1) for band in range(N_BANDS)]
    return torch.cat([image[:, top : top + height] for top in tops])


class LonelyShare(NamedTuple):
    """The share of impulses at one extreme, by the places of which all neighbours are far from it."""

    share: float
    n_places: int
    is_sure: bool  # that these are not of the picture

    def denies(self, share: float) -> bool:
        """Whether values at the extreme that are so frequent must be lines and areas: they are never alone."""
        return self.n_places >= ENOUGH and self.share < share / 4


def _lonely_share(values: Tensor, at_end: Tensor, inside: Tensor, end: int) -> LonelyShare:
    """Values on the shoulder that are as lonely say how often the picture itself has such: it may have others."""
    distance = (values - end).abs()
    shoulder = inside & (distance <= SHOULDER)
    n_struck, n_places = _lonely(at_end, inside, distance)
    n_shoulder, _ = _lonely(shoulder, inside & ~shoulder, distance)
    share = n_struck / max(n_places, 1)
    is_sure = n_struck >= LEAST_LONELY and share > RAREST and n_struck > STEEP * n_shoulder
    return LonelyShare(share, n_places, is_sure)


def _lonely(places: Tensor, others: Tensor, distance: Tensor) -> tuple[int, int]:
    """How many of the places have only `others` around them that are far from an extreme, and how many there are.

    Half of the surroundings must be others, and few of the places themselves.
    """
    count = NEIGHBOURS ** (places.ndim - 1)
    few = _local_mean(places.to(distance), NEIGHBOURS) * count < COMPANY + 0.5
    near = _reach(others & (distance <= FAR), NEIGHBOURS)
    alone = few & ~near & (_local_mean((others & (distance > FAR)).to(distance), NEIGHBOURS) >= 0.5)
    return int((places & alone).sum()), int(alone.sum())


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
