"""Blur: every point of the picture becomes a kernel; only what a camera saw whole is measured.

Kernels are (n, n) with odd n, not negative, of sum 1; blurring is convolution, not correlation. The picture
behind a frame is wider than it by (n - 1) / 2 on each side.
"""

import math
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from dipcli.fidelities import Fidelity
from dipcli.penalties import normalised_sparsity, total_variation
from dipcli.problem import Estimate, Penalty, Problem, Unknown

FINER = 8  # points along a pixel's side, over which drawn kernels are averaged


def convolve(image: Tensor, kernel: Tensor) -> Tensor:
    """The part of the convolution of image (channels, H, W) with kernel (n, n) that needs nothing from outside."""
    n, sides = kernel.shape[-1], image.shape[-2:]
    product = torch.fft.rfft2(image) * torch.fft.rfft2(kernel, s=sides)
    wrapped: Tensor = torch.fft.irfft2(product, s=sides)
    return wrapped[..., n - 1 :, n - 1 :]


@final
class Blur(nn.Module):
    """Image (channels, H, W) -> (channels, H - n + 1, W - n + 1), blurred by a kernel that is known."""

    def __init__(self, kernel: Tensor) -> None:
        super().__init__()
        self.register_buffer("_kernel", kernel, persistent=False)
        self._kernel: Tensor

    def forward(self, image: Tensor) -> Tensor:
        """The image as the camera would see it."""
        return convolve(image, self._kernel)


@final
class BlindBlur(nn.Module):
    """Image (channels, H, W), kernel (1, n, n) -> (channels, H - n + 1, W - n + 1)."""

    def forward(self, image: Tensor, kernel: Tensor) -> Tensor:
        """The image as the camera would see it."""
        return convolve(image, kernel[0])


def blind_deblurring_problem(
    blurred: Tensor,
    image: Unknown,
    kernel: Unknown,
    fidelity: Fidelity,
    *,
    weight: Tensor | None = None,
    sparsity_weight: float = 0.0,
    tv_weight: float = 0.0,
    finish: Callable[[Tensor], Tensor] = lambda image: image,
) -> Problem:
    """A picture and a kernel (1, n, n) that explain a blurred frame (channels, height, width).

    A picture that is shifted one way and a kernel that is shifted the other explain it equally well: the
    picture that is watched is shifted back by the kernel's centroid. Source: Ren et al., CVPR 2020, arXiv
    1908.02197, equation 5 (two networks); Zhuang et al., 2022, arXiv 2208.09483 (ℓ1/ℓ2 of the gradients).
    """
    penalties = (
        Penalty(normalised_sparsity, "image", sparsity_weight),
        Penalty(total_variation, "image", tv_weight),
    )
    return Problem(
        measurement=blurred,
        operator=BlindBlur(),
        unknowns={"image": image, "kernel": kernel},
        fidelity=fidelity,
        picture=lambda estimate: finish(seen_picture(estimate)),
        penalties=tuple(penalty for penalty in penalties if penalty.weight),
        weight=weight,
    )


def seen_picture(estimate: Estimate) -> Tensor:
    """The part of the picture in the camera's frame, shifted to where the kernel's centroid would be central."""
    image, kernel = estimate["image"], estimate["kernel"][0]
    room = kernel.shape[0] - 1
    offsets = [round(float(at)) for at in centroid(kernel)]
    for axis, offset in enumerate(offsets, start=1):
        start = min(max(room - offset, 0), room)
        image = image.narrow(axis, start, image.shape[axis] - room)
    return image


def centroid(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Mean row and column of a kernel (n, n), in pixels from its corner."""
    mass = kernel.sum()
    at = torch.arange(kernel.shape[0], dtype=kernel.dtype, device=kernel.device)
    return (kernel.sum(1) @ at) / mass, (kernel.sum(0) @ at) / mass


def gaussian_kernel(sigma: float) -> Tensor:
    """An atmosphere or a small defocus; `sigma` in pixels."""
    reach = max(1, math.ceil(3 * sigma))
    at = torch.arange(-reach, reach + 1, dtype=torch.float64)
    line = torch.exp(-at.square() / (2 * sigma**2))
    kernel = torch.outer(line, line)
    return (kernel / kernel.sum()).float()


def motion_kernel(length: float, angle: float) -> Tensor:
    """A straight, even motion over `length` pixels, `angle` degrees counter-clockwise from the row."""
    turn = math.radians(angle)
    y, x = _points(length / 2)
    along = x * math.cos(turn) - y * math.sin(turn)
    across = x * math.sin(turn) + y * math.cos(turn)
    return _drawn((along.abs() <= length / 2) & (across.abs() <= 0.5))


def disk_kernel(radius: float) -> Tensor:
    """A lens out of focus; `radius` in pixels."""
    y, x = _points(radius)
    return _drawn(y.square() + x.square() <= radius**2)


def _points(reach: float) -> tuple[Tensor, Tensor]:
    """Coordinates of the points of all pixels that reach so far, in pixels from the middle."""
    n = 2 * math.ceil(reach) + 1
    at = (torch.arange(n * FINER, dtype=torch.float64) + 0.5) / FINER - n / 2
    return at[:, None], at[None]


def _drawn(points: Tensor) -> Tensor:
    """The share of the points of each pixel that are lit, as a kernel."""
    n = points.shape[0] // FINER
    share = points.double().reshape(n, FINER, n, FINER).mean((1, 3))
    return (share / share.sum()).float()
