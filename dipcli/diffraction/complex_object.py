"""How two networks make one object: what they draw, what is known of it, and where they begin."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.diffraction.diffraction import ObjectModel, from_magnitude_and_phase, from_real_and_imaginary
from dipcli.diffraction.options import PhasingOptions
from dipcli.grid import middle
from dipcli.problem import Unknown

STEEP = 8.0  # of the sigmoid between outside and inside of a uniform object


def object_model(options: PhasingOptions, box: Sequence[int], start: Tensor | None = None) -> ObjectModel:
    """The two unknowns (1, *box) and what joins them; `start`, (1, *space), is where they may begin.

    Magnitudes are in units of the start's typical one.
    """
    shape = (1, *box)
    guide = None if start is None else _normalised(middle(start, box))
    if options.uniform_magnitude or options.unknowns == "magnitude-phase":
        magnitude = None if guide is None else guide.abs()
        phase = None if guide is None else guide.angle() * (guide.abs() > 0.2)
        second = Unknown(shape, "angle", guide=phase)
        if not options.uniform_magnitude:
            return ObjectModel(
                _of_halved, Unknown(shape, "unit", guide=None if magnitude is None else magnitude / 2), second
            )
        edge = None if magnitude is None else torch.logit(magnitude.clamp(0.02, 0.98)) / STEEP
        return ObjectModel(_of_edge, Unknown(shape, "real", guide=edge), second)
    real = None if guide is None else guide.real.contiguous()
    imaginary = None if guide is None else guide.imag.contiguous()
    if options.nonnegative_real:
        real = None if real is None else torch.log(torch.expm1(real.clamp(min=1e-3)))
        return ObjectModel(
            _of_positive, Unknown(shape, "real", guide=real), Unknown(shape, "real", guide=imaginary)
        )
    return ObjectModel(
        from_real_and_imaginary, Unknown(shape, "real", guide=real), Unknown(shape, "real", guide=imaginary)
    )


def _normalised(image: Tensor) -> Tensor:
    """The object with a magnitude around 1 where it has any, and of mean phase 0."""
    magnitude = image.abs()
    inside = magnitude > 0.3 * magnitude.max()
    typical = magnitude[inside].median() if bool(inside.any()) else magnitude.max()
    turn = torch.exp(-1j * image.sum().angle())
    return image * turn / typical.clamp(min=1e-12)


def _of_halved(magnitude: Tensor, phase: Tensor) -> Tensor:
    """Magnitudes up to 2: what is typical is in the middle of the sigmoid, where it is steep."""
    return from_magnitude_and_phase(2 * magnitude, phase)


def _of_edge(edge: Tensor, phase: Tensor) -> Tensor:
    """A magnitude of 1 inside a soft edge and 0 outside of it."""
    return from_magnitude_and_phase(torch.sigmoid(STEEP * edge), phase)


def _of_positive(real: Tensor, imaginary: Tensor) -> Tensor:
    return from_real_and_imaginary(functional.softplus(real), imaginary)
