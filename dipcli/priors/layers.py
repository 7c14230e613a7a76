"""Layers that exist for one, two and three spatial axes alike."""

from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from dipcli.errors import OptionError

Upsampling = Literal["nearest", "linear", "gaussian"]

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_AVERAGES = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_TRANSPOSED = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)
_LINEAR_MODES = ("linear", "bilinear", "trilinear")


def convolution(
    n_axes: int, n_in: int, n_out: int, kernel_size: int = 1, *, stride: int = 1, bias: bool = True
) -> nn.Module:
    """A convolution over `n_axes` axes that reflects its input at the border, so that sizes stay as they are."""
    kind = _CONVOLUTIONS[n_axes - 1]
    padding = kernel_size // 2
    mode: Literal["reflect", "zeros"] = "reflect" if padding else "zeros"
    return kind(n_in, n_out, kernel_size, stride=stride, padding=padding, bias=bias, padding_mode=mode)


def plain_convolution(n_axes: int, n_in: int, n_out: int, kernel_size: int, *, bias: bool) -> nn.Module:
    """A convolution that takes its input for zero beyond the border; sizes stay as they are."""
    return _CONVOLUTIONS[n_axes - 1](n_in, n_out, kernel_size, padding=kernel_size // 2, bias=bias)


def normalisation(n_axes: int, n_channels: int) -> nn.Module:
    """Batch normalisation by the statistics of the one picture at hand, always; only its affine is learnt."""
    return _NORMS[n_axes - 1](n_channels, track_running_stats=False)


def halving(n_axes: int) -> nn.Module:
    """The mean of each 2 x ... x 2 block."""
    return _AVERAGES[n_axes - 1](2)


def doubling(n_axes: int, mode: Upsampling) -> nn.Module:
    """Twice as many samples along each axis, repeated or linearly interpolated (corners not aligned)."""
    if mode == "gaussian":
        return GaussianDoubling(n_axes)
    if mode == "nearest":
        return nn.Upsample(scale_factor=2, mode="nearest")
    return nn.Upsample(scale_factor=2, mode=_LINEAR_MODES[n_axes - 1], align_corners=False)


def resizing(size: tuple[int, ...], mode: Upsampling) -> nn.Module:
    """To the given sides, each value repeated or linearly interpolated (corners not aligned)."""
    if mode == "gaussian":
        raise OptionError("--upsample gaussian only doubles sides; use --upsample linear with this network.")
    if mode == "nearest":
        return nn.Upsample(size=size, mode="nearest")
    return nn.Upsample(size=size, mode=_LINEAR_MODES[len(size) - 1], align_corners=False)


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
