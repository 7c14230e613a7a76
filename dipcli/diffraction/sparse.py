"""The object that explains a pattern with little total variation of its magnitude, and of second order of itself.

minimise  χ²(x) + λ·(mean |∇|x|| + mean |D²x|)  over objects on a support, by Adam from a solution of projections.
Crystals and most other objects are flat in magnitude and smooth in phase; noise is neither. D² are the second
differences along each axis: a phase ramp of any slope costs next to nothing, so that strain is not flattened.
Sources: Rudin, Osher and Fatemi, 1992 (total variation); Lysaker, Lundervold and Tai, 2003,
doi 10.1109/TIP.2003.819229 (second differences); the weight is chosen by pixels that the fit is not working.
A beam's coherence, and a background, may be found together with the object (Clark et al., 2012, doi
10.1038/ncomms1994, find the coherence between projections).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.diffraction.projections import PERFECT, Imperfections, Pattern, best_scale, smooth, transform

RATE = 0.02  # of Adam, in typical magnitudes
FIRST_LEVEL = 0.05  # amplitude of the background at which the search for it begins, in typical magnitudes
SOFT = 1e-3  # magnitudes and differences below it are not counted as edges
MARGIN = 0.05  # of the blurred support: a pixel or two around it may be filled
WEIGHTS = (6.0, 20.0, 60.0, 200.0, 600.0)  # λ in units of the projections' χ²


@dataclass(frozen=True)
class SparseObject:
    """An object (1, *space), its χ on pixels that it was not working, and the weight λ that led there.

    `penalty` is that weight as `fit` takes it, `steps` are all that led there.
    """

    image: Tensor
    free: float
    weight: float
    steps: int = 0
    penalty: float = 0.0
    imperfections: Imperfections = PERFECT  # of the pattern, as they were found


@dataclass(frozen=True)
class SparseSettings:
    """Steps of each fit, the share by which a higher weight has to explain free pixels better, and when to end."""

    steps: int
    margin: float = 0.0
    finds_coherence: bool = False  # beginning with that of the pattern
    finds_background: bool = False
    is_over: Callable[[], bool] = lambda: False


def sparse_object(
    image: Tensor, support: Tensor, pattern: Pattern, free: Tensor, settings: SparseSettings
) -> SparseObject:
    """The best object of all weights, by the free pixels; the weight rises as long as that helps.

    `image` and `support` are (1, *space); `pattern` does not know the free pixels.
    """
    room = smooth(support.to(image.real.dtype), 1.0) > MARGIN
    unit = float(pattern.chi(transform(image)).square())
    best: SparseObject | None = None
    for weight in WEIGHTS:
        start = image if best is None else best.image
        fitted, pattern = fit(start, room, pattern, weight * unit, settings)
        taken = settings.steps * (WEIGHTS.index(weight) + 1)
        found = SparseObject(
            fitted, unseen(fitted, pattern, free), weight, taken, weight * unit, pattern.imperfections
        )
        if best is not None and found.free >= (1 - settings.margin) * best.free:
            break
        best = found
        if settings.is_over():
            break
    return best or SparseObject(image, unseen(image, pattern, free), 0.0, imperfections=pattern.imperfections)


def refit(found: SparseObject, support: Tensor, pattern: Pattern, *, steps: int) -> Tensor:
    """The object of a fit, with the pixels that it was not working."""
    if not found.penalty:
        return found.image
    room = smooth(support.to(found.image.real.dtype), 1.0) > MARGIN
    known = replace(pattern, imperfections=found.imperfections)
    return fit(found.image, room, known, found.penalty, SparseSettings(steps))[0]


def fit(
    image: Tensor, room: Tensor, pattern: Pattern, weight: float, settings: SparseSettings
) -> tuple[Tensor, Pattern]:
    """The object on the `room` (1, *space) with the least χ² + weight·penalty, in units of the pattern.

    The pattern that comes back has the imperfections that were found, or those that it had.
    """
    part = _part(room[0])
    inside = room[part].to(image.real.dtype)
    magnitude = image.abs()[room]
    typical = magnitude[magnitude > 0.5 * magnitude.max()].median().clamp(min=1e-20)
    start = (image[part] / typical).contiguous()
    before = pattern.imperfections
    parts = torch.view_as_real(start).clone().requires_grad_()
    sigmas = torch.tensor(before.coherence, device=parts.device, requires_grad=settings.finds_coherence)
    level = math.sqrt(before.background) / float(typical)
    level = max(level, FIRST_LEVEL) if settings.finds_background else level
    floor = torch.tensor(level, device=parts.device, requires_grad=settings.finds_background)
    adam = torch.optim.Adam([one for one in (parts, sigmas, floor) if one.requires_grad], lr=RATE)
    pace = torch.optim.lr_scheduler.CosineAnnealingLR(adam, settings.steps)
    widths = _widths(part, image)
    energy = (pattern.mask * pattern.amplitude.square()).sum()
    for _ in range(settings.steps):
        adam.zero_grad()
        x = torch.view_as_complex(parts) * inside
        padded = torch.nn.functional.pad(x, widths)
        intensity = torch.view_as_real(transform(padded)).square().sum(-1)
        if before.coherence:
            intensity = smooth(intensity, sigmas).clamp(min=0)
        predicted = (intensity + floor.square() + 1e-12).sqrt()
        scale = best_scale(predicted.detach(), pattern.amplitude, pattern.mask)
        misfit = (pattern.mask * (scale * predicted - pattern.amplitude).square()).sum() / energy
        (misfit + weight * bends(x)).backward()  # type: ignore[no-untyped-call]
        adam.step()
        pace.step()
    with torch.no_grad():
        found = torch.nn.functional.pad(torch.view_as_complex(parts) * inside, widths)
        coherence = tuple(sigmas.abs().tolist()) if settings.finds_coherence else before.coherence
        background = float((scale * floor).square()) if settings.finds_background else before.background
        pattern = replace(pattern, imperfections=Imperfections(coherence, background))
        return found * scale_of(found, pattern), pattern


def bends(x: Tensor) -> Tensor:
    """mean |∇|x|| + mean |D²x| of objects (1, *space) that are 0 at their border."""
    magnitude = (torch.view_as_real(x).square().sum(-1) + SOFT**2).sqrt()
    slopes, curves = torch.zeros_like(magnitude), torch.zeros_like(magnitude)
    for axis in range(1, x.ndim):
        slopes = slopes + (torch.roll(magnitude, -1, axis) - magnitude).square()
        second = torch.roll(x, -1, axis) - 2 * x + torch.roll(x, 1, axis)
        curves = curves + torch.view_as_real(second).square().sum(-1)
    return (slopes + SOFT**2).sqrt().mean() + (curves + SOFT**2).sqrt().mean()


def unseen(image: Tensor, pattern: Pattern, free: Tensor) -> float:
    """χ of an object (1, *space) on the free pixels, at the brightness that the other ones tell."""
    return float(pattern.chi(transform(image * scale_of(image, pattern)), free))


def scale_of(image: Tensor, pattern: Pattern) -> Tensor:
    """The number that brings the object's amplitudes nearest to the measured ones."""
    of = pattern.imperfections
    if not of.background:
        return best_scale(pattern.seen(transform(image)), pattern.amplitude, pattern.mask)
    alone = replace(pattern, imperfections=replace(of, background=0.0)).seen(transform(image))
    return best_scale(alone, (pattern.amplitude.square() - of.background).clamp(min=0).sqrt(), pattern.mask)


def _part(room: Tensor) -> tuple[slice, ...]:
    """The slices (all starts, *space) around what is true, with a pixel of 0 at each side."""
    slices = [slice(None)]
    for axis in range(room.ndim):
        line = room.movedim(axis, 0).flatten(1).any(1).nonzero()
        slices.append(slice(max(0, int(line[0]) - 1), min(room.shape[axis], int(line[-1]) + 2)))
    return tuple(slices)


def _widths(part: tuple[slice, ...], like: Tensor) -> list[int]:
    """What lies before and behind the part, the last axis first, as `pad` wants it."""
    widths: list[int] = []
    for n, cut in zip(reversed(like.shape[1:]), reversed(part[1:]), strict=True):
        widths += [cut.start, n - cut.stop]
    return widths
