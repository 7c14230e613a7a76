"""Coil sensitivities from the calibration block of k-space.

Source: Uecker et al., ESPIRiT - an eigenvalue approach to autocalibrating parallel MRI, 2014,
doi 10.1002/mrm.24751.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

SIDE = 6  # of the kernels, where the block is three times as wide; smaller ones make do with 4 lines
THRESHOLD = 0.02  # singular values below this share of the largest are noise
CROP = 0.8  # eigenvalue below which nothing is seen
ROWS = 16  # whose eigenvectors are found together: bounds the memory
FEWEST = 4  # lines or rows of the calibration block


@dataclass(frozen=True)
class Sensitivities:
    """Maps (n_maps, coils, h, w), complex and of norm 1 or 0, and their eigenvalues (n_maps, h, w)."""

    maps: Tensor
    eigenvalues: Tensor


def espirit(calibration: Tensor, space: tuple[int, int], *, n_maps: int = 1, sigma: float = 0.0) -> Sensitivities:
    """The maps on a grid of `space` from the calibration block (coils, rows, lines), `FEWEST` of each at least.

    `sigma` is the deviation of the noise of the real and of the imaginary part. The first coil's map is real.
    Where nothing stands out of the noise, maps and eigenvalues are 0.
    """
    coils = len(calibration)
    sides = [max(2, min(SIDE, n // 3)) for n in calibration.shape[1:]]
    kernels = _kernels(calibration, sides, sigma).reshape(-1, coils, *sides)
    if not len(kernels):
        maps = calibration.new_zeros(n_maps, coils, *space)
        return Sensitivities(maps, maps[:, 0].real)
    correlation = _correlation(kernels)
    waves = [_waves(n, 2 * side - 1, calibration) for n, side in zip(space, sides, strict=True)]
    found_maps, found_values = [], []
    for rows in torch.split(waves[0], ROWS):
        gram = torch.einsum("cdab,ya,xb->yxcd", correlation, rows, waves[1]) / math.prod(sides)
        energy, vectors = torch.linalg.eigh(gram)
        found_maps.append(vectors[..., -n_maps:].flip(-1).permute(3, 2, 0, 1))
        found_values.append(energy[..., -n_maps:].flip(-1).permute(2, 0, 1))
    found, eigenvalues = torch.cat(found_maps, 2), torch.cat(found_values, 1)
    found = found * torch.exp(-1j * found[:, :1].angle())
    return Sensitivities(found * (eigenvalues > CROP)[:, None], eigenvalues)


def _kernels(calibration: Tensor, sides: list[int], sigma: float) -> Tensor:
    """An orthonormal basis (n, coils · side · side) of what patches of k-space look like."""
    windows = calibration.unfold(1, sides[0], 1).unfold(2, sides[1], 1)
    patches = windows.permute(1, 2, 0, 3, 4).flatten(2).flatten(0, 1)
    energy, vectors = torch.linalg.eigh((patches.mH @ patches).to(torch.complex128))
    values = energy.clamp(min=0).sqrt()
    noise = math.sqrt(2) * sigma * (math.sqrt(patches.shape[0]) + math.sqrt(patches.shape[1]))
    kept: Tensor = vectors[:, values > max(THRESHOLD * float(values[-1]), noise)].mH
    return kept.to(calibration.dtype)


def _correlation(kernels: Tensor) -> Tensor:
    """Σ over kernels of the correlation between every two coils, (coils, coils, 2·side - 1, 2·side - 1)."""
    sizes = [2 * side - 1 for side in kernels.shape[2:]]
    spectra = torch.fft.fft2(kernels, s=sizes)
    together = torch.einsum("ncab,ndab->cdab", spectra, spectra.conj())
    correlation: Tensor = torch.fft.fftshift(torch.fft.ifft2(together), dim=(2, 3))
    return correlation


def _waves(n: int, size: int, like: Tensor) -> Tensor:
    """exp(2πi·x·k / n) for n positions x of a centred axis and `size` frequencies k around 0, (n, size)."""
    at = torch.arange(n, device=like.device) - n // 2
    k = torch.arange(size, device=like.device) - size // 2
    return torch.exp(2j * math.pi * at[:, None] * k / n).to(like.dtype)
