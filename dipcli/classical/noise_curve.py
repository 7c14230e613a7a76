"""How strong the noise of one picture is at each brightness, from that picture alone.

White noise is in every component of the patches of a picture, texture is not: along their weakest principal
component there is noise alone. Patches of weak texture, which are no rougher than noise may be, have the least of
all, so they are chosen again and again, by the noise that those chosen before have.
Source: Pyatykh, Hesser and Zheng, Image noise level estimation by principal component analysis, 2013, doi
10.1109/TIP.2012.2221728; Liu, Tanaka and Okutomi, Single-image noise level estimation for blind denoising, 2013,
doi 10.1109/TIP.2013.2283400 (the choice). We differ in that patches of similar brightness are looked at together,
without their means.
"""

import math
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special
from torch import Tensor

Array = NDArray[np.float64]

SIDES = {1: (16, 8, 4, 2), 2: (6, 5, 4, 3, 2), 3: (3, 2)}  # of patches, the widest of which there are enough
MOST = 400_000  # patches that are looked at
ENOUGH = 2400  # of them, to take no narrower ones
MOST_POINTS, FEWEST_PATCHES = 20, 400  # of a curve, and for each of them
FEWEST_CHOSEN = 200
ROUNDS = 8
SURE = 1 - 1e-6  # the share of the patches of mere noise that is not left aside
FEWEST_DIFFERENCES = 48
NORMAL_MEDIAN = 0.6745  # of the absolute value
TRACY_WIDOM_MEAN = 1.2065


def noise_curve(picture: NDArray[np.floating]) -> Array:
    """Points (brightness, variance of the noise), (n, 2), of a picture (channels, *space) with NaN where missing.

    Noise is taken to be white: of correlated noise too little is seen. Pictures too small for patches have one
    point; where too little is known, n is 0.
    """
    n_axes = picture.ndim - 1
    for side in SIDES[n_axes]:
        patches = _whole_patches(picture, side)
        if len(patches) >= ENOUGH:
            break
    if len(patches) < FEWEST_PATCHES:
        return _one_point(picture)
    brightness = patches.mean(1)
    n_points = min(MOST_POINTS, len(patches) // FEWEST_PATCHES)
    parts = np.array_split(np.argsort(brightness), n_points)
    weak = (_weak_variance(torch.from_numpy(patches[part]), n_axes) for part in parts)
    return np.array([(np.median(brightness[part]), v) for part, v in zip(parts, weak, strict=True)])


def weakest_component(channel: Array, side: int = 5, most: int = 100_000) -> float:
    """Deviation along the weakest principal component of the patches of one channel (*space).

    This is the most white noise that there can be; a little fine texture is enough to make it too large.
    """
    windows = np.lib.stride_tricks.sliding_window_view(channel, (side,) * channel.ndim)
    patches = windows.reshape(-1, side**channel.ndim) if windows.size < 25 * most else None
    if patches is None:
        flat = np.random.default_rng(0).integers(0, np.prod(windows.shape[: channel.ndim]), most)
        patches = windows[np.unravel_index(flat, windows.shape[: channel.ndim])].reshape(most, -1)
    return math.sqrt(_weakest_variance(torch.tensor(patches)))


def _whole_patches(picture: NDArray[np.floating], side: int) -> Array:
    """Of at most `MOST` patches (n, side**axes) those that are whole, and in which something varies."""
    n_axes, size = picture.ndim - 1, side ** (picture.ndim - 1)
    if min(picture.shape[1:]) < side:
        return np.empty((0, size))
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side,) * n_axes, tuple(range(1, n_axes + 1)))
    places = windows.shape[: n_axes + 1]
    count = math.prod(places)
    at = np.arange(count) if count <= MOST else np.sort(np.random.default_rng(0).integers(0, count, MOST))
    patches = windows[np.unravel_index(at, places)].reshape(-1, size).astype(np.float64, copy=False)
    patches = patches[np.isfinite(patches).all(1)]
    varied: Array = patches[np.ptp(patches, axis=1) > 0]  # what is perfectly flat was drawn or clipped
    return varied


def _weak_variance(patches: Tensor, n_axes: int) -> float:
    """Of the noise of patches (n, side**axes) of similar brightness, by those that are hardly textured."""
    roughness, limit = _roughness(patches.shape[1], n_axes)
    rough = (patches @ torch.from_numpy(roughness)).mul_(patches).sum(1)
    variance = _weakest_variance(patches)
    for _ in range(ROUNDS):
        chosen = patches[rough <= limit * variance]
        if len(chosen) < FEWEST_CHOSEN:
            break
        before, variance = variance, _weakest_variance(chosen)
        if abs(variance - before) <= 1e-3 * before:
            break
    return variance


def _weakest_variance(patches: Tensor) -> float:
    """Of patches (n, values) without their means, along the component that has least."""
    size = patches.shape[1]
    covariance = torch.cov((patches - patches.mean(1, keepdim=True)).T)
    covariance += covariance.trace() / size  # along the means, where else there is nothing
    least = float(torch.linalg.eigvalsh(covariance)[0])
    return max(least, 0.0) / _least_of_noise(size - 1, len(patches))


def _least_of_noise(size: int, count: int) -> float:
    """The expected least eigenvalue of the covariance of so many vectors of white noise of variance 1.

    Source: Marchenko and Pastur, 1967; its mean distance from their edge by Tracy and Widom, 1996.
    """
    wide, narrow = math.sqrt(max(count, 2 * size)), math.sqrt(size)
    edge = wide - narrow
    return (edge**2 + TRACY_WIDOM_MEAN * edge * math.cbrt(1 / narrow - 1 / wide)) / wide**2


@cache
def _roughness(size: int, n_axes: int) -> tuple[Array, float]:
    """The quadratic form of a patch that sums its squared slopes, and what white noise hardly exceeds.

    That of noise, of variance 1, is nearly Gamma distributed, with the same mean and variance.
    """
    side = round(size ** (1 / n_axes))
    steps = np.diff(np.eye(side), axis=0)
    along = steps.T @ steps
    form = np.zeros((size, size))
    for axis in range(n_axes):
        term: Array = np.ones((1, 1))
        for other in range(n_axes):
            term = np.kron(term, along if other == axis else np.eye(side)).astype(np.float64)
        form += term
    mean, spread = float(np.trace(form)), 2 * float(np.trace(form @ form))
    return form, float(special.gammaincinv(mean**2 / spread, SURE)) * spread / mean


def _one_point(picture: NDArray[np.floating]) -> Array:
    """The median brightness, and the variance by the median of all differences, (1 or 0, 2)."""
    rough = picture.astype(np.float64, copy=False)
    for axis in range(1, picture.ndim):
        rough = np.diff(rough, axis=axis) / np.sqrt(2)
    rough = rough[np.isfinite(rough)]
    if rough.size < FEWEST_DIFFERENCES:
        return np.empty((0, 2))
    return np.array([[np.nanmedian(picture), np.square(np.median(np.abs(rough)) / NORMAL_MEDIAN)]])
