"""Small synthetic scans: a smooth picture seen by coils, and its k-space."""

import numpy as np
import torch


def true_maps(coils=4, height=24, width=20):
    """Smooth sensitivities (coils, height, width), complex, whose squares add up to 1."""
    down, right = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    angles = 2 * np.pi * np.arange(coils)[:, None, None] / coils
    away = (down - 1.3 * np.sin(angles)) ** 2 + (right - 1.3 * np.cos(angles)) ** 2
    seen = np.exp(-away / 3 + 0.7j * (angles + down * np.cos(angles) - right * np.sin(angles)))
    return (seen / np.linalg.norm(seen, axis=0)).astype(np.complex64)


def true_image(height=24, width=20):
    """An ellipse with a brighter disc and a bar in it, of smooth phase; 0 around it."""
    down, right = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    magnitude = 1.0 * ((down / 0.8) ** 2 + (right / 0.7) ** 2 < 1)
    magnitude[(down + 0.2) ** 2 + (right - 0.1) ** 2 < 0.07] = 1.8
    magnitude[(np.abs(down - 0.4) < 0.1) & (np.abs(right) < 0.4)] = 0.4
    return (magnitude * np.exp(1j * (0.8 * down + 0.5 * right**2))).astype(np.complex64)


def to_kspace(images):
    """By NumPy: the orthonormal transform of the last two axes, frequency 0 in the centre."""
    centred = np.fft.ifftshift(images, (-2, -1))
    return np.fft.fftshift(np.fft.fft2(centred, norm="ortho"), (-2, -1)).astype(np.complex64)


def to_images(kspace):
    """Its inverse."""
    centred = np.fft.ifftshift(kspace, (-2, -1))
    return np.fft.fftshift(np.fft.ifft2(centred, norm="ortho"), (-2, -1)).astype(np.complex64)


def noise_of(shape, sigma=1.0, seed=0):
    """Complex noise; `sigma` is the deviation of the real and of the imaginary part."""
    random = np.random.default_rng(seed)
    return (sigma * (random.normal(size=shape) + 1j * random.normal(size=shape))).astype(np.complex64)


def full_kspace(coils=4, height=24, width=20, *, slices=1, sigma=0.01):
    """Full k-space (slices, coils, height, width); each slice is a little brighter than the one before."""
    images = true_maps(coils, height, width) * true_image(height, width)
    brighter = np.stack([images * (1 + 0.2 * index) for index in range(slices)])
    return to_kspace(brighter) + noise_of(brighter.shape, sigma)


def some_lines(width=20, centre=6, every=2):
    """Which lines are measured: `centre` in the middle, and one in `every` of the rest."""
    lines = np.zeros(width, bool)
    lines[::every] = True
    lines[width // 2 - centre // 2 : width // 2 + centre - centre // 2] = True
    return lines


def sampled_kspace(coils=4, height=24, width=20, **options):
    """K-space (1, coils, height, width) of which only `some_lines` are not 0."""
    lines = some_lines(width, options.pop("centre", 6), options.pop("every", 2))
    return full_kspace(coils, height, width, **options) * lines


def as_slice(kspace, **options):
    """One slice (coils, height, width) of NumPy, as the task takes it."""
    from dipcli.mri.slices import Slice

    return Slice(torch.from_numpy(kspace), torch.from_numpy((kspace != 0).any(0)), **options)


def folded_kspace(coils=4, height=24, width=20, *, beyond=8):
    """K-space (coils, height, width) of an image `beyond` rows too high on either side, and where it is folded."""
    high = height + 2 * beyond
    images, there = true_maps(coils, high, width) * true_image(high, width), np.abs(true_image(high, width)) > 0
    inner, count = images[:, beyond:-beyond].copy(), there[beyond:-beyond].astype(int)
    inner[:, -beyond:] += images[:, :beyond]
    inner[:, :beyond] += images[:, -beyond:]
    count[-beyond:] += there[:beyond]
    count[:beyond] += there[-beyond:]
    return to_kspace(inner), count > 1
