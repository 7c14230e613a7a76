"""Filtered back-projection, and the rounds of algebraic reconstruction that need no prior."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.tomography.options import FilterName
from dipcli.tomography.rays import Rays
from dipcli.tomography.resorting import resorted


def filtered_back_projection(rays: Rays, window: FilterName) -> Tensor:
    """The image (1, side, side) of rays, each view counting for the angles nearest to it; a fan is re-sorted.

    The ramp is that of Kak and Slaney, Principles of computerized tomographic imaging, 1988, equation 3.61, which
    leaves the mean as it is; hann damps what is fine.
    """
    rays = resorted(rays) if rays.projection.geometry.is_fan else rays
    values = torch.where(rays.precision > 0, rays.values, _filled(rays.values, rays.precision > 0))
    shares = angular_shares(rays.projection.geometry.angles).to(values)
    return rays.back(_ramped(values, window) * shares[:, None])


def angular_shares(angles: Tensor) -> Tensor:
    """The part of half a turn that each view stands for, in radians; views of one direction share theirs."""
    turned, order = torch.remainder(angles.double(), math.pi).sort()
    before = turned - turned.roll(1)
    before[0] += math.pi
    gaps = (before + before.roll(-1)) / 2
    # A wedge without views is nobody's: no view stands for more than three usual ones.
    gaps = gaps.clamp(max=3 * float(gaps.median()) if float(gaps.median()) > 0 else math.pi)
    shares = torch.empty_like(gaps)
    shares[order] = gaps
    return shares


def algebraic_rounds(rays: Rays) -> Iterator[Tensor]:
    """The images of SIRT: each round, every pixel takes its part of what is unexplained of the rays through it.

    Source: Gilbert, Iterative methods for the three-dimensional reconstruction of an object from projections,
    1972, doi 10.1016/0022-5193(72)90180-4.
    """
    known = (rays.precision > 0).to(rays.values)
    lengths = rays.projection(torch.ones_like(rays.blank)).clamp(min=1.0)
    counts = rays.back(known).clamp(min=1.0)
    image = rays.blank
    while True:
        image = image + rays.back(known * rays.residual(image) / lengths) / counts
        yield image


def _ramped(values: Tensor, window: FilterName) -> Tensor:
    n = values.shape[-1]
    length = 2 * n
    at = torch.arange(length, device=values.device)
    at = torch.minimum(at, length - at).double()
    kernel = torch.where(at % 2 == 1, -1 / (math.pi * at.clamp(min=1)).square(), torch.zeros_like(at))
    kernel[0] = 0.25
    gain = torch.fft.rfft(kernel).real
    if window == "hann":
        gain = gain * (0.5 + 0.5 * torch.cos(torch.linspace(0, math.pi, len(gain), device=values.device)))
    ramped: Tensor = torch.fft.irfft(torch.fft.rfft(values, n=length) * gain.to(values), n=length)
    return ramped[..., :n]


def _filled(values: Tensor, known: Tensor) -> Tensor:
    """Unknown values from their neighbours along the detector."""
    weight = known.to(values)
    total, count = values * weight, weight
    for reach in (1, 4, 16):
        kernel = torch.ones(1, 1, 2 * reach + 1, device=values.device)
        sums, counts = (
            functional.conv1d(each.transpose(0, 1), kernel.to(values), padding=reach).transpose(0, 1)
            for each in (values * weight, weight)
        )
        total, count = torch.where(count > 0, total, sums), torch.where(count > 0, count, counts)
    return total / count.clamp(min=1)
