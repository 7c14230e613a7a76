"""Denoising in sliding windows of the discrete cosine transform: thresholding, then empirical Wiener shrinkage.

Source: Yu and Sapiro, DCT image denoising, IPOL 2011, doi 10.5201/ipol.2011.ys-dct (sliding windows, colour
transform); Guleryuz, 2007 (weights by sparsity); Ghael, Sayeed and Baraniuk, 1997 (the second, Wiener pass).
We differ in the windows, which are Kaiser-weighted, and work on one, two or three axes.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import product

import torch
from scipy import fft, special
from torch import Tensor
from torch.nn import functional

from dipcli.classical.threads import in_threads

THRESHOLD = 2.7
ROUNDING = 1e-8  # the least power that counts as some
CHI_SQUARE_MEDIAN = 0.4549  # of one degree of freedom
QUIET = 0.1  # the share of windows that is taken to show noise alone
# Photographs measured 0.015-0.063 in lightness and 0.04-0.12 in colours; white noise, under brick and fur, 0.13
# and more in lightness, 0.38 and more in colours, where there is less texture.
CORRELATED, CORRELATED_COLOURS = 0.15, 0.2
DIRECTED = 2.2  # middle frequencies across, of those along: photographs' noise has at most 1.8, brick and fur 3.2
STEEP = 22.0  # low frequencies, of middle ones: photographs' noise has at most 20, many a clean picture 40
UNLIKE = 2.0  # times the contrast of one channel that another has, beyond which axes of colour mix too little
MINIMUM_WINDOWS = 100
SIDES = {1: 32, 2: 12, 3: 6}  # of a window, for one, two and three axes
WIDE_SIDES = {1: 32, 2: 16, 3: 6}
BAND, FEWEST_WINDOWS = 1 << 20, 8  # values of a band, and windows along its shorter side


def dct_denoise(image: Tensor, power: Tensor, *, step: int = 2) -> Tensor:
    """Image (channels, *space) with Gaussian noise of the given `noise_power` -> its estimate.

    Windows are `step` apart along each axis: more is faster, and less good.
    """
    axes = white_axes(image) if is_white(power) else colour_axes(image)
    mixed = torch.tensordot(axes, image, dims=1)
    first = _pass(mixed, power, None, step)
    second = _pass(mixed, power, first, step)
    restored: Tensor = torch.tensordot(axes.T, second, dims=1)
    return restored


def dct_threshold(image: Tensor, sigma: float, *, step: int = 4) -> Tensor:
    """Image (channels, *space) with white noise of deviation `sigma` -> the first half of `dct_denoise`.

    In wider windows, which are better where values are missing rather than noisy.
    """
    mixed = torch.tensordot(colour_axes(image), image, dims=1)
    smooth = _pass(mixed, white_power(mixed, sigma, WIDE_SIDES), None, step)
    restored: Tensor = torch.tensordot(colour_axes(image).T, smooth, dims=1)
    return restored


def white_power(image: Tensor, sigma: float, sides: Mapping[int, int] = SIDES) -> Tensor:
    """The `noise_power` of white noise of deviation `sigma`, in windows of the given sides."""
    n_axes, side = image.ndim - 1, window_side(image, sides)
    return image.new_full((image.shape[0], *([1] * n_axes), *([side] * n_axes)), sigma**2)


def window_side(image: Tensor, sides: Mapping[int, int] = SIDES) -> int:
    """Of the windows of image (channels, *space): at most half its shortest side."""
    return min(sides[image.ndim - 1], min(image.shape[1:]) // 2)


def _pass(image: Tensor, power: Tensor, guide: Tensor | None, step: int) -> Tensor:
    """One sweep over all window positions, in bands along the first axis that a processor's cache holds."""
    side = power.shape[-1]
    padded, guides = _pad(image, side), None if guide is None else _pad(guide, side)
    lines = max(FEWEST_WINDOWS, BAND // (image[:, 0].numel() * side)) * side

    def of_band(top: int) -> Tensor:
        rows = slice(top, top + lines + 2 * side)
        return _windows(padded[:, rows], power, None if guides is None else guides[:, rows], step)

    return torch.cat(list(in_threads(of_band, range(0, image.shape[1], lines))), dim=1)


def _windows(padded: Tensor, power: Tensor, guides: Tensor | None, step: int) -> Tensor:
    """All windows of an image, padded by one: hard thresholds without a guide, Wiener gains with one.

    Windows that start at equal remainders tile the image without overlap: each remainder is one reshape.
    """
    n_axes, side = padded.ndim - 1, power.shape[-1]
    basis, window = _dct_basis(side, padded), _window(side, n_axes, padded)
    inside = tuple(range(-n_axes, 0))
    mean = (slice(None),) * (1 + n_axes) + (0,) * n_axes
    total, weights = torch.zeros_like(padded), torch.zeros_like(padded)
    for corner in product(range(0, side, step), repeat=n_axes):
        here = _tiling(padded, corner, side)
        blocks = _transform(_blocks(padded[here], side), basis)
        if guides is None:
            gain = (blocks.square() > THRESHOLD**2 * power).to(blocks)
        else:
            known = _transform(_blocks(guides[here], side), basis).square()
            gain = known / (known + power)
        gain[mean] = 1  # the mean of a window is kept
        weight = 1 / (gain.square() * power).sum(inside, keepdim=True)
        total[here] += _join(_transform(blocks * gain, basis.T) * (weight * window), padded[here].shape)
        weights[here] += _join((weight * window).expand(blocks.shape), padded[here].shape)
    return (total / weights)[(slice(None), *(slice(side, n - side) for n in padded.shape[1:]))]


def noise_power(image: Tensor, sigma: float, mask: Tensor | None = None) -> Tensor:
    """Power of the noise of image (channels, *space) in each coefficient, (colours, 1, ..., 1, *window).

    That is sigma² everywhere for white noise. Noise is called correlated, as it is in photographs, where the
    quietest windows have far less of the highest than of the middle frequencies along every axis of colour; their
    mean power is then taken for the noise. Windows with values outside the `mask` are left aside, where there are
    others, for guesses have no noise.
    Source of the idea: Lebrun, Colom and Morel, The Noise Clinic, IPOL 2015, doi 10.5201/ipol.2015.125.
    """
    n_axes, side = image.ndim - 1, window_side(image)
    white = white_power(image, sigma)
    image = torch.tensordot(colour_axes(image), image, dims=1)
    basis = _dct_basis(side, image)
    corners = product((0, side // 2), repeat=n_axes)
    tilings = [_transform(_blocks(image[_tiling(image, c, side)], side), basis) for c in corners]
    power = torch.cat([t.reshape(len(t), -1, side**n_axes) for t in tilings], dim=1).square()
    drawn = (power[..., 1:].sum(-1) == 0).any(0)  # what is perfectly flat was drawn or clipped
    measured_only = ~drawn if mask is None else ~drawn & _whole(mask, side)
    power = power[:, measured_only if int(measured_only.sum()) >= MINIMUM_WINDOWS else ~drawn]
    if power.shape[1] < MINIMUM_WINDOWS:
        return white
    measured = _quiet_power(power).reshape(white.shape)
    return white if _is_texture(measured) else measured


def _is_texture(measured: Tensor) -> bool:
    """Whether such power (colours, 1, ..., 1, *window) of the quietest windows is of texture with white noise.

    Noise that is correlated has little of the highest frequencies along every axis of colour. Steeper spectra, and
    those with a direction, are of the picture.
    """
    side, n_axes = measured.shape[-1], measured.ndim // 2
    power = measured.reshape(len(measured), *[side] * n_axes)
    at = torch.stack(torch.meshgrid(*[torch.arange(side, device=measured.device)] * n_axes, indexing="ij"))
    frequency = at.amax(0)
    low, middle = (frequency > 0) & (frequency < side // 4), (frequency >= side // 4) & (frequency < side // 2)
    level = power[:, middle].mean(1)
    ratios = power[:, frequency >= 3 * side // 4].mean(1) / level
    if ratios[0] > CORRELATED or bool((ratios > CORRELATED_COLOURS).any()):
        return True
    along = torch.stack([power[0, middle & (axis == frequency)].mean() for axis in at])
    is_steep = power[0, low].mean() > STEEP * level[0]
    return bool(is_steep | (along.max() > DIRECTED * along.min()))


def _whole(mask: Tensor, side: int) -> Tensor:
    """Which of the windows that `noise_power` looks at lie in the mask."""
    inside = mask.all(0, keepdim=True).float()
    corners = product((0, side // 2), repeat=mask.ndim - 1)
    blocks = [_blocks(inside[_tiling(inside, corner, side)], side) for corner in corners]
    return torch.cat([b.reshape(1, -1, side ** (mask.ndim - 1)).amin(-1)[0] > 0 for b in blocks])


def is_white(power: Tensor) -> bool:
    """Whether a `noise_power` is the same in every coefficient."""
    return bool(power.max() <= 1.001 * power.min())


def draw_noise(shape: Sequence[int], power: Tensor, random: torch.Generator) -> Tensor:
    """Gaussian noise (channels, *space) with the given `noise_power`, between its frequencies interpolated."""
    noise = torch.randn(tuple(shape), generator=random).to(power)
    if is_white(power):
        return noise * power.mean().sqrt()
    n_axes = len(shape) - 1
    windows = power.reshape(1, len(power), *power.shape[-n_axes:])
    mode = ("linear", "bilinear", "trilinear")[n_axes - 1]
    gain = functional.interpolate(windows, size=tuple(shape[1:]), mode=mode, align_corners=False)[0].sqrt()
    inside = tuple(range(1, n_axes + 1))
    spectrum = fft.dctn(noise.double().cpu().numpy(), axes=inside, norm="ortho") * gain.double().cpu().numpy()
    coloured = torch.from_numpy(fft.idctn(spectrum, axes=inside, norm="ortho")).to(power)
    drawn: Tensor = torch.tensordot(colour_axes(coloured).T, coloured, dims=1)
    return drawn


def _quiet_power(power: Tensor) -> Tensor:
    """Mean over the quietest windows of power (channels, windows, coefficients), (channels, coefficients).

    Windows are ranked by their power relative to the estimate, which is refined a few times. The mean of the
    lowest share of a χ² variable is what unselected noise is corrected by.
    """
    degrees = power.shape[-1] - 1
    count = int(QUIET * power.shape[1])
    quantile = special.gammaincinv(degrees / 2, QUIET)
    selection = special.gammainc(degrees / 2 + 1, quantile) / QUIET
    ripples = power[..., 1:]
    estimate = (ripples.median(1).values / CHI_SQUARE_MEDIAN).clamp(min=ROUNDING)
    for _ in range(4):
        energy = (ripples / estimate[:, None]).mean(-1)
        quiet = energy.topk(count, dim=1, largest=False).indices
        estimate = torch.stack([channel[i].mean(0) for channel, i in zip(ripples, quiet, strict=True)]) / selection
    return torch.cat([estimate.mean(1, keepdim=True), estimate], dim=1)


def colour_axes(image: Tensor) -> Tensor:
    """An orthonormal opponent transform for three channels, nothing for others."""
    if image.shape[0] != 3:
        return torch.eye(image.shape[0], dtype=image.dtype, device=image.device)
    axes = torch.tensor([[1.0, 1, 1], [1, 0, -1], [1, -2, 1]], dtype=image.dtype, device=image.device)
    normalised: Tensor = axes / axes.norm(dim=1, keepdim=True)
    return normalised


def white_axes(image: Tensor) -> Tensor:
    """The same where noise is white, so that any axes will do: principal ones where contrasts are unlike."""
    axes = colour_axes(image)
    if image.shape[0] != 3:
        return axes
    covariance = torch.cov(image.flatten(1))
    powers = covariance.diagonal()
    if bool(powers.max() <= UNLIKE**2 * powers.min()):
        return axes
    principal: Tensor = torch.linalg.eigh(covariance).eigenvectors.flip(1).T
    return principal


def _dct_basis(side: int, like: Tensor) -> Tensor:
    """The orthonormal DCT-II as a matrix (frequency, position)."""
    at = torch.arange(side, dtype=torch.float64)
    basis = torch.cos(math.pi * (2 * at + 1) * at[:, None] / (2 * side)) * math.sqrt(2 / side)
    basis[0] /= math.sqrt(2)
    return basis.to(like.dtype).to(like.device)


def _window(side: int, n_axes: int, like: Tensor) -> Tensor:
    line = torch.kaiser_window(side, periodic=False, beta=2.0, dtype=torch.float64)
    window = torch.ones((), dtype=torch.float64)
    for _ in range(n_axes):
        window = window[..., None] * line
    return window.to(like.dtype).to(like.device)


def _pad(image: Tensor, side: int) -> Tensor:
    """Reflect the border by one window, so that every tiling covers the image."""
    widths = [side] * 2 * (image.ndim - 1)
    return functional.pad(image[None], widths, mode="reflect")[0]


def _tiling(padded: Tensor, corner: tuple[int, ...], side: int) -> tuple[slice, ...]:
    spans = (((n - c) // side) * side for n, c in zip(padded.shape[1:], corner, strict=True))
    return (slice(None), *(slice(c, c + span) for c, span in zip(corner, spans, strict=True)))


def _blocks(image: Tensor, side: int) -> Tensor:
    """(channels, *space) -> (channels, *counts, *window)."""
    for axis in range(1, image.ndim):
        image = image.unfold(axis, side, side)
    return image


def _join(blocks: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of `_blocks`."""
    n_axes = len(shape) - 1
    order = [0, *(axis for k in range(1, n_axes + 1) for axis in (k, k + n_axes))]
    return blocks.permute(order).reshape(shape)


def _transform(blocks: Tensor, basis: Tensor) -> Tensor:
    """Apply the basis along each of the window's axes."""
    n_axes = (blocks.ndim - 1) // 2
    for axis in range(-n_axes, 0):
        blocks = (blocks.movedim(axis, -1) @ basis.T).movedim(-1, axis)
    return blocks
