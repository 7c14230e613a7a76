"""What is found of one pattern without any network: projections from many starts, then small total variation."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.diffraction.beamstop import filled_in, hidden_centre
from dipcli.diffraction.multiresolution import search_all
from dipcli.diffraction.multistart import (
    ALIKE,
    SETTLED,
    SearchSettings,
    Starts,
    finish,
    free_pixels,
    release,
)
from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.projections import Imperfections, Pattern
from dipcli.diffraction.reproducibility import Agreement, agreement
from dipcli.diffraction.sparse import SparseObject, SparseSettings, refit, sparse_object, unseen
from dipcli.errors import InputError, OptionError
from dipcli.grid import embed
from dipcli.io.names import by
from dipcli.pipeline.medium import Control
from dipcli.report.messages import LOGGER
from dipcli.symmetries import align, error

KEPT, KEPT_APART = 5, 8  # starts that are compared with each other in the end: where two agree, where none do
# Where no two starts agree, those with an error below OUTLINE to the best one, and a χ on free pixels below so
# many times its own, are taken for samples of what the pattern allows, if there are as many as SAMPLES.
OUTLINE, INDISTINCT, SAMPLES = 0.5, 1.15, 3
STARTS = {2: 12, 3: 8}  # unless they are given, for patterns of so many axes
CYCLES = {2: 600, 3: 200}
SEARCHES = {2: 16, 3: 1}
LARGEST = {2: 64, 3: 64}  # sides above which the middle of the pattern is solved first
FIRST_COHERENCE = 0.3  # pixels: where the search for the beam's coherence begins
VISIBLE = 0.1  # pixels: a σ below that leaves 95 % of the farthest autocorrelation, and is no blur
EXPLAINS = 0.02  # share by which each imperfection of a pattern must explain free pixels better
CAUTION = 0.1  # what a higher weight must gain on the free pixels where the centre is hidden
STEPS = {2: 200, 3: 100}  # of each sparse fit


@dataclass(frozen=True)
class Measurement:
    """What was measured: intensity (1, *space), frequency 0 in the centre, and its mask."""

    intensity: Tensor
    mask: Tensor
    support: Tensor | None = None  # (*space), where that is known


@dataclass(frozen=True)
class ClassicalPhases:
    """What was found; `working` is the pattern without the free pixels.

    `starts` know all pixels, the best comes first; `free` is χ on the free pixels of each before it knew them.
    """

    pattern: Pattern
    working: Pattern
    free_pixels: Tensor
    starts: Starts
    unaware: Tensor  # the objects (starts, *space) before they knew the free pixels
    free: tuple[float, ...]
    errors: tuple[float, ...]  # of each start to the best one
    was_cut: bool  # whether the search ended by --max-time, or was interrupted
    common: Agreement  # of the equals, of all where the best one has none

    @property
    def n_alike(self) -> int:
        """How many starts show the same object, the best one among them."""
        return sum(e < ALIKE for e in self.errors)

    @property
    def best(self) -> Tensor:
        """The object (1, *space) of the best start."""
        return self.starts.objects[:1]

    @property
    def mean(self) -> Tensor:
        """The mean of the starts that show the same as the best one, or are as good as it."""
        return self.common.aligned.mean(0, keepdim=True) if len(self.equals) > 1 else self.best

    @property
    def equals(self) -> list[int]:
        """The starts that show the same as the best one; where none does, those that are as good as it."""
        return equals_of(self.errors, self.free)

    @property
    def support(self) -> Tensor:
        """Its support."""
        return self.starts.support[:1]

    def table(self) -> Tensor:
        """A row for each start: its number, cycles, χ, χ on the free pixels, error to the best one."""
        found = self.starts
        rows = zip(found.numbers, found.cycles, found.chi, self.free, self.errors, strict=True)
        return torch.tensor(list(rows), dtype=torch.float64)


@dataclass(frozen=True)
class SparseFits:
    """Sparse fits from several starts: the best one, and all that explain free pixels as well."""

    best: SparseObject  # which does not know the free pixels
    images: Tensor  # (n, *space), which do, where the best start's object lies
    errors: tuple[float, ...]  # of every fit to the best one

    @property
    def image(self) -> Tensor:
        """Their mean (1, *space)."""
        return self.images.mean(0, keepdim=True)

    @property
    def n_alike(self) -> int:
        """How many of the fits show the same object, the best one among them."""
        return sum(e < ALIKE for e in self.errors)


def find(measurement: Measurement, options: PhasingOptions, control: Control) -> ClassicalPhases:
    """SearchSettings from many starts, and bring the best ones to rest.

    Raises OptionError for a support that does not fit, InputError where nothing finite is found.
    """
    n_axes = measurement.intensity.ndim - 1
    pattern = pattern_of(measurement)
    free = free_pixels(pattern.mask, options.free_pixels)
    working = replace(pattern, mask=pattern.mask - free)
    limits = limits_of(measurement)

    def watch(number: int, n_starts: int, misfit: float) -> None:
        LOGGER.info("%s: round %d, %d start(s), χ %.4f on free pixels", control.label, number, n_starts, misfit)

    how = SearchSettings(
        starts=options.starts or STARTS[n_axes],
        algorithm="hio" if options.algorithm == "auto" else options.algorithm,
        second="raar" if options.algorithm == "auto" else options.algorithm,
        cycles=options.cycles or CYCLES[n_axes],
        rounds=options.rounds,
        searches=options.searches or SEARCHES[n_axes],
        threshold=options.support_threshold if measurement.support is None else 0.0,
        every=options.support_every,
        detwin=options.detwin,
        deadline=control.deadline,
        interrupted=control.interrupted,
        watch=watch,
    )
    largest = LARGEST[n_axes] if measurement.support is None else max(limits.shape)
    found = search_all(working, limits, how, free=free, seed=control.seed % 2**31, largest=largest)
    found = found.take(list(range(min(KEPT if found.agreed else KEPT_APART, len(found.numbers)))))
    if not math.isfinite(found.free[0]):
        raise InputError("No start led to finite numbers; check the pattern's values.")
    keep = measurement.support is not None
    resting = finish(found, working, limits, keep_support=keep, is_over=control.is_over)
    misfits = [unseen(one[None], working, free) for one in resting.objects]
    order = sorted(range(len(misfits)), key=misfits.__getitem__)
    resting = resting.take(order)
    released = resting if control.is_over() else release(resting, pattern)
    every = agreement(released.objects)
    free_chi = tuple(misfits[k] for k in order)
    equals = equals_of(every.errors, free_chi)
    return ClassicalPhases(
        pattern,
        working,
        free,
        released,
        resting.objects,
        free_chi,
        every.errors,
        control.is_over(),
        every if len(equals) in (1, len(free_chi)) else agreement(released.objects[equals]),
    )


def smoothed(phases: ClassicalPhases, control: Control, coherence: tuple[float, ...] | None = None) -> SparseFits:
    """The best sparse fit that was not working the free pixels, and the same with them.

    `coherence` is known, () for a beam that is coherent throughout; None to find it. It and a background are those
    of the fit where the free pixels of the best start say that there are such.

    A fit may begin with any start that differs from the best one, and lies where that one does. Where no two
    starts agree, those that show the best fit's object count, or else all that are as good. What is hidden around
    the centre is filled in at last; the fit flattens it, which no free pixel can tell.
    """
    hidden = hidden_centre(phases.pattern.mask)
    stopped = bool(hidden.any())
    n_axes = phases.best.ndim - 1
    settings = SparseSettings(STEPS[n_axes], CAUTION if stopped else 0.0, is_over=control.is_over)
    begins = {
        k: (phases.unaware[k : k + 1], phases.starts.support[k : k + 1])
        for k, differs in enumerate(phases.errors)
        if k == 0 or differs > SETTLED
    }

    def fitted(k: int, known: Imperfections, how: SparseSettings) -> SparseObject:
        return sparse_object(*begins[k], replace(phases.working, imperfections=known), phases.free_pixels, how)

    how, fits = settings, {0: fitted(0, Imperfections(coherence or ()), settings)}
    for of_beam in (True, False) if coherence is None else (False,):
        if control.is_over():
            break
        begin, wider = fits[0].imperfections, replace(how, finds_background=True)
        if of_beam:
            begin, wider = Imperfections((FIRST_COHERENCE,) * n_axes), replace(how, finds_coherence=True)
        found = fitted(0, begin, wider)
        if found.free >= (1 - EXPLAINS) * fits[0].free:
            continue
        begins[0] = (found.image, begins[0][1])  # wherever it led, that is a better place to begin
        if of_beam and max(found.imperfections.coherence) < VISIBLE:
            fits[0] = min(fits[0], fitted(0, Imperfections(), how), key=lambda one: one.free)
        else:
            how, fits[0] = wider, found
    fits |= {k: fitted(k, fits[0].imperfections, how) for k in begins if k}
    ranked = sorted(fits, key=lambda k: fits[k].free)
    found = fits[ranked[0]]
    apart = tuple(error(fits[k].image, found.image) for k in ranked)

    def aware(k: int) -> Tensor:
        image = refit(fits[k], begins[k][1], phases.pattern, steps=settings.steps)
        image = filled_in(image, begins[k][1], hidden) if stopped else image
        return align(image, phases.best) if k else image

    others = [0] if phases.n_alike > 1 else equals_of(apart, tuple(fits[k].free for k in ranked), SETTLED)
    equals = [ranked[k] for k in others]
    return SparseFits(found, torch.cat([aware(k) for k in equals]), apart)


def equals_of(errors: tuple[float, ...], free: tuple[float, ...], limit: float = ALIKE) -> list[int]:
    """Those that show the same as the first, by errors below the limit, or, where none does, are as good as it."""
    alike = [k for k, e in enumerate(errors) if e < limit]
    return alike if len(alike) > 1 else samples_of(errors, free)


def samples_of(errors: tuple[float, ...], free: tuple[float, ...]) -> list[int]:
    """Those that show the first one's outline and explain free pixels as well; itself alone where they are few."""
    found = [k for k, e in enumerate(errors) if e < OUTLINE and free[k] < INDISTINCT * free[0]]
    return found if len(found) >= SAMPLES else [0]


