"""Patches of pictures: where their references lie, which are alike, and how they are laid together again.

All images are (channels, planes, height, width); a picture is one plane. Patches lie in a plane, and have others
like them in planes near by, too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

BLOCK = 4  # references along each side of a block that is compared with one set of candidates


@dataclass(frozen=True)
class Region:
    """A part of the padded image (planes, rows, columns).

    How many rows and columns of references are in it, all in the plane that is its `middle` one.
    """

    place: tuple[slice, slice, slice]
    middle: int
    rows: int
    columns: int

    def cut(self, image: Tensor) -> Tensor:
        """The tile of image (..., planes, height, width)."""
        return image[(..., *self.place)]


@dataclass(frozen=True)
class ReferenceGrid:
    """How references lie in a padded image, `step` apart, the first at `reach`, `near` planes on both sides."""

    planes: int
    height: int
    width: int
    side: int
    step: int
    reach: int
    count: int
    tile: int
    near: int

    @property
    def references(self) -> tuple[int, int]:
        """Their rows and columns."""
        return 1 + -(-(self.height - self.side) // self.step), 1 + -(-(self.width - self.side) // self.step)

    def pad(self, image: Tensor, around: float = 0.0) -> Tensor:
        """Reflect image (channels, planes, height, width) for the last references to fit; a value around that."""
        rows, columns = self.references
        height, width = ((n - 1) * self.step + self.side for n in (rows, columns))
        missing = (0, width - self.width, 0, height - self.height)
        fitted = functional.pad(image.flatten(0, 1), missing, mode="reflect")
        fitted = fitted.reshape(*image.shape[:2], *fitted.shape[1:])
        below, right = (self.reach + -n % BLOCK * self.step for n in (rows, columns))
        return functional.pad(fitted, (self.reach, right, self.reach, below), value=around)

    def crop(self, padded: Tensor) -> Tensor:
        """The inverse of `pad`."""
        return padded[..., self.reach : self.reach + self.height, self.reach : self.reach + self.width]

    def tiles(self) -> Iterator[Region]:
        """Which overlap, since each has the surroundings of its references."""
        rows, columns = self.references
        starts = product(range(self.planes), range(0, rows, self.tile), range(0, columns, self.tile))
        for plane, top, left in starts:
            first, last = max(0, plane - self.near), min(self.planes, plane + self.near + 1)
            below, right = min(self.tile, rows - top), min(self.tile, columns - left)
            place = (slice(first, last), self._span(top, below), self._span(left, right))
            yield Region(place, plane - first, below, right)

    def _span(self, first: int, count: int) -> slice:
        blocks = -(-count // BLOCK) * BLOCK
        return slice(first * self.step, (first + blocks - 1) * self.step + self.side + 2 * self.reach)


def find_groups(guide: Tensor, outside: Tensor, tile: Region, grid: ReferenceGrid) -> Tensor:
    """The `count` patches of a tile's guide (planes, height, width) next to each reference, (references, count).

    A patch is named by its place in the flattened table of `patches_of`. Where `outside` (height, width) is
    infinite, not 0, is no part of any patch.
    """
    across, step = 2 * grid.reach + 1, grid.step
    apart = [_distances(guide[tile.middle], plane, outside, grid) for plane in guide]
    apart[tile.middle][..., across**2 // 2] = -math.inf  # each patch is in its own group, whatever is equal to it
    distances = torch.cat(apart, -1) if len(apart) > 1 else apart[0]
    nearest = distances.topk(grid.count, largest=False, sorted=False).indices
    nearest = nearest.reshape(-1, -(-tile.columns // BLOCK), BLOCK, BLOCK, grid.count).transpose(1, 2)
    nearest = nearest.flatten(2, 3).flatten(0, 1)[: tile.rows, : tile.columns]
    rows, columns = (torch.arange(n, device=guide.device) * step for n in (tile.rows, tile.columns))
    plane, shift = nearest // across**2, nearest % across**2
    down, right = shift // across + rows[:, None, None], shift % across + columns[:, None]
    height, width = (n - grid.side + 1 for n in guide.shape[1:])
    return ((plane * height + down) * width + right).flatten(0, 1).to(torch.int32)


def _distances(guide: Tensor, plane: Tensor, outside: Tensor, grid: ReferenceGrid) -> Tensor:
    """Of references to a plane's patches around them, (blocks, BLOCK, BLOCK, patches), up to a constant for each.

    |p - q|² is |q|² - 2pq, one matrix product for a block, plus |p|², which is the same for all patches q.
    """
    side, step, across = grid.side, grid.step, 2 * grid.reach + 1
    size = across + (BLOCK - 1) * step
    own, others = (
        _blocks(image, size + side - 1, step).unfold(2, side, 1).unfold(3, side, 1) for image in (guide, plane)
    )
    inner = slice(grid.reach, grid.reach + size - across + 1, step)
    references = own[:, :, inner, inner].reshape(-1, BLOCK**2, side**2)
    candidates = others.permute(0, 1, 4, 5, 2, 3).reshape(-1, side**2, size**2)
    energy = _blocks(box_sum(plane.square() + outside, side), size, step).reshape(-1, 1, size**2)
    products = torch.baddbmm(energy, references, candidates, alpha=-2).reshape(-1, BLOCK, BLOCK, size, size)
    windows = products.unfold(3, across, step).unfold(4, across, step).diagonal(0, 1, 3).diagonal(0, 1, 2)
    return windows.permute(0, 3, 4, 1, 2).flatten(3)


def patches_of(image: Tensor, side: int) -> Tensor:
    """All patches of image (channels, planes, height, width), (channels * places, side²)."""
    return image.unfold(2, side, 1).unfold(3, side, 1).reshape(-1, side**2)


def fold(patches: Tensor, shape: torch.Size, side: int) -> Tensor:
    """The sum of patches laid at their places in an image of the given shape: the transpose of `patches_of`."""
    columns = patches.reshape(math.prod(shape[:2]), -1, side**2).mT
    image: Tensor = functional.fold(columns, shape[2:], side)
    return image.reshape(shape)


def box_sum(image: Tensor, side: int) -> Tensor:
    """The sum of each patch of image (..., height, width)."""
    return image.unfold(-2, side, 1).sum(-1).unfold(-1, side, 1).sum(-1)


def _blocks(image: Tensor, size: int, step: int) -> Tensor:
    """The surroundings of each block of references in image (height, width), (down, right, size, size)."""
    return image.unfold(0, size, BLOCK * step).unfold(1, size, BLOCK * step)
