"""A picture larger than memory: cut into tiles that overlap, and put together again without a seam."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor

OVERLAP = 48  # pixels that neighbours share: beyond the reach of windows, patches and a network of one scale


@dataclass(frozen=True)
class Tile:
    """One tile: where it is in the picture, axis by axis, and how many pixels it shares at each of its ends."""

    spans: tuple[tuple[int, int], ...]
    shared: tuple[tuple[int, int], ...]

    def of(self, picture: Tensor, factor: int = 1) -> Tensor:
        """The tile's part of a picture (channels, *space), whose sides may be `factor` times longer."""
        return picture[(slice(None), *(slice(begin * factor, end * factor) for begin, end in self.spans))]


@dataclass(frozen=True)
class Parts:
    """Parts of a picture that are fitted one by one: none for the whole at once.

    Tiles cover it all, and overlap; windows do not overlap, and what none of them covers stays as it is.
    """

    tiles: Sequence[Tile] = ()
    kind: Literal["tile", "window"] = "tile"

    def __str__(self) -> str:
        side = max(end - begin for tile in self.tiles for begin, end in tile.spans)
        return f"{len(self.tiles)} of up to {side} pixels"


def cut(space: Sequence[int], side: int, overlap: int = OVERLAP) -> list[Tile]:
    """Tiles of at most `side` that cover a picture of this size, all of nearly the same size."""
    overlap = min(overlap, side // 3)
    axes = [_cut_axis(length, side, overlap) for length in space]
    pieces = itertools.product(*axes)
    return [Tile(tuple(span for span, _ in piece), tuple(shared for _, shared in piece)) for piece in pieces]


def _cut_axis(length: int, side: int, overlap: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Spans along one axis, and what they share with the one before and the one after."""
    count = 1 if length <= side else -(-(length - overlap) // (side - overlap))
    begins = [round(index * (length - overlap) / count) for index in range(count + 1)]
    spans = [(begin, following + overlap) for begin, following in itertools.pairwise(begins)]
    if count == 1:
        spans = [(0, length)]
    return [
        (span, (overlap if index else 0, overlap if index < count - 1 else 0)) for index, span in enumerate(spans)
    ]


@final
class Mosaic:
    """Tiles become one picture; where they overlap, one fades into the other: the weights add up to 1.

    Of masks, each of two tiles that overlap has the half on its side.
    """

    def __init__(self, space: Sequence[int], behind: Tensor | None = None) -> None:
        """`behind` is seen where no tile is laid, of a picture that is not enlarged; it is 0 beneath them."""
        self._space = tuple(space)
        self._sum = behind

    def add(self, tile: Tile, picture: Tensor, factor: int = 1) -> None:
        """Lay one tile; its sides are `factor` times those of its part of the measurement."""
        if self._sum is None:
            self._sum = picture.new_zeros((len(picture), *(side * factor for side in self._space)))
        if picture.dtype == torch.bool:
            _lay_own_half(tile, picture, tile.of(self._sum, factor), factor)
            return
        weighted = picture.clone()
        for axis, (before, after) in enumerate(tile.shared, start=1):
            shape = [-1 if other == axis else 1 for other in range(picture.ndim)]
            weighted *= _ramp(picture.shape[axis], before * factor, after * factor).to(picture).reshape(shape)
        tile.of(self._sum, factor).add_(weighted)

    def picture(self) -> Tensor:
        """What has been laid so far."""
        return torch.empty(0) if self._sum is None else self._sum


def _lay_own_half(tile: Tile, mask: Tensor, place: Tensor, factor: int) -> None:
    ends = [
        (before * factor // 2, length - after * factor // 2)
        for length, (before, after) in zip(mask.shape[1:], tile.shared, strict=True)
    ]
    own = (slice(None), *(slice(begin, end) for begin, end in ends))
    place[own] = mask[own]


def _ramp(length: int, before: int, after: int) -> Tensor:
    """1, rising smoothly from 0 over the first pixels and falling over the last ones."""
    ramp = torch.ones(length, dtype=torch.float64)
    if before:
        ramp[:before] = _rise(before)
    if after:
        ramp[-after:] = 1 - _rise(after)
    return ramp


def _rise(length: int) -> Tensor:
    at = (torch.arange(length, dtype=torch.float64) + 0.5) / length
    return torch.sin(at * torch.pi / 2).square()
