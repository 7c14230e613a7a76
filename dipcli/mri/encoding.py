"""Magnetic resonance: the k-space of several coils, sampled in part.

Without maps every coil has an image of its own; with maps all coils see one image (or a few, where the head does
not fit into the field of view) through their sensitivities. Source: Pruessmann et al., SENSE, 1999,
doi 10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S; Darestani and Heckel, ConvDecoder, 2021,
arXiv 2007.02471 (coil by coil).
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from dipcli.fidelities import Fidelity
from dipcli.fourier import fft, to_complex, to_parts
from dipcli.penalties import total_variation
from dipcli.problem import Penalty, Problem, Unknown


@final
class CoilEncoding(nn.Module):
    """Image (2·coils, *space): real, then imaginary parts of every coil's own image -> k-space (coils, *space)."""

    def __init__(self, sampled: Tensor, phase: Tensor | None = None) -> None:
        """`sampled`, (*space), is true where k-space was measured; `phase` (coils, *space) is that of images."""
        super().__init__()
        self.register_buffer("sampled", sampled, persistent=False)
        self.register_buffer("phase", phase, persistent=False)
        self.sampled: Tensor
        self.phase: Tensor | None

    def coils(self, image: Tensor) -> Tensor:
        """The images of all coils, complex."""
        return _turned(to_complex(image), self.phase)

    def join(self, coils: Tensor) -> Tensor:
        """The image that shows these coil images."""
        return to_parts(_turned_back(coils, self.phase))

    def forward(self, image: Tensor) -> Tensor:
        """K-space, 0 where it was not sampled."""
        return fft(self.coils(image)) * self.sampled


@final
class SenseEncoding(nn.Module):
    """Image (2·n_maps, *space), seen through `n_maps` sets of maps -> k-space (coils, *space)."""

    def __init__(self, sampled: Tensor, maps: Tensor, phase: Tensor | None = None) -> None:
        """`sampled` (*space) and `phase` (n_maps, *space) as above; `maps` (n_maps, coils, *space), complex."""
        super().__init__()
        self.register_buffer("sampled", sampled, persistent=False)
        self.register_buffer("maps", maps, persistent=False)
        self.register_buffer("phase", phase, persistent=False)
        self.sampled: Tensor
        self.maps: Tensor
        self.phase: Tensor | None

    def coils(self, image: Tensor) -> Tensor:
        """The image as every coil sees it, complex."""
        seen: Tensor = (self.maps * _turned(to_complex(image), self.phase)[:, None]).sum(0)
        return seen

    def join(self, coils: Tensor) -> Tensor:
        """The image that shows these coil images best: the adjoint, for maps of norm 1."""
        return to_parts(_turned_back((self.maps.conj() * coils).sum(1), self.phase))

    def forward(self, image: Tensor) -> Tensor:
        """K-space, 0 where it was not sampled."""
        return fft(self.coils(image)) * self.sampled


Encoding = CoilEncoding | SenseEncoding


def resampled(encoding: Encoding, sampled: Tensor, phase: Tensor | None) -> Encoding:
    """The same encoding of other values, and of images of this phase."""
    if isinstance(encoding, SenseEncoding):
        return SenseEncoding(sampled, encoding.maps, phase)
    return CoilEncoding(sampled, phase)


def _turned(images: Tensor, phase: Tensor | None) -> Tensor:
    """Images by their phase, which is 1 where there is none."""
    return images if phase is None else images * phase


def _turned_back(images: Tensor, phase: Tensor | None) -> Tensor:
    return images if phase is None else images * phase.conj()


def root_sum_of_squares(coils: Tensor) -> Tensor:
    """Coil images (coils, *space), complex or real -> their magnitude together (1, *space)."""
    magnitude: Tensor = torch.linalg.vector_norm(coils, dim=0, keepdim=True)
    return magnitude


def with_phase(magnitude: Tensor, coils: Tensor, maps: Tensor | None = None) -> Tensor:
    """Magnitude (1, *space) with the phase of coil images (coils, *space), seen through maps where there are some.

    The phase is that of a virtual coil, the principal component of all coils; maps (coils, *space) join the coils
    with less noise. Source: Parker et al., Phase reconstruction from multiple coil data using a virtual reference
    coil, 2014, doi 10.1002/mrm.24932 (here one component for all pixels).
    """
    flat = coils.flatten(1)
    flat = flat / flat.abs().max().clamp(min=torch.finfo(torch.float32).tiny)  # whose squares are finite
    _, vectors = torch.linalg.eigh(flat @ flat.mH)
    weights = vectors[:, -1].conj().reshape(-1, *[1] * (coils.ndim - 1))
    joined = (weights * coils).sum(0, keepdim=True)
    if maps is not None:
        seen = (maps.conj() * coils).sum(0, keepdim=True) * torch.sgn((weights * maps).sum(0, keepdim=True))
        joined = torch.where(seen == 0, joined, seen)
    return magnitude * torch.polar(torch.ones_like(joined.real), joined.angle())


def mri_problem(
    kspace: Tensor,
    encoding: Encoding,
    fidelity: Fidelity,
    *,
    tv_weight: float = 0.0,
    guide: Tensor | None = None,
    picture: Callable[[Tensor], Tensor] | None = None,
) -> Problem:
    """The image behind sampled k-space (coils, *space); its loss is a mean over the sampled values alone.

    `picture` makes what is looked at from the unknown; without it, the root sum of squares of the coils.
    """
    n_channels = 2 * (len(encoding.maps) if isinstance(encoding, SenseEncoding) else len(kspace))
    shown = picture or (lambda image: root_sum_of_squares(encoding.coils(image)))
    return Problem(
        measurement=kspace,
        operator=encoding,
        unknowns={"image": Unknown((n_channels, *kspace.shape[1:]), "real", guide=guide)},
        fidelity=fidelity,
        picture=lambda estimate: shown(estimate["image"]),
        penalties=(Penalty(total_variation, "image", tv_weight),) if tv_weight else (),
        weight=encoding.sampled.expand(kspace.shape).float(),
    )
