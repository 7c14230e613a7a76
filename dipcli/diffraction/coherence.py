"""Beams that are coherent in part: the blur of intensities is found, and taken off where that pays.

The blur multiplies the autocorrelation of the object by exp(-2π²σ²f²); there it is divided out, as far as the
counts' own noise allows (Wiener, 1949).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.phase_search import ClassicalPhases, Measurement, find, smoothed
from dipcli.diffraction.projections import smooth, transform
from dipcli.diffraction.sparse import SparseObject
from dipcli.pipeline.medium import Control

VISIBLE = 0.1  # pixels: a σ below that leaves 95 % of the farthest autocorrelation, and is not worth a word
WORTH = 0.5  # of the misfit that the blur explains: the most noise of a sharpened pattern that is searched


@dataclass(frozen=True)
class SparsePhases:
    """What projections found, the best sparse fit without the free pixels, and the same with them (1, *space)."""

    phases: ClassicalPhases
    fit: SparseObject
    image: Tensor
    said: str  # of the beam's coherence


def find_sparse(
    measurement: Measurement, phases: ClassicalPhases, options: PhasingOptions, control: Control
) -> SparsePhases:
    """The sparse object of these phases; or of those of a sharpened pattern, where free pixels like it better.

    A blurred pattern leads projections astray, and a sharpened one has more noise: the search in it is worth its
    time where that noise is much less than what the blur explains of the misfit.
    """
    given = options.sigmas_of_coherence(measurement.intensity.ndim - 1)
    fit, image = smoothed(phases, control, given)
    if not fit.coherence or max(fit.coherence) < VISIBLE:
        return SparsePhases(phases, fit, image, "" if given is None else "as given: full")
    said = f"in part: {in_words(fit.coherence, measurement.intensity.shape[1:])}"
    explained = math.sqrt(max(0.0, phases.free[0] ** 2 - fit.free**2))
    if control.is_over() or noise_of_sharpened(measurement, fit.coherence) > WORTH * explained:
        return SparsePhases(phases, fit, image, said)
    sharp = replace(measurement, intensity=sharpened(measurement, fit.coherence, image))
    again = replace(find(sharp, options, control), pattern=phases.pattern, working=phases.working)
    second, found = smoothed(again, control, given)
    if second.free >= fit.free:
        return SparsePhases(phases, fit, image, said)
    sigmas = in_words(second.coherence, measurement.intensity.shape[1:])
    return SparsePhases(again, second, found, f"in part: {sigmas}; searched again without its blur")


def in_words(sigmas: Sequence[float], sides: Sequence[int]) -> str:
    """The blur on the detector, and how far apart points of the object interfere."""
    lengths = [n / (2 * math.pi * max(sigma, 1e-9)) for sigma, n in zip(sigmas, sides, strict=True)]
    said = ", ".join("-" if length > n else f"{length:.0f}" for length, n in zip(lengths, sides, strict=True))
    widths = ", ".join(f"{sigma:.2f}" for sigma in sigmas)
    return f"σ = {widths} pixels of blur, coherence lengths of {said} pixels of the object"


def sharpened(measurement: Measurement, sigmas: Sequence[float], image: Tensor) -> Tensor:
    """The intensities (1, *space) of a coherent beam; what is hidden is filled in from an object (1, *space)."""
    counts = torch.fft.ifftshift(measurement.intensity[0].clamp(min=0))
    seen = torch.fft.ifftshift(measurement.mask) > 0
    expected = smooth(transform(image).abs().square(), list(sigmas)).clamp(min=0)[0]
    expected = expected * (counts[seen].sum() / expected[seen].sum().clamp(min=1e-30))
    counts = torch.where(seen, counts, expected)
    gain, power = _gain(counts, sigmas)
    kept = gain * power / (gain.square() * power + counts.sum())
    found: Tensor = torch.fft.irfftn(torch.fft.rfftn(counts) * kept, s=counts.shape)
    shifted: Tensor = torch.fft.fftshift(found.clamp(min=0))
    return shifted[None]


def noise_of_sharpened(measurement: Measurement, sigmas: Sequence[float]) -> float:
    """χ of the noise of a sharpened pattern: a quarter of a count for each pixel's amplitude, enlarged."""
    counts = measurement.intensity[0].clamp(min=0) * measurement.mask
    gain, power = _gain(counts, sigmas)
    kept = gain * power / (gain.square() * power + counts.sum())
    lit = float((counts > 0).sum())
    return math.sqrt(0.25 * lit * float(kept.square().mean()) / float(counts.sum()))


def _gain(counts: Tensor, sigmas: Sequence[float]) -> tuple[Tensor, Tensor]:
    """What the blur leaves of each value of the autocorrelation, half of them; and its power without the blur."""
    impulse = torch.zeros_like(counts)
    impulse.view(-1)[0] = 1.0
    gain = torch.fft.rfftn(smooth(impulse[None], list(sigmas))[0]).real.clamp(min=1e-6)
    power = (torch.fft.rfftn(counts).abs().square() - counts.sum()).clamp(min=0) / gain.square()
    return gain, power
