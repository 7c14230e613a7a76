"""The one Fourier transform: orthonormal, zero frequency in the centre, over all axes but the first.

forward: X[k] = Σ x[n] exp(-2πi k·n / N) / √N, with n and k counted from the centre, N // 2 of each axis.
"""

import torch
from torch import Tensor


def fft(image: Tensor) -> Tensor:
    """Image (channels, *space) -> its spectrum (channels, *frequency), complex."""
    axes = tuple(range(1, image.ndim))
    centred: Tensor = torch.fft.ifftshift(image, axes)
    spectrum: Tensor = torch.fft.fftshift(torch.fft.fftn(centred, dim=axes, norm="ortho"), axes)
    return spectrum


def ifft(spectrum: Tensor) -> Tensor:
    """Spectrum (channels, *frequency) -> the image (channels, *space), complex."""
    axes = tuple(range(1, spectrum.ndim))
    centred: Tensor = torch.fft.ifftshift(spectrum, axes)
    image: Tensor = torch.fft.fftshift(torch.fft.ifftn(centred, dim=axes, norm="ortho"), axes)
    return image


def to_complex(parts: Tensor) -> Tensor:
    """Real and imaginary parts (2·n, *space) -> complex (n, *space); the real parts come first."""
    half = len(parts) // 2
    return torch.complex(parts[:half], parts[half:])


def to_parts(image: Tensor) -> Tensor:
    """Complex (n, *space) -> real and imaginary parts (2·n, *space)."""
    return torch.cat([image.real, image.imag])
