"""Is there a blur? How wide the edges of a picture are where they are sharpest, in every direction.

An edge behind a kernel is as wide as the kernel across it, so one direction in which all edges are wide is enough;
edges along a motion stay sharp.
Source: Marziliano, Dufaux, Winkler and Ebrahimi, A no-reference perceptual blur metric, ICIP 2002, doi
10.1109/ICIP.2002.1038064 (edge widths). We differ in that an edge's width is its height over its steepest slope,
that it is measured across the edge, and that each direction has its own.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

DIRECTIONS = 8
SMOOTHING = 1.0  # deviation of the Gaussian behind which edges are looked for
REACH = 24  # pixels to either side in which an edge may go on
APART = 2  # pixels around the steepest one in which there is no other edge
BORDER = 4  # pixels at the border of the picture in which edges are not looked for
FEWEST, MOST, SHARE = 6, 400, 0.2  # edges of one direction that are measured: the steepest ones
GOES_ON = 0.05  # of its steepest slope: an edge ends where it is less steep
QUANTILE = 0.25  # some edges are of things that are soft themselves
SHARP_WIDTH = 2.8  # pixels: sharp photographs have up to 2.7, the mildest of Levin's shakes 3.6
EVEN = 1.5  # of the widest to the narrowest direction, up to which there is none


@dataclass(frozen=True)
class Sharpness:
    """How wide the sharpest edges are, in pixels, in each direction from 0 to 180 degrees; NaN for no edges."""

    widths: tuple[float, ...]

    @property
    def width(self) -> float:
        """Of the sharpest edges in the direction in which they are widest; 0 without any edge."""
        return max((width for width in self.widths if not math.isnan(width)), default=0.0)

    def __str__(self) -> str:
        known = {number: width for number, width in enumerate(self.widths) if not math.isnan(width)}
        if not known:
            return "no edges"
        text = f"edges {min(known.values()):.1f} to {self.width:.1f} pixels wide"
        if self.width < EVEN * min(known.values()):
            return text
        return f"{text}, widest along {180 * max(known, key=known.__getitem__) / DIRECTIONS:.0f} degrees"


def measure_sharpness(gray: Tensor) -> Sharpness:
    """Of a picture (height, width) without noise."""
    smooth = _smooth(gray)
    down, right = ((ahead - behind) / 2 for ahead, behind in _neighbours(smooth))
    steepness = torch.hypot(down, right)
    summits = steepness >= functional.max_pool2d(steepness[None], 2 * APART + 1, 1, APART)[0]
    summits[:BORDER], summits[-BORDER:], summits[:, :BORDER], summits[:, -BORDER:] = (False,) * 4
    angles = torch.atan2(-down, right)
    widths = []
    for number in range(DIRECTIONS):
        off = torch.remainder(angles - number * math.pi / DIRECTIONS + math.pi / 2, math.pi) - math.pi / 2
        at = (summits & (off.abs() <= 0.6 * math.pi / DIRECTIONS)).nonzero()
        widths.append(_sharpest(gray, at, down, right) if len(at) >= FEWEST else math.nan)
    return Sharpness(tuple(widths))


def _sharpest(gray: Tensor, at: Tensor, down: Tensor, right: Tensor) -> float:
    """The width of the sharpest of the steepest edges at the given places (n, 2)."""
    slopes = torch.stack([down[tuple(at.T)], right[tuple(at.T)]], 1)
    steepness = torch.linalg.vector_norm(slopes, dim=1)
    best = steepness.topk(min(MOST, max(FEWEST, round(SHARE * len(at))))).indices
    across = slopes[best] / steepness[best, None].clamp(min=1e-9)
    steps = torch.arange(-REACH, REACH + 1, dtype=gray.dtype, device=gray.device)
    points = at[best, None].to(gray) + steps[:, None] * across[:, None]
    aside = across.flip(1) * across.new_tensor([1.0, -1.0])
    profiles = sum(_values(gray, points + shift * aside[:, None]) for shift in (-1, 0, 1)) / 3
    rises = torch.as_tensor(profiles).diff(dim=1)
    goes_on = rises > GOES_ON * rises[:, REACH - 2 : REACH + 2].amax(1, keepdim=True)
    after = rises[:, REACH:] * goes_on[:, REACH:].cumprod(1)
    before = rises[:, :REACH].flip(1) * goes_on[:, :REACH].flip(1).cumprod(1)
    steepest = torch.maximum(after.amax(1), before.amax(1))
    widths = (after.sum(1) + before.sum(1))[steepest > 0] / steepest[steepest > 0]
    return float(widths.quantile(QUANTILE)) if len(widths) else math.nan


def _values(gray: Tensor, points: Tensor) -> Tensor:
    """Of a picture at points (n, m, 2), rows and columns, between its pixels."""
    last = points.new_tensor([side - 1 for side in gray.shape])
    grid = (points / last * 2 - 1).flip(2)
    values: Tensor = functional.grid_sample(
        gray[None, None], grid[None], padding_mode="border", align_corners=True
    )[0, 0]
    return values


def _neighbours(image: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The next and the last value of each pixel along both axes, the border repeated."""
    padded = functional.pad(image[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    return [(padded[2:, 1:-1], padded[:-2, 1:-1]), (padded[1:-1, 2:], padded[1:-1, :-2])]


def _smooth(image: Tensor) -> Tensor:
    reach = math.ceil(3 * SMOOTHING)
    at = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    line = torch.exp(-at.square() / (2 * SMOOTHING**2))
    line = line / line.sum()
    padded = functional.pad(image[None, None], (reach,) * 4, mode="replicate")
    smooth: Tensor = functional.conv2d(
        functional.conv2d(padded, line[None, None, None]), line[None, None, :, None]
    )
    return smooth[0, 0]
