"""Partial Fourier: lines of one side of k-space that were not measured, from those of the other and the phase.

An image whose phase is smooth is real but for that phase, so its k-space is nearly symmetric. The phase is that of
the symmetric middle of k-space; in each round of the classical answer the imaginary part of the image that is left
is halved, so that phase which is not smooth may stay. Source: Haacke et al., A fast, iterative, partial-Fourier
technique capable of local phase recovery (POCS), 1991, doi 10.1016/0022-2364(91)90253-P; with maps, Samsonov et
al., POCSENSE, 2004, doi 10.1002/mrm.20285. There all of the imaginary part goes, which has less (RESULTS.md).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.classical.least_squares import least_squares
from dipcli.fourier import fft, ifft, to_complex
from dipcli.mri.encoding import Encoding, resampled

SHORT = 0.9  # extent of one side, in those of the other, below which k-space is partial
KEPT = 0.5  # share of the imaginary part that each round leaves
HIDDEN = 0.25  # share of the shorter side that is hidden for a trial
CONVINCING = 0.8  # of the error of what is hidden, without the constraint: more is no gain
ROUNDS, DAMPING = 15, 0.1  # of the trial


@dataclass(frozen=True)
class Extent:
    """How far k-space reaches on the shorter and the longer side of its centre, and the widest gap between."""

    axis: int
    shorter: int
    longer: int
    gap: int
    is_low: bool

    @property
    def is_partial(self) -> bool:
        """Whether one side was not measured as far as the other."""
        return self.shorter < SHORT * self.longer


def extent_along(sampled: Tensor, axis: int) -> Extent:
    """The extent of `sampled` (readout, phase); a side as short as others have gaps is no shorter."""
    places = sampled.any(1 - axis).nonzero()[:, 0] - sampled.shape[axis] // 2
    low, high = -int(places[0]), int(places[-1])
    gap = int(places.diff().max()) if len(places) > 1 else 0
    shorter, longer = min(low, high), max(low, high)
    return Extent(axis, longer if longer - shorter <= 2 * gap else shorter, longer, gap, low < high)


def constrain_phase(encoding: Encoding, kspace: Tensor, damping: float) -> tuple[Encoding, str | None]:
    """The encoding, with the image's phase in it where k-space is partial and hidden lines say that this helps.

    Beside it a sentence for the record, or None where k-space is whole. `damping` is that of plain least squares.
    """
    extents = [extent_along(encoding.sampled, axis) for axis in (0, 1)]
    partial = min(extents, key=lambda one: one.shorter / max(one.longer, 1))
    if not partial.is_partial:
        return encoding, None
    side = encoding.sampled.shape[partial.axis]
    share = 1 - (partial.shorter + partial.longer + 1) / side
    said = f"{share:.0%} of the {('readout', 'lines')[partial.axis]} missing on one side"
    without, constrained = _errors(encoding, kspace, partial, damping)
    judged = f"hidden lines are foretold with {constrained:.0%} of their energy wrong, without it {without:.0%}"
    if not constrained < CONVINCING * without:
        return encoding, f"{said}; no phase constraint, for {judged}"
    return _with_phase(encoding, kspace, damping), f"{said}; smooth phase, for {judged}"


def nearly_real(image: Tensor, encoding: Encoding) -> Tensor:
    """The image (2·images, *space) with less of its imaginary part, where its phase is in the encoding."""
    if encoding.phase is None:
        return image
    real, imaginary = image.chunk(2)
    return torch.cat([real, KEPT * imaginary])


def _errors(encoding: Encoding, kspace: Tensor, partial: Extent, damping: float) -> tuple[float, float]:
    """The energy, in shares, by which lines that were hidden at the end of the shorter side are missed.

    Without a constraint of the phase, and with one.
    """
    n_hidden = max(2 * partial.gap, math.ceil(HIDDEN * partial.shorter))
    lines = torch.arange(encoding.sampled.shape[partial.axis], device=kspace.device)
    away = lines - len(lines) // 2
    away = (-away if partial.is_low else away).reshape((-1, 1) if partial.axis == 0 else (1, -1))
    hidden = encoding.sampled & (away > partial.shorter - n_hidden)
    known = encoding.sampled & ~hidden
    plain = resampled(encoding, known, None)
    least = _least(plain, kspace * known, damping)
    rotated = _with_phase(plain, kspace * known, damping)
    image = rotated.join(plain.coils(least))
    for _ in range(ROUNDS):
        image = least_squares(rotated, kspace * known, nearly_real(image, rotated), DAMPING, iterations=4)
    energy = float(kspace[:, hidden].abs().square().sum())

    def missed(own: Encoding, one: Tensor) -> float:
        return float((fft(own.coils(one)) - kspace)[:, hidden].abs().square().sum()) / max(energy, 1e-30)

    return missed(plain, least), missed(rotated, image)


def _with_phase(encoding: Encoding, kspace: Tensor, damping: float) -> Encoding:
    """The encoding of images that are real but for the phase of the symmetric middle of k-space."""
    image = to_complex(_least(encoding, kspace, damping))
    window = torch.ones(encoding.sampled.shape, device=kspace.device)
    for axis in (0, 1):
        n = encoding.sampled.shape[axis]
        half = extent_along(encoding.sampled, axis).shorter
        away = (torch.arange(n, device=kspace.device) - n // 2).abs()
        tapered = (0.5 + 0.5 * torch.cos(math.pi * away / max(half, 1))) * (away < half)
        window = window * tapered.reshape((-1, 1) if axis == 0 else (1, -1))
    phase = torch.sgn(ifft(fft(image) * window))
    return resampled(encoding, encoding.sampled, torch.where(phase == 0, torch.ones_like(phase), phase))


def _least(encoding: Encoding, kspace: Tensor, damping: float) -> Tensor:
    blank = torch.zeros_like(encoding.join(kspace))
    return least_squares(encoding, kspace, blank, damping, iterations=40)