def pattern_of(measurement: Measurement) -> Pattern:
    """Amplitudes of norm 1 with frequency 0 in the corner."""
    mask = measurement.mask.to(measurement.intensity.dtype)
    amplitude = (measurement.intensity[0].clamp(min=0) * mask).sqrt()
    return Pattern(torch.fft.ifftshift(amplitude / amplitude.norm()), torch.fft.ifftshift(mask))


def box_sides(intensity: Tensor) -> tuple[int, ...]:
    """The sides of the object's box: half of the pattern's."""
    return tuple(n // 2 for n in intensity.shape[1:])


def limits_of(measurement: Measurement) -> Tensor:
    """Where the object may be, (*space): the given support, or half of the field along each axis.

    Raises OptionError for a support that does not fit.
    """
    space, box = measurement.intensity.shape[1:], box_sides(measurement.intensity)
    given = measurement.support
    if given is None:
        return embed(torch.ones(1, *box, device=measurement.mask.device), space)[0] > 0
    if given.shape == box:
        given = embed(given[None].float(), space)[0] > 0
    if given.shape != space or not bool(given.any()):
        sides = [by(shape) for shape in (given.shape, space)]
        raise OptionError(f"--support is {sides[0]} and must be {sides[1]} or half, and not empty.")
    return given
