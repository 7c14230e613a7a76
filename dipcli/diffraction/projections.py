"""Phase retrieval by projections, for many starts at once.

Objects are (starts, *space), complex, on the grid of the pattern, with frequency 0 of their spectra in the corner.
P_M x puts the measured amplitude in place of the spectrum's own, where there is one; P_S x is 0 off the support.
Sources: Fienup, 1982, doi 10.1364/AO.21.002758 (ER, HIO); Luke, 2005, doi 10.1088/0266-5611/21/1/004 (RAAR);
Marchesini et al., 2003, doi 10.1103/PhysRevB.68.140101 (shrink-wrap).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Algorithm = Literal["raar", "hio", "er"]
BETA = 0.9
TINY = 1e-20


@dataclass(frozen=True)
class Imperfections:
    """What a detector sees beside |X|².

    A beam that is coherent in part blurs intensities, nearly by a Gaussian: `coherence` has its σ in pixels along
    each axis (Vartanyants and Robinson, 2001, doi 10.1088/0953-8984/13/47/305), none for a beam that is coherent
    throughout. `background` is in every pixel, a share of all counts.
    """

    coherence: tuple[float, ...] = ()
    background: float = 0.0


PERFECT = Imperfections()


@dataclass(frozen=True)
class Pattern:
    """The measured amplitudes (*space), of norm 1, and 1 where they are believed, 0 elsewhere.

    Frequency 0 is in the corner. Projections know nothing of imperfections.
    """

    amplitude: Tensor
    mask: Tensor
    imperfections: Imperfections = PERFECT

    def seen(self, spectrum: Tensor) -> Tensor:
        """The amplitudes that spectra (starts, *space) have on the detector."""
        of = self.imperfections
        if of == PERFECT:
            return spectrum.abs()
        intensity = spectrum.abs().square()
        if of.coherence:
            intensity = smooth(intensity, of.coherence).clamp(min=0)
        return (intensity + of.background).sqrt()

    def replace_in(self, spectrum: Tensor) -> Tensor:
        """The spectra with the measured amplitudes; what is not known stays as it is."""
        parts = torch.view_as_real(spectrum)
        size = parts.square().sum(-1).add_(TINY).rsqrt_()
        factor = size.mul_(self.amplitude).mul_(self.mask).add_(1 - self.mask)
        return torch.view_as_complex(parts * factor[..., None])

    def chi(self, spectrum: Tensor, where: Tensor | None = None) -> Tensor:
        """‖ seen(X) - A ‖ / ‖A‖ over the known values, or over `where`, of each start."""
        counted = self.mask if where is None else where
        axes = tuple(range(1, spectrum.ndim))
        misfit = ((self.seen(spectrum) - self.amplitude) * counted).square().sum(axes)
        return (misfit / (self.amplitude * counted).square().sum().clamp(min=TINY)).sqrt()


def best_scale(predicted: Tensor, measured: Tensor, weight: Tensor) -> Tensor:
    """The s with the least Σ weight·(s·predicted - measured)²."""
    return (weight * predicted * measured).sum() / (weight * predicted.square()).sum().clamp(min=1e-30)


def transform(objects: Tensor) -> Tensor:
    """Objects -> spectra, orthonormal, frequency 0 in the corner."""
    spectra: Tensor = torch.fft.fftn(objects, dim=tuple(range(1, objects.ndim)), norm="ortho")
    return spectra


def inverse(spectra: Tensor) -> Tensor:
    """Spectra -> objects."""
    objects: Tensor = torch.fft.ifftn(spectra, dim=tuple(range(1, spectra.ndim)), norm="ortho")
    return objects


def curved(image: Tensor, curvature: float) -> Tensor:
    """Image (n, *space) times exp(iπ·c·Σ m²), m in pixels from the centre; -c takes it off again.

    The far field of the product is the near field of the image (Williams et al., 2006,
    doi 10.1103/PhysRevLett.97.025506).
    """
    squares = torch.zeros(image.shape[1:], device=image.device)
    for axis, n in enumerate(image.shape[1:]):
        line = (torch.arange(n, device=image.device, dtype=squares.dtype) - n // 2).square()
        squares = squares + line.reshape(-1, *[1] * (image.ndim - 2 - axis))
    return image * torch.exp(1j * torch.pi * curvature * squares)


def cycles(objects: Tensor, pattern: Pattern, support: Tensor, algorithm: Algorithm, count: int) -> Tensor:
    """`count` cycles of one algorithm; `support` (starts, *space) is true on it.

    ER: P_S P_M x. HIO: P_M x on the support, x - β·P_M x off it. RAAR: P_M x on it, β·x + (1 - 2β)·P_M x off it.
    """
    inside = support.to(objects.real.dtype)[..., None].expand(*support.shape, 2).contiguous()
    of_x, of_projected = {"raar": (BETA, 1 - 2 * BETA), "hio": (1.0, -BETA), "er": (0.0, 0.0)}[algorithm]
    x = objects
    for _ in range(count):
        projected = torch.view_as_real(inverse(pattern.replace_in(transform(x))))
        outside = (of_x * torch.view_as_real(x)).add_(projected, alpha=of_projected)
        x = torch.view_as_complex(outside.lerp_(projected, inside))
    return x


def smooth(magnitude: Tensor, sigma: float | Sequence[float] | Tensor) -> Tensor:
    """Magnitudes (starts, *space), blurred around the border by a Gaussian: σ in pixels, or one for each axis."""
    sigmas = [sigma] * (magnitude.ndim - 1) if isinstance(sigma, float) else sigma
    spectrum = torch.fft.rfftn(magnitude, dim=tuple(range(1, magnitude.ndim)))
    for axis in range(1, magnitude.ndim):
        n = magnitude.shape[axis]
        frequency = (torch.fft.rfftfreq if axis == magnitude.ndim - 1 else torch.fft.fftfreq)(n)
        window = torch.exp(-2 * (torch.pi * sigmas[axis - 1] * frequency.to(magnitude)) ** 2)
        spectrum = spectrum * window.reshape(-1, *[1] * (magnitude.ndim - 1 - axis))
    blurred: Tensor = torch.fft.irfftn(spectrum, s=magnitude.shape[1:], dim=tuple(range(1, magnitude.ndim)))
    return blurred


def shrink_wrap(objects: Tensor, box: Tensor, *, sigma: float, threshold: float) -> Tensor:
    """The support (starts, *space): in the box, where the blurred magnitude is above a share of its maximum."""
    blurred = smooth(objects.abs(), sigma) * box
    highest = blurred.amax(tuple(range(1, blurred.ndim)), keepdim=True)
    return blurred > threshold * highest
