"""What is found of one pattern without any network: projections from many starts, then small total variation."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.diffraction.beamstop import filled_in, hidden_centre
from dipcli.diffraction.multiresolution import search_all
from dipcli.diffraction.multistart import ALIKE, SETTLED, SearchSettings, Starts, finish, free_pixels, release
from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.projections import Pattern
from dipcli.diffraction.reproducibility import Agreement, agreement
from dipcli.diffraction.sparse import SparseObject, SparseSettings, refit, sparse_object, unseen
from dipcli.errors import InputError, OptionError
from dipcli.grid import embed
from dipcli.io.names import by
from dipcli.pipeline.medium import Control
from dipcli.report.messages import LOGGER
from dipcli.symmetries import align

KEPT = 5  # starts that are compared with each other in the end
STARTS = {2: 12, 3: 8}  # unless they are given, for patterns of so many axes
CYCLES = {2: 600, 3: 200}
SEARCHES = {2: 16, 3: 1}
LARGEST = {2: 64, 3: 64}  # sides above which the middle of the pattern is solved first
CAUTION = 0.1  # what a higher weight must gain on the free pixels where the centre is hidden
STEPS = {2: 200, 3: 100}  # of each sparse fit
USUAL_SEARCHES = 2  # after which two starts show the same object; rounds go on with half of the starts each
SECONDS_OF_CYCLE, SECONDS_OF_STEP = 3e-8, 1.5e-6  # for each pixel, one thread
BYTES, BYTES_OF_START = 520, 12  # in memory at the peak for each pixel: of all together, and of each start


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
    common: Agreement  # of those that show the same object, of all where none does

    @property
    def n_alike(self) -> int:
        """How many starts show the same object, the best one among them."""
        return sum(e < ALIKE for e in self.errors)

    @property
    def best(self) -> Tensor:
        """The object (1, *space)."""
        return self.starts.objects[:1]

    @property
    def support(self) -> Tensor:
        """Its support."""
        return self.starts.support[:1]

    def table(self) -> Tensor:
        """A row for each start: its number, cycles, χ, χ on the free pixels, error to the best one."""
        found = self.starts
        rows = zip(found.numbers, found.cycles, found.chi, self.free, self.errors, strict=True)
        return torch.tensor(list(rows), dtype=torch.float64)


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
    found = found.take(list(range(min(KEPT, len(found.numbers)))))
    if not math.isfinite(found.free[0]):
        raise InputError("No start led to finite numbers; check the pattern's values.")
    resting = finish(found, working, limits, keep_support=measurement.support is not None)
    misfits = [unseen(one[None], working, free) for one in resting.objects]
    order = sorted(range(len(misfits)), key=misfits.__getitem__)
    resting = resting.take(order)
    released = release(resting, pattern)
    common = agreement(released.objects)
    return ClassicalPhases(
        pattern,
        working,
        free,
        released,
        resting.objects,
        tuple(misfits[k] for k in order),
        common.errors,
        control.is_over(),
        _of_alike(released.objects, common),
    )


def smoothed(phases: ClassicalPhases, control: Control) -> tuple[SparseObject, Tensor]:
    """The best sparse fit that was not working the free pixels, and the same one with them.

    It may begin with any start that differs from the best one, and lies where that one does. What is hidden around
    the centre is filled in at last; the fit flattens it, which no free pixel can tell.
    """
    hidden = hidden_centre(phases.pattern.mask)
    stopped = bool(hidden.any())
    settings = SparseSettings(STEPS[phases.best.ndim - 1], CAUTION if stopped else 0.0, control.is_over)
    begins = {
        k: (phases.unaware[k : k + 1], phases.starts.support[k : k + 1])
        for k, differs in enumerate(phases.errors)
        if k == 0 or differs > SETTLED
    }
    fits = {k: sparse_object(*begin, phases.working, phases.free_pixels, settings) for k, begin in begins.items()}
    best = min(fits, key=lambda k: fits[k].free)
    aware = refit(fits[best], *begins[best], phases.pattern, steps=settings.steps)
    aware = filled_in(aware, begins[best][1], hidden) if stopped else aware
    return fits[best], align(aware, phases.best) if best else aware


def peak_bytes(measurement: Measurement, options: PhasingOptions) -> float:
    """What finding and fitting need in memory beside the program itself."""
    starts = options.starts or STARTS[measurement.intensity.ndim - 1]
    return float((BYTES + BYTES_OF_START * starts) * measurement.intensity.numel())


def seconds_of(measurement: Measurement, options: PhasingOptions) -> float:
    """What finding and fitting take at most, roughly, on the machine of the engine's forecasts."""
    n_axes, n_values = measurement.intensity.ndim - 1, measurement.intensity.numel()
    starts, searches = options.starts or STARTS[n_axes], options.searches or SEARCHES[n_axes]
    cycles = (options.cycles or CYCLES[n_axes]) * min(options.rounds, 2) * starts * min(searches, USUAL_SEARCHES)
    steps = STEPS[n_axes] * USUAL_SEARCHES if options.chosen in ("sparse", "hybrid") else 0
    return (SECONDS_OF_CYCLE * cycles + SECONDS_OF_STEP * steps) * n_values


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


def _of_alike(objects: Tensor, common: Agreement) -> Agreement:
    """The agreement of those objects that show the same as the first; of all where none does."""
    alike = [k for k, e in enumerate(common.errors) if e < ALIKE]
    return common if len(alike) in (1, len(objects)) else agreement(objects[alike])
