"""Layers that exist for one, two and three spatial axes alike."""

from collections.abc import Sequence
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from dipcli.errors import OptionError

Upsampling = Literal["nearest", "linear", "gaussian"]

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_CONVOLVED = (functional.conv1d, functional.conv2d, functional.conv3d)
_AVERAGED = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)
_TRANSPOSED = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)
_LINEAR_MODES = ("linear", "bilinear", "trilinear")


def convolution(
    n_axes: int, n_in: int, n_out: int, kernel_size: int = 1, *, stride: int = 1, bias: bool = True
) -> nn.Module:
    """A convolution over `n_axes` axes that reflects its input at the border, so that sizes stay as they are."""
    kind = _REFLECTING[n_axes - 1] if kernel_size > 1 else _CONVOLUTIONS[n_axes - 1]
    return kind(n_in, n_out, kernel_size, stride=stride, padding=kernel_size // 2, bias=bias)


def plain_convolution(n_axes: int, n_in: int, n_out: int, kernel_size: int, *, bias: bool) -> nn.Module:
    """A convolution that takes its input for zero beyond the border; sizes stay as they are."""
    return _CONVOLUTIONS[n_axes - 1](n_in, n_out, kernel_size, padding=kernel_size // 2, bias=bias)


def normalisation(n_axes: int, n_channels: int) -> nn.Module:
    """Batch normalisation by the statistics of the one picture at hand, always; only its affine is learnt."""
    return _NORMS[n_axes - 1](n_channels, track_running_stats=False)


def doubling(n_axes: int, mode: Upsampling) -> nn.Module:
    """Twice as many samples along each axis, repeated or linearly interpolated (corners not aligned)."""
    if mode == "gaussian":
        return GaussianDoubling(n_axes)
    if mode == "nearest":
        return nn.Upsample(scale_factor=2, mode="nearest")
    return LinearResizing()


def resizing(size: tuple[int, ...], mode: Upsampling) -> nn.Module:
    """To the given sides, each value repeated or linearly interpolated (corners not aligned)."""
    if mode == "gaussian":
        raise OptionError("--upsample gaussian only doubles sides; use --upsample linear with this network.")
    if mode == "nearest":
        return nn.Upsample(size=size, mode="nearest")
    return LinearResizing(size)


# CUDA sums gradients of reflected borders, of linear interpolation and of means of voxels in any order, and
# no fit can be repeated bit for bit. What follows has one order; on the processor PyTorch's own are faster.


def reflected(features: Tensor, margin: int) -> Tensor:
    """Features (batch, channels, *space) with so many reflected pixels more at both ends of each axis."""
    for axis in range(2, features.ndim):
        n = features.shape[axis]
        ends = [features.narrow(axis, start, margin) for start in (1, n - 1 - margin)]
        before, after = ends if margin == 1 else [end.flip(axis) for end in ends]
        features = torch.cat([before, features, after], axis)
    return features


def doubled_linearly(features: Tensor) -> Tensor:
    """Features (batch, channels, *space) -> (batch, channels, *twice as many), 3/4 of the nearer one each."""
    for axis in range(2, features.ndim):
        n = features.shape[axis]
        before = torch.cat([features.narrow(axis, 0, 1), features.narrow(axis, 0, n - 1)], axis)
        after = torch.cat([features.narrow(axis, 1, n - 1), features.narrow(axis, n - 1, 1)], axis)
        both = [torch.lerp(features, other, 0.25) for other in (before, after)]
        features = torch.stack(both, axis + 1).flatten(axis, axis + 1)
    return features


def resized_linearly(features: Tensor, size: Sequence[int]) -> Tensor:
    """Features (batch, channels, *space) -> (batch, channels, *size), by a product with a matrix for each axis."""
    for axis, side in enumerate(size, start=2):
        unit = torch.eye(features.shape[axis], device=features.device, dtype=features.dtype)
        matrix = functional.interpolate(unit[None], size=side, mode="linear", align_corners=False)[0]
        features = torch.tensordot(features, matrix, dims=([axis], [0])).movedim(-1, axis)
    return features


def halved(features: Tensor) -> Tensor:
    """Features (batch, channels, *space) -> the means of blocks of two along each axis."""
    for axis in range(2, features.ndim):
        half = features.shape[axis] // 2
        shape = features.shape
        pairs = features.narrow(axis, 0, 2 * half).reshape(*shape[:axis], half, 2, *shape[axis + 1 :])
        features = pairs.mean(axis + 1)
    return features


class _Reflecting(nn.modules.conv._ConvNd):
    """What makes a convolution of PyTorch's one that reflects its input."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: A002
        n_axes, margin = weight.ndim - 2, int(self.padding[0])
        is_ours = input.is_cuda
        wider = reflected(input, margin) if is_ours else functional.pad(input, [margin] * 2 * n_axes, "reflect")
        return _CONVOLVED[n_axes - 1](wider, weight, bias, self.stride)


class _Reflecting1d(_Reflecting, nn.Conv1d): ...


class _Reflecting2d(_Reflecting, nn.Conv2d): ...


class _Reflecting3d(_Reflecting, nn.Conv3d): ...


_REFLECTING = (_Reflecting1d, _Reflecting2d, _Reflecting3d)


@final
class Halving(nn.Module):
    """The mean of each 2 x ... x 2 block."""

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, channels, *space) -> (batch, channels, *half as many)."""
        n_axes = features.ndim - 2
        return halved(features) if features.is_cuda and n_axes == 3 else _AVERAGED[n_axes - 1](features, 2)


@final
class LinearResizing(nn.Module):
    """Linear interpolation, corners not aligned, to the given sides; to twice as many where there are none."""

    def __init__(self, size: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.size = size

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, channels, *space) -> (batch, channels, *size)."""
        if features.is_cuda:
            return doubled_linearly(features) if self.size is None else resized_linearly(features, self.size)
        mode, scale = _LINEAR_MODES[features.ndim - 3], None if self.size else 2
        return functional.interpolate(features, self.size, scale, mode=mode, align_corners=False)


@final
class GaussianDoubling(nn.Module):
    """Zeros between the samples, then a Gaussian of five taps: smoother than linear interpolation.

    Each output is a weighted mean, so that what is constant stays so, at the border too. Source: Shi et al., IJCV
    2022, arXiv 2107.01125 (§4.2; kernel of 5, σ 0.5 in samples before). We differ in the weighted mean.
    """

    def __init__(self, n_axes: int, sigma: float = 0.5) -> None:
        super().__init__()
        taps = torch.exp(-(torch.arange(-2, 3).float() / 2).square() / (2 * sigma**2))
        kernel = taps
        for _ in range(n_axes - 1):
            kernel = kernel[..., None] * taps
        self.register_buffer("_kernel", kernel[None, None], persistent=False)
        self._kernel: Tensor

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, channels, *space) -> (batch, channels, *twice as many)."""
        batch, channels, *space = features.shape
        spread = self._spread(features.reshape(batch * channels, 1, *space))
        weight = self._spread(features.new_ones(1, 1, *space))
        return (spread / weight).reshape(batch, channels, *spread.shape[2:])

    def _spread(self, features: Tensor) -> Tensor:
        kernel = self._kernel.to(features.dtype)
        return _TRANSPOSED[kernel.ndim - 3](features, kernel, stride=2, padding=2, output_padding=1)


def meshgrid(space: tuple[int, ...], lowest: float = 0.0) -> Tensor:
    """The coordinates of every pixel, (n_axes, *space), from `lowest` to 1 along each axis."""
    axes = [torch.linspace(lowest, 1.0, n) for n in space]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))
