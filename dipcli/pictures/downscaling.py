"""Super-resolution: a small picture is measured, the large one is smoothed and decimated."""

import math
from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import Tensor, nn

from dipcli.pictures.options import KernelName


def _sinc(at: Tensor) -> Tensor:
    return torch.sinc(at)


def _cubic(at: Tensor, a: float = -0.5) -> Tensor:
    """Keys, 1981, equation 15 with a = -1/2."""
    near = ((a + 2) * at - (a + 3)) * at**2 + 1
    far = (((at - 5) * at + 8) * at - 4) * a
    return torch.where(at < 1, near, far)


# The half width in low-resolution pixels, and the weight at a distance from the centre.
KERNELS: dict[KernelName, tuple[float, Callable[[Tensor], Tensor]]] = {
    "box": (0.5, torch.ones_like),
    "bilinear": (1.0, lambda at: 1 - at),
    "hamming": (1.0, lambda at: _sinc(at) * (0.54 + 0.46 * torch.cos(math.pi * at))),
    "bicubic": (2.0, _cubic),
    "lanczos2": (2.0, lambda at: _sinc(at) * _sinc(at / 2)),
    "lanczos3": (3.0, lambda at: _sinc(at) * _sinc(at / 3)),
}


def decimation_matrix(n_high: int, n_low: int, kernel: KernelName) -> Tensor:
    """Rows that make each of n_low pixels from n_high ones, (n_low, n_high) in float64; every row sums to 1.

    The kernel is widened by n_high / n_low, any number of at least 1, and cut off and normalised at the border.
    Equal to Pillow's `resize` with the filter of the same name (its LANCZOS is lanczos3).
    """
    ratio = n_high / n_low
    reach, weight = KERNELS[kernel]
    centre = (torch.arange(n_low, dtype=torch.float64) + 0.5) * ratio
    offset = (torch.arange(n_high, dtype=torch.float64) + 0.5 - centre[:, None]) / ratio
    inside = (offset.abs() < reach) | (offset == reach)
    matrix = torch.where(inside, weight(offset.abs()), torch.zeros_like(offset))
    return matrix / matrix.sum(1, keepdim=True)


@final
class Decimation(nn.Module):
    """Image (channels, *high) -> (channels, *low): smoothing and decimation, one axis after the other."""

    def __init__(self, high: Sequence[int], low: Sequence[int], kernel: KernelName) -> None:
        """Sides before and after; raises ValueError where one would grow."""
        super().__init__()
        if any(n_low > n_high for n_low, n_high in zip(low, high, strict=True)):
            raise ValueError(f"{tuple(high)} does not decimate to the larger {tuple(low)}")
        self._n_axes = len(high)
        for axis, (n_high, n_low) in enumerate(zip(high, low, strict=True)):
            matrix = decimation_matrix(n_high, n_low, kernel)
            left, gains, right = torch.linalg.svd(matrix, full_matrices=False)
            for name, value in (("matrix", matrix), ("left", left), ("gains", gains), ("right", right)):
                self.register_buffer(f"{name}{axis}", value.float(), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """The image as the small picture would show it."""
        return self._along_each_axis("matrix", image)

    def enlarge(self, small: Tensor, damping: float = 0.0) -> Tensor:
        """The image of least norm that explains a small one, (channels, *low) -> (channels, *high).

        `damping` is the variance of the noise over that of the image (Tikhonov): what the smoothing nearly
        removed is then not amplified.
        """
        gain = small.new_ones(())
        for axis in range(self._n_axes):
            gain = gain[..., None] * self._matrix("gains", axis, small)
        inverse = gain / (gain.square() + max(damping, 1e-6))
        return self._along_each_axis("right", self._along_each_axis("left", small, back=True) * inverse, back=True)

    def explain(self, image: Tensor, small: Tensor, damping: float = 0.0) -> Tensor:
        """The image nearest to the given one that explains the small one (with damping: nearly)."""
        return image + self.enlarge(small - self(image), damping)

    def _along_each_axis(self, name: str, image: Tensor, *, back: bool = False) -> Tensor:
        for axis in range(self._n_axes):
            matrix = self._matrix(name, axis, image)
            moved = image.movedim(axis + 1, -1) @ (matrix if back else matrix.T)
            image = moved.movedim(-1, axis + 1)
        return image

    def _matrix(self, name: str, axis: int, like: Tensor) -> Tensor:
        matrix: Tensor = getattr(self, f"{name}{axis}")
        return matrix.to(like.dtype)
