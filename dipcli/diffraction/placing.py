"""Where a found wave lies, which of its twins it is, and the object that it came from."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.diffraction.projections import curved
from dipcli.diffraction.sparse import bends
from dipcli.grid import middle
from dipcli.symmetries import flip


@dataclass(frozen=True)
class Placing:
    """What brings waves (n, *space) to objects (n, *box), in the middle; other tensors only to their place."""

    shift: tuple[int, ...]
    box: tuple[int, ...]
    curvature: float = 0.0
    is_twin: bool = False

    def __call__(self, waves: Tensor) -> Tensor:
        """The objects."""
        objects = middle(torch.roll(waves, self.shift, tuple(range(1, waves.ndim))), self.box)
        objects = flip(objects) if self.is_twin else objects
        if not (self.curvature and objects.is_complex()):
            return objects
        return torch.cat([level(curved(one[None], -self.curvature)) for one in objects])


def placing_of(wave: Tensor, support: Tensor, curvature: float) -> Placing:
    """How a wave (1, *space) on its support (*space) is placed.

    Its conjugate, turned by 180 degrees, has the same far field. In a near field only one of both comes of a flat
    object: in the other one's, twice the curvature would be left.
    """
    box = tuple(n // 2 for n in support.shape)
    ways = [Placing(centring(support), box, curvature, is_twin) for is_twin in (False, True)]
    return (
        min(ways, key=lambda way: float(bends(way(wave) / wave.abs().max().clamp(min=1e-20))))
        if curvature
        else ways[0]
    )


def level(image: Tensor) -> Tensor:
    """Image (1, *space) without the mean slope of its phase."""
    for axis in range(1, image.ndim):
        n = image.shape[axis]
        steps = image.narrow(axis, 1, n - 1) * image.narrow(axis, 0, n - 1).conj()
        line = torch.arange(n, device=image.device) - n // 2
        ramp = torch.exp(-1j * steps.sum().angle() * line)
        image = image * ramp.reshape(-1, *[1] * (image.ndim - 1 - axis))
    return image


def centring(support: Tensor) -> tuple[int, ...]:
    """The whole shift that brings the middle between the support's ends to the middle of the field."""
    shift = []
    for axis, n in enumerate(support.shape):
        line = support.movedim(axis, 0).flatten(1).any(1).nonzero()
        ends = (int(line[0]), int(line[-1])) if len(line) else (n // 2, n // 2)
        shift.append(n // 2 - (ends[0] + ends[1] + 1) // 2)
    return tuple(shift)
