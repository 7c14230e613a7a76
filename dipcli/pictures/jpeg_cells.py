"""JPEG files: a picture is measured by the cosine coefficients of its blocks, each to one quantisation cell.

Source: ITU-T T.81 (1992), annex A.3; colours as in JFIF 1.02; chroma is averaged, as libjpeg does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from scipy import fft
from torch import Tensor, nn

SIDE = 8
WHITE = 255.0
LEVEL_SHIFT = 128 / WHITE
YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


@dataclass(frozen=True)
class Component:
    """Brightness or one colour difference, as a JPEG file stores it."""

    levels: Tensor  # (rows, columns, 8, 8): quantised coefficients, vertical frequency first
    steps: Tensor  # (8, 8): the quantisation table, where white is 255
    sampling: tuple[int, int]  # rows and columns of pixels that were averaged


@final
class JpegEncoding(nn.Module):
    """Image (1 or 3, height, width) in [0, 1] -> the coefficients of all components, (n,), orthonormal."""

    def __init__(self, components: Sequence[Component], orientation: int = 1) -> None:
        """`orientation` is EXIF's, 1 to 8: images come upright, files may lie."""
        super().__init__()
        self._components = tuple(components)
        self._orientation = orientation
        colours = torch.tensor(YCBCR if len(components) == 3 else ((1.0,),), dtype=torch.float64)
        basis = torch.from_numpy(fft.dct(torch.eye(SIDE, dtype=torch.float64).numpy(), axis=0, norm="ortho"))
        widths = [(part.steps / (2 * WHITE)).expand(part.levels.shape).flatten() for part in components]
        centres = [part.levels * part.steps / WHITE for part in components]
        centres[0] = centres[0].clone()
        centres[0][..., 0, 0] += LEVEL_SHIFT * SIDE
        self._buffer("_colours", colours)
        self._buffer("_basis", basis)
        self._buffer("centres", torch.cat([part.flatten() for part in centres]))
        self._buffer("half_widths", torch.cat(widths))
        self.centres: Tensor
        self.half_widths: Tensor

    def _buffer(self, name: str, values: Tensor) -> None:
        self.register_buffer(name, values.float(), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """The coefficients; linear, for the level shift is in `centres`."""
        planes = torch.tensordot(self._like("_colours", image), _turn_back(image, self._orientation), dims=1)
        parts = [self._transform(plane, part) for plane, part in zip(planes, self._components, strict=True)]
        return torch.cat(parts)

    @property
    def noise_level(self) -> float:
        """The deviation of white noise that is as hard to remove as the quantisation of brightness.

        Source: Foi, Katkovnik and Egiazarian, Pointwise shape-adaptive DCT, 2007, equation 19,
        doi 10.1109/TIP.2007.891788.
        """
        coarseness = float(self._components[0].steps[:3, :3].mean())
        return math.sqrt(0.69 * coarseness**1.3) / WHITE

    def explain(self, image: Tensor, *, share: float = 1.0, margin: float = 0.0) -> Tensor:
        """The nearest image in the cells, or in the middle `share` of each, a `margin` away from their sides.

        The margin takes no more than half of a cell. Exact but for the blocks at the border that are partly
        outside of the image; repeat for those.
        """
        widths = torch.maximum(share * self.half_widths - margin, self.half_widths * min(share, 0.5))
        coefficients = self(image)
        wanted = torch.clamp(coefficients, self.centres - widths, self.centres + widths)
        missing = wanted - coefficients
        turned = _turn_back(image, self._orientation)
        planes, start = [], 0
        for part in self._components:
            blocks = missing[start : start + part.levels.numel()].reshape(part.levels.shape)
            start += blocks.numel()
            planes.append(_shorten(self._restore(blocks, part.sampling), turned.shape[1], turned.shape[2]))
        change = torch.tensordot(torch.linalg.inv(self._like("_colours", image)), torch.stack(planes), dims=1)
        return image + _turn(change, self._orientation)

    def share_inside(self, image: Tensor) -> float:
        """The share of the coefficients that lie in their cells."""
        outside = (self(image) - self.centres).abs() > self.half_widths
        return 1 - float(outside.double().mean())

    def _transform(self, plane: Tensor, part: Component) -> Tensor:
        rows, columns = part.levels.shape[:2]
        down, across = part.sampling
        plane = _extend(plane, -(-plane.shape[0] // down) * down, columns * SIDE * across)
        plane = plane.reshape(-1, down, plane.shape[1] // across, across).mean((1, 3))
        plane = _extend(plane, rows * SIDE, columns * SIDE)
        basis = self._like("_basis", plane)
        blocks = plane.unfold(0, SIDE, SIDE).unfold(1, SIDE, SIDE)
        return (basis @ blocks @ basis.T).flatten()

    def _restore(self, blocks: Tensor, sampling: tuple[int, int]) -> Tensor:
        basis = self._like("_basis", blocks)
        plane = (basis.T @ blocks @ basis).transpose(1, 2).flatten(2, 3).flatten(0, 1)
        return plane.repeat_interleave(sampling[0], 0).repeat_interleave(sampling[1], 1)

    def _like(self, name: str, values: Tensor) -> Tensor:
        buffer: Tensor = getattr(self, name)
        return buffer.to(values.dtype)


def _extend(plane: Tensor, height: int, width: int) -> Tensor:
    """Repeat the last row and column up to the given size."""
    rows = torch.arange(height, device=plane.device).clamp(max=plane.shape[0] - 1)
    columns = torch.arange(width, device=plane.device).clamp(max=plane.shape[1] - 1)
    return plane[rows][:, columns]


def _shorten(plane: Tensor, height: int, width: int) -> Tensor:
    """The pseudo-inverse of `_extend`: the last row and column become the mean of their repetitions."""
    rows = torch.cat([plane[: height - 1], plane[height - 1 :].mean(0, keepdim=True)])
    return torch.cat([rows[:, : width - 1], rows[:, width - 1 :].mean(1, keepdim=True)], dim=1)


def _turn(image: Tensor, orientation: int) -> Tensor:
    """As stored (channels, y, x) -> upright."""
    image = image.transpose(1, 2) if orientation in (5, 6, 7, 8) else image
    image = image.flip(1) if orientation in (3, 4, 7, 8) else image
    return image.flip(2) if orientation in (2, 3, 6, 7) else image


def _turn_back(image: Tensor, orientation: int) -> Tensor:
    """Upright (channels, y, x) -> as stored; all but the quarter turns undo themselves."""
    return _turn(image, {6: 8, 8: 6}.get(orientation, orientation))
