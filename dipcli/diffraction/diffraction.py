"""Diffraction: the intensity behind a lens, far away or nearby, or through a random medium; its phase is lost.

Source of the double prior: Zhuang, Yang, Hofmann, Barmherzig and Sun, Practical phase retrieval using double deep
image priors, 2022, arXiv 2211.00799 (magnitude and phase, or real and imaginary parts, each from a network of its
own, no tight support). Where we differ: unbounded phase, a loss on amplitudes, and a scale that is solved for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from dipcli.diffraction.projections import PERFECT, Imperfections, best_scale, curved, smooth
from dipcli.fidelities import Fidelity
from dipcli.fourier import fft
from dipcli.grid import embed
from dipcli.penalties import total_variation
from dipcli.problem import Estimate, Penalty, Problem, Unknown


@final
class Fraunhofer(nn.Module):
    """Object (1, *box), complex -> intensity (1, *space) far away: |F(pad(x))|², frequency 0 in the centre.

    With `curvature` c it is Fresnel's: x is multiplied by exp(iπ·c·Σ m²) first. What far
    fields cannot tell apart, near ones of complex objects cannot either: the symmetries are those of `field`. The
    detector blurs it and adds a background (`imperfections`), a share of what is in `known` pixels (1, *space).
    """

    known: Tensor

    def __init__(
        self,
        space: Sequence[int],
        curvature: float = 0.0,
        imperfections: Imperfections = PERFECT,
        known: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.space = tuple(space)
        self.curvature = curvature
        self.imperfections = imperfections
        self.register_buffer("known", torch.ones(1, *self.space) if known is None else known, persistent=False)

    def field(self, image: Tensor) -> Tensor:
        """The wave (1, *space) of which the intensity is the square of the transform."""
        image = curved(image, self.curvature) if self.curvature else image
        return embed(image, self.space)

    def forward(self, image: Tensor) -> Tensor:
        """The intensity on the detector."""
        intensity = fft(self.field(image)).abs().square()
        of = self.imperfections
        if of.coherence:
            intensity = smooth(intensity, of.coherence).clamp(min=0)
        if of.background:
            counts = (intensity.detach() * self.known).sum() / (1 - of.background * self.known.sum())
            intensity = intensity + of.background * counts
        return intensity


@final
class Diffraction(nn.Module):
    """Two real unknowns (1, *box) -> the intensity that an optical system shows of the object they make."""

    def __init__(self, optics: nn.Module, join: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.optics = optics
        self.join = join

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The intensity."""
        intensity: Tensor = self.optics(self.join(first, second))
        return intensity


def from_magnitude_and_phase(magnitude: Tensor, phase: Tensor) -> Tensor:
    """Magnitude and unwrapped phase in radians -> the complex object."""
    return torch.polar(magnitude, phase)


def from_real_and_imaginary(real: Tensor, imaginary: Tensor) -> Tensor:
    """Real and imaginary parts -> the complex object."""
    return torch.complex(real, imaginary)


@dataclass(frozen=True)
class ObjectModel:
    """How two unknowns make an object, and what values they may take."""

    join: Callable[[Tensor, Tensor], Tensor]
    first: Unknown
    second: Unknown


def amplitude_misfit(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None) -> Tensor:
    """Σ (s·√ŷ - √y)² / Σ y over the visible values, at the best scale s: χ², whatever the object's brightness.

    Square roots of counts have an even noise, of variance 1/4. s = <√ŷ, √y> / <√ŷ, √ŷ> is solved for and not
    differentiated; at the best scale its derivative has no effect.
    """
    seen, measured, weight = _in_mask(prediction, measurement, weight)
    predicted, amplitude = (seen + 1e-12).sqrt(), measured.clamp(min=0).sqrt()
    scale = best_scale(predicted.detach(), amplitude, weight)
    misfit = (weight * (scale * predicted - amplitude).square()).sum()
    return misfit / (weight * measured.clamp(min=0)).sum().clamp(min=1e-30)


def intensity_misfit(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None) -> Tensor:
    """Σ (s·ŷ - y)² / Σ y² over the visible values, at the best scale s: led by the brightest pixels."""
    seen, measured, weight = _in_mask(prediction, measurement, weight)
    scale = best_scale(seen.detach(), measured, weight)
    misfit = (weight * (scale * seen - measured).square()).sum()
    return misfit / (weight * measured.square()).sum().clamp(min=1e-30)


def poisson_misfit(prediction: Tensor, measurement: Tensor, weight: Tensor | None = None) -> Tensor:
    """Σ s·ŷ - y·log(s·ŷ), less its minimum, over Σ y: the likelihood of counts, at the scale s = Σ y / Σ ŷ."""
    seen, measured, weight = _in_mask(prediction, measurement, weight)
    counts = measured.clamp(min=0)
    total = (weight * counts).sum().clamp(min=1e-30)
    scale = total / (weight * seen.detach()).sum().clamp(min=1e-30)
    # A floor far below one count: where nothing is expected, one count must not weigh infinitely much.
    expected = scale * seen + 1e-6 * total / counts.numel()
    lowest = counts - torch.special.xlogy(counts, counts)
    misfit: Tensor = (weight * (expected - torch.special.xlogy(counts, expected) - lowest)).sum() / total
    return misfit


MISFITS: Mapping[str, Fidelity] = {
    "amplitude": amplitude_misfit,
    "poisson": poisson_misfit,
    "intensity": intensity_misfit,
}


def _in_mask(prediction: Tensor, measurement: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Prediction and measurement with what is hidden cut out, and a weight that is always there."""
    if weight is None:
        return prediction, measurement, torch.ones_like(measurement)
    zero = torch.zeros_like(measurement)
    shown = weight > 0
    return torch.where(shown, prediction, zero), torch.where(shown, measurement, zero), weight


def diffraction_problem(
    intensity: Tensor,
    optics: nn.Module,
    model: ObjectModel,
    fidelity: Fidelity,
    *,
    weight: Tensor | None = None,
    tv_weight: float = 0.0,
) -> Problem:
    """The object behind an intensity (1, *space), from two unknowns on its box.

    Early stopping watches the magnitude, of mean square 1: neither global phase nor brightness can move it.
    """
    operator = Diffraction(optics, model.join)

    def picture(estimate: Estimate) -> Tensor:
        magnitude = model.join(estimate["first"], estimate["second"]).abs()
        return magnitude / magnitude.square().mean().sqrt().clamp(min=1e-12)

    penalties = tuple(Penalty(total_variation, name, tv_weight) for name in ("first", "second") if tv_weight)
    return Problem(
        measurement=intensity,
        operator=operator,
        unknowns={"first": model.first, "second": model.second},
        fidelity=fidelity,
        picture=picture,
        penalties=penalties,
        weight=weight,
    )
