"""What a diffraction pattern cannot tell apart: shifts, the conjugate flip, and a global phase.

|F x|² is the same for x(r), exp(iα)·x(r - s) and conj(x(-r)). Objects are complex (1, *space), on the grid of the
pattern: there a shift by a part of a pixel is a phase ramp in the spectrum, and is as invisible as a whole one.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

REACH, STEP = 1.0, 0.25  # pixels around the best whole shift that are searched, and how finely
NEWTON = 12


@dataclass(frozen=True)
class Symmetry:
    """What makes an object most like a reference: flipped or not, moved, multiplied by `factor`."""

    flipped: bool
    shift: tuple[float, ...]
    factor: complex
    correlation: float  # |<object, reference>| over both norms, after all that

    def __call__(self, image: Tensor) -> Tensor:
        """The image (n, *space), flipped, moved and multiplied."""
        moved = move(flip(image) if self.flipped else image, self.shift)
        return moved * self.factor


def flip(image: Tensor) -> Tensor:
    """The conjugate of image (n, *space), turned round about the pixel N // 2 of each axis."""
    axes = tuple(range(1, image.ndim))
    turned = torch.flip(image, axes)
    rolled: Tensor = torch.roll(turned, [1 - n % 2 for n in image.shape[1:]], axes)
    return rolled.conj().resolve_conj()


def move(image: Tensor, shift: tuple[float, ...]) -> Tensor:
    """Image (n, *space) moved along each axis, around the border, by any part of a pixel."""
    if all(float(by).is_integer() for by in shift):
        rolled: Tensor = torch.roll(image, [int(by) for by in shift], tuple(range(1, image.ndim)))
        return rolled
    spectrum = torch.fft.fftn(image, dim=tuple(range(1, image.ndim)))
    for axis, by in enumerate(shift, start=1):
        ramp = torch.exp(-1j * by * _frequencies(image.shape[axis], image))
        spectrum = spectrum * ramp.reshape(-1, *[1] * (image.ndim - 1 - axis))
    moved: Tensor = torch.fft.ifftn(spectrum, dim=tuple(range(1, image.ndim)))
    return moved


def symmetry_to(image: Tensor, reference: Tensor) -> Symmetry:
    """What makes an object (1, *space) most like the reference, of the same shape.

    The flip is decided by the complex correlation: magnitudes alone cannot tell it for centrosymmetric objects.
    Sub-pixel shifts: matrix Fourier transforms as in Guizar-Sicairos et al., 2008, doi 10.1364/OL.33.000156,
    then Newton's method.
    """
    x, y = image.to(torch.complex128), reference.to(torch.complex128)
    return max((_best_shift(x, y, flipped=flipped) for flipped in (False, True)), key=lambda s: s.correlation)


def align(image: Tensor, reference: Tensor) -> Tensor:
    """The object (1, *space) flipped, moved and multiplied by a number so that it is most like the reference."""
    return symmetry_to(image, reference)(image.to(torch.complex128)).to(image.dtype)


def error(image: Tensor, reference: Tensor) -> float:
    """E = √(1 - max |<x, y>|² / (‖x‖²·‖y‖²)) over shifts and the flip: 0 for equal objects, 1 for unrelated ones.

    Source: Fienup, Invariant error metrics for image reconstruction, 1997, doi 10.1364/AO.36.008352.
    """
    found = symmetry_to(image, reference)
    x, y = found(image.to(torch.complex128)), reference.to(torch.complex128)
    # Not from 1 - similarity², of which rounding leaves 1e-8.
    return min(1.0, float((x - y).norm() / y.norm().clamp(min=1e-300)))


def _best_shift(x: Tensor, y: Tensor, *, flipped: bool) -> Symmetry:
    axes = tuple(range(1, x.ndim))
    x = flip(x) if flipped else x
    norm = float(x.norm())
    product = torch.fft.fftn(y, dim=axes) * torch.fft.fftn(x, dim=axes).conj()
    whole = torch.fft.ifftn(product, dim=axes).abs()
    peak = torch.unravel_index(whole.argmax(), whole.shape)[1:]
    start = [float(at) for at in peak]
    shift = _newton(product[0], _finer(product[0], start))
    shift = [by - n if by > n / 2 else by for by, n in zip(shift, x.shape[1:], strict=True)]
    value = complex(_correlation(product[0], shift)) / product.numel()
    correlation = abs(value) / max(norm * float(y.norm()), 1e-300)
    return Symmetry(flipped, tuple(shift), value / max(norm**2, 1e-300), min(correlation, 1.0))


def _finer(product: Tensor, start: list[float]) -> list[float]:
    """The best shift of a fine grid around a whole one."""
    offsets = torch.arange(-REACH, REACH + STEP / 2, STEP, dtype=torch.float64, device=product.device)
    values = product
    for axis, at in enumerate(start):
        waves = torch.exp(1j * (at + offsets)[:, None] * _frequencies(product.shape[axis], product)[None])
        values = torch.tensordot(waves, values, dims=([1], [axis])).movedim(0, axis)
    best = torch.unravel_index(values.abs().argmax(), values.shape)
    return [at + float(offsets[k]) for at, k in zip(start, best, strict=True)]


def _newton(product: Tensor, shift: list[float]) -> list[float]:
    """The shift at which |correlation|² is largest, from one nearby; the start if that does not lead upwards."""
    n_axes = product.ndim
    ramps = [
        _frequencies(n, product).reshape(-1, *[1] * (n_axes - 1 - axis)) for axis, n in enumerate(product.shape)
    ]
    scale = float(product.abs().sum()) or 1.0
    best, at = shift, shift
    highest = abs(complex(_correlation(product, shift)))
    for _ in range(NEWTON):
        waves = product / scale * _waves(product, at)
        value = waves.sum()
        slopes = torch.stack([(1j * ramp * waves).sum() for ramp in ramps])
        curves = torch.stack([torch.stack([-(a * b * waves).sum() for b in ramps]) for a in ramps])
        gradient = 2 * (value.conj() * slopes).real
        hessian = 2 * (slopes[:, None] * slopes.conj()[None] + value.conj() * curves).real
        if float(torch.linalg.eigvalsh(hessian).max()) >= 0:
            break
        step = torch.linalg.solve(hessian, gradient).tolist()
        at = [a - max(-STEP, min(STEP, b)) for a, b in zip(at, step, strict=True)]
        reached = abs(complex(_correlation(product, at)))
        if reached < highest * (1 - 1e-9):
            break
        best, highest = at, max(reached, highest)
        if max(map(abs, step)) < 1e-11:
            break
    return best


def _correlation(product: Tensor, shift: list[float]) -> Tensor:
    return (product * _waves(product, shift)).sum()


def _waves(product: Tensor, shift: list[float]) -> Tensor:
    waves = torch.ones((), dtype=product.dtype, device=product.device)
    for axis, by in enumerate(shift):
        wave = torch.exp(1j * by * _frequencies(product.shape[axis], product))
        waves = waves * wave.reshape(-1, *[1] * (product.ndim - 1 - axis))
    return waves


def _frequencies(n: int, like: Tensor) -> Tensor:
    """Of an axis of n values, frequency 0 first, in radians a pixel."""
    dtype = torch.float64 if like.dtype == torch.complex128 else torch.float32
    frequencies: Tensor = 2 * math.pi * torch.fft.fftfreq(n, dtype=dtype, device=like.device)
    return frequencies
