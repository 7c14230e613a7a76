"""What several retrievals of one object have in common, and how far they differ: modes, transfer function, spread.

Sources: Favre-Nicolin et al., PyNX: high-performance computing toolkit for coherent X-ray imaging, 2020,
doi 10.1107/S1600576720010985 (modes); Chapman et al., 2006, doi 10.1364/JOSAA.23.001179 (PRTF).
"""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.diffraction.projections import transform
from dipcli.symmetries import align

VISIBLE = 1 / math.e  # a transfer below it is not resolved
RINGS = 32  # at most; none is narrower than a pixel


@dataclass(frozen=True)
class Agreement:
    """Objects aligned to the first one, their orthogonal modes with weights of sum 1, and their differences.

    prtf: (rings, 2), frequency in cycles a pixel, and |mean of unit phasors| over the objects.
    """

    aligned: Tensor
    modes: Tensor
    weights: Tensor
    between: Tensor  # (n, n), E of each object against each
    prtf: Tensor

    @property
    def errors(self) -> tuple[float, ...]:
        """Of each object to the first one."""
        return tuple(self.between[:, 0].tolist())

    @property
    def difference(self) -> float | None:
        """The median E between two of them; None of a single one."""
        n = len(self.aligned)
        return float(self.between[~torch.eye(n, dtype=torch.bool)].median()) if n > 1 else None

    @property
    def difference_of_halves(self) -> float | None:
        """E between the means of two halves of them; None of fewer than four."""
        halves = [self.aligned[start::2].mean(0).flatten() for start in (0, 1)]
        return float(_between(torch.stack(halves))[0, 1]) if len(self.aligned) > 3 else None

    @property
    def spread(self) -> Tensor:
        """The standard deviation over the objects (1, *space): where they differ; 0 of a single one."""
        apart = (self.aligned - self.aligned.mean(0)).abs().square().sum(0)
        return (apart / max(len(self.aligned) - 1, 1)).sqrt()[None]

    @property
    def resolution(self) -> float | None:
        """Half of the period in pixels at which the transfer falls below 1/e; None where it does not."""
        rows = self.prtf.tolist()
        if len(self.aligned) < 2:
            return None
        for (near, above), (far, below) in itertools.pairwise([[0.0, 1.0], *rows]):
            if below < VISIBLE:
                return float(0.5 / (near + (far - near) * (above - VISIBLE) / (above - below)))
        return None


def agreement(objects: Tensor) -> Agreement:
    """What objects (n, *space) have in common; the first one is the one that others are aligned to."""
    first = objects[:1]
    aligned = torch.cat([first, *(align(one[None], first) for one in objects[1:])])
    flat = aligned.flatten(1)
    _, values, vectors = torch.linalg.svd(flat, full_matrices=False)
    weights = values.square() / values.square().sum()
    # The phase of a mode is free; that of the first object is what people look at.
    turns = torch.exp(-1j * (vectors * flat[:1].conj()).sum(1, keepdim=True).angle())
    modes = (vectors * turns * values[:, None] / math.sqrt(len(objects))).reshape(aligned.shape)
    return Agreement(aligned, modes, weights, _between(flat), _transfer(aligned))


def _between(flat: Tensor) -> Tensor:
    """E of each of the aligned objects (n, values) against each: only the best factor is left to find."""
    units = flat / torch.linalg.vector_norm(flat, dim=1, keepdim=True).clamp(min=1e-30)
    rows = []
    for unit in units:
        alike = (units * unit.conj()).sum(1, keepdim=True)
        rows.append(torch.linalg.vector_norm(units - alike * unit, dim=1).clamp(max=1))
    return torch.stack(rows, 1).cpu()


def _transfer(aligned: Tensor) -> Tensor:
    """The phase retrieval transfer function in rings of equal width."""
    spectra = transform(aligned)
    phasors = (spectra / spectra.abs().clamp(min=1e-20)).mean(0).abs()
    squares = torch.zeros(phasors.shape, device=phasors.device)
    for axis, n in enumerate(phasors.shape):
        line = torch.fft.fftfreq(n, device=phasors.device).square()
        squares = squares + line.reshape(-1, *[1] * (phasors.ndim - 1 - axis))
    rings = min(RINGS, min(phasors.shape) // 2)
    ring = (squares.sqrt() * 2 * rings).long().flatten()
    inside = ring < rings
    totals = torch.zeros(rings, device=phasors.device).index_add_(0, ring[inside], phasors.flatten()[inside])
    counts = torch.zeros(rings, device=phasors.device).index_add_(
        0, ring[inside], torch.ones_like(phasors).flatten()[inside]
    )
    frequency = (torch.arange(rings, device=phasors.device) + 0.5) / (2 * rings)
    return torch.stack([frequency, totals / counts.clamp(min=1)], 1)
