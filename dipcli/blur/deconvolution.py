"""Deconvolution with a known kernel and an unknown border: what the blur brought in from outside is sought too.

Frames are (channels, height, width), kernels (n, n) with odd n and sum 1; blurring is convolution, not
correlation. The picture that is found is wider than the frame by (n - 1) / 2 on each side.
"""

import math
from typing import NamedTuple, final

import torch
from scipy import fft
from torch import Tensor
from torch.nn import functional

from dipcli.grid import gradients, slopes

SPLIT = 0.03  # of the masked frame from the blurred picture; decides how fast, not whereto
PER_WEIGHT = 50.0  # the split of the slopes, in weights of the total variation
CERTAIN = 0.005  # less noise than this nobody can count on: the kernel is never exact
TAPER = 0.02


@final
class Torus:
    """A blurred frame on a torus that is large enough for the picture behind it.

    Source: Almeida and Figueiredo, Deconvolving images with unknown boundaries using the alternating direction
    method of multipliers, 2013, doi 10.1109/TIP.2013.2258354.
    """

    def __init__(self, blurred: Tensor, kernel: Tensor, mask: Tensor | None = None) -> None:
        """`mask` (height, width) is 0 where the frame says nothing, and what stands there has no influence."""
        if mask is not None:
            blurred = torch.where(mask > 0, blurred, blurred[:, mask > 0].mean())
        self._frame = blurred
        self._room = kernel.shape[0] // 2
        self.shape = [fft.next_fast_len(side + kernel.shape[0] - 1, real=True) for side in blurred.shape[-2:]]
        self.measured = self.placed(blurred)
        self.mask = self.placed(torch.ones_like(blurred[:1]) if mask is None else mask[None].to(blurred))
        self.transfer = self._transfer_of(kernel)
        step = kernel.new_tensor([[0, 0, 0], [0, -1, 0], [0, 1, 0]]).flip(0, 1)
        self.slopes = torch.stack([self._transfer_of(step), self._transfer_of(step.T)])[:, None]

    def fft(self, image: Tensor) -> Tensor:
        """The half spectrum of image (..., *shape)."""
        spectrum: Tensor = torch.fft.rfft2(image)
        return spectrum

    def ifft(self, spectrum: Tensor) -> Tensor:
        """The image (..., *shape) of a half spectrum."""
        image: Tensor = torch.fft.irfft2(spectrum, s=self.shape)
        return image

    def start(self) -> Tensor:
        """The frame itself, its border repeated half way round."""
        return functional.pad(self._frame[None], self._pads(), mode="replicate")[0]

    def crop(self, image: Tensor) -> Tensor:
        """The part of the torus that the frame saw."""
        height, width = (side + 2 * self._room for side in self._frame.shape[-2:])
        return image[..., :height, :width]

    def placed(self, values: Tensor, beyond: float = 0.0) -> Tensor:
        """Values of the frame on the torus."""
        return functional.pad(values, self._pads(), value=beyond)

    def _pads(self) -> tuple[int, int, int, int]:
        room = self._room
        down, right = (side - inner for side, inner in zip(self.shape, self._frame.shape[-2:], strict=True))
        return (room, right - room, room, down - room)

    def _transfer_of(self, kernel: Tensor) -> Tensor:
        padded = kernel.new_zeros(*self.shape)
        padded[: kernel.shape[0], : kernel.shape[1]] = kernel
        middle = [-(side // 2) for side in kernel.shape]
        return self.fft(padded.roll(middle, (0, 1)))


def inside(picture: Tensor, kernel: Tensor) -> Tensor:
    """The part of a picture that lies in the frame."""
    room = kernel.shape[-1] // 2
    return picture[..., room : picture.shape[-2] - room, room : picture.shape[-1] - room]


class Deconvolved(NamedTuple):
    """The picture (channels, H, W) behind a frame, and how well that is explained."""

    picture: Tensor
    misfit: float  # root mean square
    objective: float  # of misfit and total variation together, the sum over the frame


def deconvolve_tv(
    blurred: Tensor,
    kernel: Tensor,
    weight: float,
    *,
    mask: Tensor | None = None,
    clipped: Tensor | None = None,
    rounds: int = 80,
) -> Deconvolved:
    """The picture x with least ½|mask·(kernel * x - blurred)|² + weight·Σ|slopes(x)|.

    Where the frame is `clipped` (height, width), and not in the mask, kernel * x is at least its value.
    The length of a slope is taken over axes and channels together. Source: Almeida and Figueiredo, 2013.
    """
    torus = Torus(blurred, kernel, mask)
    least = None if clipped is None else torus.placed(blurred.masked_fill(~clipped, -math.inf), -math.inf)
    split = PER_WEIGHT * weight
    energy = SPLIT * torus.transfer.abs().square() + split * torus.slopes.abs().square().sum(0) + 1e-9
    image = torus.start()
    spectrum = torus.fft(image)
    debt = torch.zeros_like(image)
    target, slack = (image.new_zeros(2, *image.shape) for _ in range(2))
    for _ in range(rounds):
        seen = torus.ifft(torus.transfer * spectrum)
        frame = (torus.mask * torus.measured + SPLIT * (seen + debt)) / (torus.mask + SPLIT)
        frame = frame if least is None else frame.maximum(least)
        raised = torus.ifft(torus.slopes * spectrum) + slack
        length = torch.linalg.vector_norm(raised, dim=(0, 1), keepdim=True)
        target = raised * (1 - weight / split / length.clamp(min=1e-9)).clamp(min=0)
        debt, slack = debt + seen - frame, raised - target
        wanted = SPLIT * torus.transfer.conj() * torus.fft(frame - debt)
        wanted = wanted + split * (torus.slopes.conj() * torus.fft(target - slack)).sum(0)
        spectrum = wanted / energy
    errors = torus.mask * (torus.ifft(torus.transfer * spectrum) - torus.measured)
    misfit = float((errors.square().sum() / (torus.mask.sum() * len(errors)).clamp(min=1)).sqrt())
    picture = torus.crop(torus.ifft(spectrum))
    variation = torch.linalg.vector_norm(slopes(picture), dim=(0, 1)).sum()
    objective = float(errors.square().sum() / 2 + weight * variation)
    return Deconvolved(picture, misfit, objective)


def deconvolve_wiener(blurred: Tensor, kernel: Tensor, sigma: float) -> Tensor:
    """The best linear estimate for a picture whose slopes are even in size; the border is tapered.

    Source: Wiener, Extrapolation, Interpolation, and Smoothing of Stationary Time Series, 1949.
    """
    torus = Torus(blurred, kernel)
    image = torus.start()
    for _ in range(3):  # a border that fits the torus: blurred round it
        round_it = torus.ifft(torus.transfer * torus.fft(image))
        image = torch.where(torus.mask > 0, torus.measured, round_it)
    slopes = torus.slopes.abs().square().sum(0)
    power = float(sum(difference.square().mean() for difference in gradients(blurred)))
    damping = max(sigma, CERTAIN) ** 2 / max(power, 1e-8) * slopes + 1e-6
    gain = torus.transfer.conj() / (torus.transfer.abs().square() + damping)
    return torus.crop(torus.ifft(gain * torus.fft(image)))


def deconvolve_richardson_lucy(
    blurred: Tensor, kernel: Tensor, *, mask: Tensor | None = None, rounds: int = 30
) -> Tensor:
    """The picture of counts that explains the frame best after so many rounds; nothing is negative.

    Source: Richardson, 1972, doi 10.1364/JOSA.62.000055; Lucy, 1974, doi 10.1086/111605; the unknown border
    as in Bertero and Boccacci, 2005, doi 10.1051/0004-6361:20052717.
    """
    torus = Torus(blurred.clamp(min=0), kernel, mask)
    image = torus.start().clamp(min=1e-3)
    seen_by = torus.ifft(torus.transfer.conj() * torus.fft(torus.mask)).clamp(min=TAPER)
    for _ in range(rounds):
        seen = torus.ifft(torus.transfer * torus.fft(image)).clamp(min=1e-6)
        ratio = torus.mask * torus.measured / seen
        image = image * torus.ifft(torus.transfer.conj() * torus.fft(ratio)).clamp(min=0) / seen_by
    return torus.crop(image)
