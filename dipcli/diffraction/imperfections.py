"""Beams that are coherent in part, and backgrounds: they are found, and taken off a pattern where that pays.

The blur multiplies the autocorrelation of the object by exp(-2π²σ²f²); there it is divided out, as far as the
counts' own noise allows (Wiener, 1949).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.phase_search import VISIBLE, ClassicalPhases, Measurement, SparseFits, find, smoothed
from dipcli.diffraction.projections import Imperfections, smooth, transform
from dipcli.pipeline.medium import Control

FAINT = 0.01  # counts in each pixel: a background below that is none
WORTH = 0.5  # of the misfit that blur and background explain: the most noise of a cleaned pattern that is searched

WORDS = {"coherence": "its blur", "background": "its background"}


@dataclass(frozen=True)
class SparsePhases:
    """What projections found, and the sparse fits that begin there."""

    phases: ClassicalPhases
    fits: SparseFits
    said: Mapping[str, str]  # of the pattern's imperfections


def find_sparse(
    measurement: Measurement, phases: ClassicalPhases, options: PhasingOptions, control: Control
) -> SparsePhases:
    """The sparse object of these phases; or of those of a cleaned pattern, where free pixels like it better.

    Blur and background lead projections astray, and a pattern without them has more noise: the search in it is
    worth its time where that noise is much less than what they explain of the misfit.
    """
    given = options.sigmas_of_coherence(measurement.intensity.ndim - 1)
    fits = smoothed(phases, control, given)
    beside = fits.best.imperfections
    explained = math.sqrt(max(0.0, phases.free[0] ** 2 - fits.best.free**2))
    visible = said_of(beside, measurement, None)
    is_enough = not visible or noise_of_cleaned(measurement, beside) >= WORTH * explained
    if is_enough or control.is_over():
        return SparsePhases(phases, fits, said_of(beside, measurement, given))
    clean = replace(measurement, intensity=cleaned(measurement, beside, fits.image))
    again = replace(find(clean, options, control), pattern=phases.pattern, working=phases.working)
    second = smoothed(again, control, given)
    if second.best.free >= fits.best.free:
        return SparsePhases(phases, fits, said_of(beside, measurement, given))
    said = visible | said_of(second.best.imperfections, measurement, given)
    taken_off = " and ".join(WORDS[name] for name in visible)
    return SparsePhases(again, second, {**said, "searched": f"again, in the pattern without {taken_off}"})


def said_of(beside: Imperfections, measurement: Measurement, given: Sequence[float] | None) -> dict[str, str]:
    """What is worth a word: a blur that is seen, or was given, and a background, in counts."""
    said: dict[str, str] = {}
    if given is not None and not given:
        said["coherence"] = "as given: full"
    elif beside.coherence and max(beside.coherence) >= VISIBLE:
        said["coherence"] = f"in part: {in_words(beside.coherence, measurement.intensity.shape[1:])}"
    counts = beside.background * float((measurement.intensity[0].clamp(min=0) * measurement.mask).sum())
    if counts >= FAINT:
        said["background"] = f"{counts:.3g} counts in each pixel"
    return said


def in_words(sigmas: Sequence[float], sides: Sequence[int]) -> str:
    """The blur on the detector, and how far apart points of the object interfere."""
    lengths = [n / (2 * math.pi * max(sigma, 1e-9)) for sigma, n in zip(sigmas, sides, strict=True)]
    said = ", ".join("-" if length > n else f"{length:.0f}" for length, n in zip(lengths, sides, strict=True))
    widths = ", ".join(f"{sigma:.2f}" for sigma in sigmas)
    return f"σ = {widths} pixels of blur, coherence lengths of {said} pixels of the object"


def cleaned(measurement: Measurement, beside: Imperfections, image: Tensor) -> Tensor:
    """The intensities (1, *space) without blur and background; what is hidden is filled in from the object."""
    counts = torch.fft.ifftshift(measurement.intensity[0].clamp(min=0))
    seen = torch.fft.ifftshift(measurement.mask) > 0
    total = counts[seen].sum()
    counts = counts - beside.background * total
    expected = transform(image).abs().square()[0]
    if beside.coherence:
        expected = smooth(expected[None], beside.coherence).clamp(min=0)[0]
    expected = expected * (counts[seen].sum() / expected[seen].sum().clamp(min=1e-30))
    counts = torch.where(seen, counts, expected)
    if beside.coherence:
        found: Tensor = torch.fft.irfftn(torch.fft.rfftn(counts) * _gain(counts, total, beside), s=counts.shape)
        counts = found
    shifted: Tensor = torch.fft.fftshift(counts.clamp(min=0))
    return shifted[None]


def noise_of_cleaned(measurement: Measurement, beside: Imperfections) -> float:
    """χ of the noise of a cleaned pattern: a quarter of a count for each pixel's amplitude, enlarged."""
    counts = measurement.intensity[0].clamp(min=0) * measurement.mask
    lit = float((counts > 0).sum())
    enlarged = float(_gain(counts, counts.sum(), beside).square().mean()) if beside.coherence else 1.0
    return math.sqrt(0.25 * lit * enlarged / float(counts.sum()))


def _gain(counts: Tensor, noise: Tensor, beside: Imperfections) -> Tensor:
    """What takes the blur off each value of the autocorrelation, half of them, as far as its noise allows."""
    impulse = torch.zeros_like(counts)
    impulse.view(-1)[0] = 1.0
    left = torch.fft.rfftn(smooth(impulse[None], beside.coherence)[0]).real.clamp(min=1e-6)
    power = (torch.fft.rfftn(counts).abs().square() - noise).clamp(min=0) / left.square()
    gain: Tensor = left * power / (left.square() * power + noise)
    return gain
