"""Patches of pictures: where their references lie, which are alike, and how they are laid together again."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

BLOCK = 4  # references along each side of a block that is compared with one set of candidates


@dataclass(frozen=True)
class Region:
    """A part of the padded image, and how many rows and columns of references are in it."""

    place: tuple[slice, slice]
    rows: int
    columns: int

    def cut(self, image: Tensor) -> Tensor:
        """The tile of image (..., height, width)."""
        return image[(..., *self.place)]


@dataclass(frozen=True)
class ReferenceGrid:
    """How references lie in a padded image, `step` apart, the first at `reach`."""

    height: int
    width: int
    side: int
    step: int
    reach: int
    count: int
    tile: int

    @property
    def references(self) -> tuple[int, int]:
        """Their rows and columns."""
        return 1 + -(-(self.height - self.side) // self.step), 1 + -(-(self.width - self.side) // self.step)

    def pad(self, image: Tensor, around: float = 0.0) -> Tensor:
        """Reflect image (channels, height, width) for the last references to fit; surround it with a value."""
        rows, columns = self.references
        height, width = ((n - 1) * self.step + self.side for n in (rows, columns))
        fitted = functional.pad(image, (0, width - self.width, 0, height - self.height), mode="reflect")
        below, right = (self.reach + -n % BLOCK * self.step for n in (rows, columns))
        return functional.pad(fitted, (self.reach, right, self.reach, below), value=around)

    def crop(self, padded: Tensor) -> Tensor:
        """The inverse of `pad`."""
        return padded[..., self.reach : self.reach + self.height, self.reach : self.reach + self.width]

    def tiles(self) -> Iterator[Region]:
        """Which overlap, since each has the surroundings of its references."""
        rows, columns = self.references
        for top in range(0, rows, self.tile):
            for left in range(0, columns, self.tile):
                below, right = min(self.tile, rows - top), min(self.tile, columns - left)
                yield Region((self._span(top, below), self._span(left, right)), below, right)

    def _span(self, first: int, count: int) -> slice:
        blocks = -(-count // BLOCK) * BLOCK
        return slice(first * self.step, (first + blocks - 1) * self.step + self.side + 2 * self.reach)


def find_groups(guide: Tensor, outside: Tensor, tile: Region, frame: ReferenceGrid) -> Tensor:
    """The `count` patches of a tile's guide (height, width) nearest to each reference, (references, count).

    A patch is named by its place in the flattened table of `patches_of`. Where `outside` is infinite, not 0, is
    no part of any patch.
    """
    across, step = 2 * frame.reach + 1, frame.step
    distances = _distances(guide, outside, frame)
    distances[..., across**2 // 2] = -math.inf  # each patch is in its own group, however many are equal to it
    nearest = distances.topk(frame.count, largest=False, sorted=False).indices
    nearest = nearest.reshape(-1, -(-tile.columns // BLOCK), BLOCK, BLOCK, frame.count).transpose(1, 2)
    nearest = nearest.flatten(2, 3).flatten(0, 1)[: tile.rows, : tile.columns]
    rows, columns = (torch.arange(n, device=guide.device) * step for n in (tile.rows, tile.columns))
    down, right = nearest // across + rows[:, None, None], nearest % across + columns[:, None]
    return (down * (guide.shape[1] - frame.side + 1) + right).flatten(0, 1).to(torch.int32)


def _distances(guide: Tensor, outside: Tensor, frame: ReferenceGrid) -> Tensor:
    """Of references to all patches around them, (blocks, BLOCK, BLOCK, patches), up to one constant for each.

    |p - q|² is |q|² - 2pq, one matrix product for a block, plus |p|², which is the same for all patches q.
    """
    side, step, across = frame.side, frame.step, 2 * frame.reach + 1
    size = across + (BLOCK - 1) * step
    patches = _blocks(guide, size + side - 1, step).unfold(2, side, 1).unfold(3, side, 1)
    own = slice(frame.reach, frame.reach + size - across + 1, step)
    references = patches[:, :, own, own].reshape(-1, BLOCK**2, side**2)
    candidates = patches.permute(0, 1, 4, 5, 2, 3).reshape(-1, side**2, size**2)
    energy = _blocks(box_sum(guide.square() + outside, side), size, step).reshape(-1, 1, size**2)
    products = torch.baddbmm(energy, references, candidates, alpha=-2).reshape(-1, BLOCK, BLOCK, size, size)
    windows = products.unfold(3, across, step).unfold(4, across, step).diagonal(0, 1, 3).diagonal(0, 1, 2)
    return windows.permute(0, 3, 4, 1, 2).flatten(3)


def patches_of(image: Tensor, side: int) -> Tensor:
    """All patches of image (channels, height, width), (channels * places, side²)."""
    return image.unfold(1, side, 1).unfold(2, side, 1).reshape(-1, side**2)


def fold(patches: Tensor, shape: torch.Size, side: int) -> Tensor:
    """The sum of patches laid at their places in an image of the given shape: the transpose of `patches_of`."""
    channels, height, width = shape
    columns = patches.reshape(channels, -1, side**2).mT
    image: Tensor = functional.fold(columns, (height, width), side)[:, 0]
    return image


def box_sum(image: Tensor, side: int) -> Tensor:
    """The sum of each patch of image (..., height, width)."""
    return image.unfold(-2, side, 1).sum(-1).unfold(-1, side, 1).sum(-1)


def _blocks(image: Tensor, size: int, step: int) -> Tensor:
    """The surroundings of each block of references in image (height, width), (down, right, size, size)."""
    return image.unfold(0, size, BLOCK * step).unfold(1, size, BLOCK * step)
