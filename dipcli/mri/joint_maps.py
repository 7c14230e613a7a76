"""Coil sensitivities and image together, from k-space without a calibration block.

minimise  ‖P F (c_j·ρ) - y_j‖² + α‖x - x₀‖²  over x = (ρ, coils in weighted frequencies), by Newton's method with
an α that halves; coils are smooth, for high frequencies of theirs cost much: (1 + 220|k|²)^16. Source: Uecker et
al., Image reconstruction by regularized nonlinear inversion, 2008, doi 10.1002/mrm.21691, with BART's weights; we
take more steps, for of what is found only the maps are used. Lines at even distances with none between them in the
centre do not tell how the image is folded.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.fourier import fft, ifft

STEEPNESS, POWER = 220.0, 16
NORM = 100.0  # that k-space is brought to
NEWTON, INNER = 22, 40  # steps, and of conjugate gradients in each
CONVERGED = 0.01  # share of the residual's energy at which conjugate gradients end
FALL = 0.5  # of α from step to step


@dataclass(frozen=True)
class _Unknowns:
    """The image (*space), and coils (coils, *space) in weighted frequencies."""

    image: Tensor
    coils: Tensor

    def plus(self, other: "_Unknowns", factor: float = 1.0) -> "_Unknowns":
        return _Unknowns(self.image + factor * other.image, self.coils + factor * other.coils)

    def energy(self) -> float:
        return float(self.image.abs().square().sum() + self.coils.abs().square().sum())

    def dot(self, other: "_Unknowns") -> float:
        return float((self.image.conj() * other.image).real.sum() + (self.coils.conj() * other.coils).real.sum())


def joint_maps(kspace: Tensor, sampled: Tensor) -> Tensor:
    """The maps (1, coils, *space), of norm 1, of k-space (coils, *space) that is 0 where it was not `sampled`."""
    weights = _weights(kspace)
    measured = kspace * (NORM / torch.linalg.vector_norm(kspace))
    start = _Unknowns(torch.ones_like(kspace[0]), torch.zeros_like(kspace))
    found, alpha = start, 1.0
    for _ in range(NEWTON):
        coils = ifft(weights * found.coils)
        linear = _Linear(found.image, coils, weights, sampled)
        right = linear.adjoint(measured - sampled * fft(coils * found.image)).plus(found.plus(start, -1.0), -alpha)
        found = found.plus(_solved(linear, right, alpha))
        alpha *= FALL
    coils = ifft(weights * found.coils)
    norm = torch.linalg.vector_norm(coils, dim=0, keepdim=True)
    maps: Tensor = coils / norm.clamp(min=1e-9 * float(norm.max()))
    return maps[None]


@dataclass(frozen=True)
class _Linear:
    """The derivative of k-space by the unknowns."""

    image: Tensor
    coils: Tensor
    weights: Tensor
    sampled: Tensor

    def forward(self, change: _Unknowns) -> Tensor:
        moved = self.coils * change.image + self.image * ifft(self.weights * change.coils)
        return self.sampled * fft(moved)

    def adjoint(self, kspace: Tensor) -> _Unknowns:
        back = ifft(self.sampled * kspace)
        return _Unknowns((self.coils.conj() * back).sum(0), self.weights * fft(self.image.conj() * back))


def _solved(linear: _Linear, right: _Unknowns, alpha: float) -> _Unknowns:
    """Conjugate gradients on the normal equations."""
    found = _Unknowns(torch.zeros_like(right.image), torch.zeros_like(right.coils))
    residual = direction = right
    energy = first = residual.energy()
    for _ in range(INNER):
        if energy <= CONVERGED * first:
            break
        curved = linear.adjoint(linear.forward(direction)).plus(direction, alpha)
        length = energy / max(direction.dot(curved), 1e-30)
        found, residual = found.plus(direction, length), residual.plus(curved, -length)
        before, energy = energy, residual.energy()
        direction = residual.plus(direction, energy / before)
    return found


def _weights(kspace: Tensor) -> Tensor:
    """What coils' frequencies are multiplied by, (*space)."""
    squares = torch.zeros(kspace.shape[1:], device=kspace.device)
    for axis, n in enumerate(kspace.shape[1:]):
        line = (torch.arange(n, device=kspace.device) - n // 2) / n
        squares = squares + line.square().reshape(-1, *[1] * (kspace.ndim - 2 - axis))
    return (1 + STEEPNESS * squares) ** -POWER
