"""The forward model of parallel-beam tomography: line integrals of an image, by its Fourier slices.

The spectrum of a projection under the angle θ is that of the image along a line through frequency 0 (Bracewell,
1956). The image is padded to twice its side, transformed, and read on these lines between the points of its grid.
Source: Fessler and Sutton, Nonuniform fast Fourier transforms using min-max interpolation, 2003, doi
10.1109/TSP.2002.807005 (we interpolate by Kaiser-Bessel windows: Beatty, Nishimura and Pauly, 2005, doi
10.1109/TMI.2005.848376).
"""

import math
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from scipy import special
from torch import Tensor, nn
from torch.nn import functional

TAPS = 5  # grid points along each axis that a point of a line is read from
PADDING = 2  # times the side, along both axes and along the detector


@dataclass(frozen=True)
class Geometry:
    """Where the rays are.

    Angles in radians, counter-clockwise, one for each view. A ray at the detector's pixel j is x·cosθ + y·sinθ =
    j - centre, with x to the right and y upwards from the axis of rotation, all in pixels of the detector.
    Rays of a fan (`source` is finite) come from there, in these pixels as they appear on the axis; `turn` is -1
    where the source is on the other side, and `is_arc` is for a detector on a circle around the source.
    """

    angles: Tensor
    n_detectors: int
    centre: float
    source: float = math.inf
    is_arc: bool = False
    turn: int = 1

    @property
    def is_fan(self) -> bool:
        """Whether rays are not parallel."""
        return math.isfinite(self.source)

    def with_angles(self, angles: Tensor) -> "Geometry":
        """The same under other angles."""
        return replace(self, angles=angles)

    @property
    def side(self) -> int:
        """Of the image that the detector sees."""
        return self.n_detectors

    @property
    def axis(self) -> float:
        """The row and column of the image through which the axis of rotation passes.

        Where the axis is the middle of the detector as some count it, the image's columns are its pixels.
        """
        middle = (self.n_detectors - 1) / 2
        if self.is_fan:
            return middle
        shift = round(2 * (self.centre - middle)) / 2
        return middle + (shift if abs(shift) <= 0.5 else 0.0)


@final
class Projection(nn.Module):
    """Image (1, side, side), its mean along each pixel -> line integrals (1, views, detectors), in pixels.

    The image is thought to be smooth beyond its pixels, and 0 around them. Views are the rows of a sinogram, which
    may have `fine` samples for each pixel of the detector.
    """

    def __init__(self, geometry: Geometry, fine: int = 1) -> None:
        super().__init__()
        self.geometry, self._fine = geometry, fine
        size = PADDING * geometry.side
        self._size, self._length = size, PADDING * geometry.n_detectors
        waves = torch.arange(self._length // 2 + 1, dtype=torch.float64) / self._length
        angles = geometry.angles.double().cpu()
        right, down = waves * angles.cos()[:, None], -waves * angles.sin()[:, None]
        middle = geometry.side // 2
        turn = (right + down) * (geometry.axis - middle) - waves * geometry.centre
        columns, column_weights = _taps(right * size, size)
        rows, row_weights = _taps(down * size, size)
        window = torch.outer(*[_inverse_window(geometry.side, size)] * 2)
        self._rows: Tensor
        self._columns: Tensor
        self._row_weights: Tensor
        self._column_weights: Tensor
        self._turn: Tensor
        self._window: Tensor
        self._keep("_rows", rows * size)
        self._keep("_columns", columns)
        self._keep("_row_weights", row_weights.float())
        self._keep("_column_weights", column_weights.float())
        self._keep("_turn", torch.exp(2j * math.pi * turn).to(torch.complex64))
        self._keep("_window", window.float())

    def _keep(self, name: str, tensor: Tensor) -> None:
        self.register_buffer(name, tensor.to(self.geometry.angles.device), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """The sinogram."""
        side, size = self.geometry.side, self._size
        first = size // 2 - side // 2
        padded = functional.pad(image[0] * self._window, (first, size - side - first) * 2)
        spectrum = torch.fft.fft2(padded).flatten()
        lines = torch.zeros_like(self._turn)
        for row, row_weight in zip(self._rows, self._row_weights, strict=True):
            part = torch.zeros_like(self._turn)
            for column, column_weight in zip(self._columns, self._column_weights, strict=True):
                part = part + spectrum[row + column] * column_weight
            lines = lines + part * row_weight
        whole: Tensor = torch.fft.irfft(lines * self._turn * self._fine, n=self._fine * self._length)
        return whole[None, :, : self._fine * self.geometry.n_detectors]


def _taps(at: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The points of a periodic grid around positions (*points), and their weights, both (taps, *points).

    Weights alternate in sign, which moves the image's middle from pixel size // 2 to 0.
    """
    first = torch.ceil(at - TAPS / 2).long()
    points = first + torch.arange(TAPS).reshape(-1, *[1] * at.ndim)
    inside = (1 - (2 * (at - points) / TAPS).square()).clamp(min=0)
    weights = torch.from_numpy(special.i0(_beta() * inside.sqrt().numpy()) / TAPS)
    return points % size, weights * (1 - 2 * (points % 2))


def _inverse_window(side: int, size: int) -> Tensor:
    """What each pixel of a row is multiplied by, for reading between the points multiplies it by the inverse."""
    at = math.pi * TAPS * (np.arange(side) - side // 2) / size
    root = np.sqrt(np.maximum(_beta() ** 2 - at**2, 1e-12))
    return torch.from_numpy(root / np.sinh(root))


def _beta() -> float:
    """The shape of the window for a grid that is `PADDING` times as fine (Beatty et al., equation 5)."""
    return math.pi * math.sqrt((TAPS / PADDING * (PADDING - 0.5)) ** 2 - 0.8)
