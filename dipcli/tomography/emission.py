"""Reconstructing one slice from counts: expectation maximisation, then patch groups, as hidden counts want."""

from dataclasses import dataclass, replace
from itertools import islice

from torch import Tensor

from dipcli.classical.plug_and_play import falling
from dipcli.engine.network_share import NetworkShare, earned_share
from dipcli.engine.restore import restore
from dipcli.errors import InputError
from dipcli.fidelities import poisson
from dipcli.pipeline.medium import Control
from dipcli.problem import Problem, Unknown
from dipcli.tomography.beam import projection_of
from dipcli.tomography.counted_rays import CountedRays, EmissionProjection, maximising_rounds
from dipcli.tomography.options import TomographyOptions
from dipcli.tomography.projection import Geometry
from dipcli.tomography.search import Found, find_groups_of_patches, hidden_rays, through_levels

SUBSETS = {"mlem": 1}
USUAL_SUBSETS = 8
ROUNDS, PATIENCE = 400, 12  # of MLEM; of ordered subsets as many fewer
LEVELS = falling(0.2, 0.01, 24)  # of the noise that patch groups are thought to have, of a brightness of 1
BRIGHT = 0.995  # quantile of the first image that counts as 1


@dataclass(frozen=True)
class Emission:
    """Counts of one slice, and of each ray its sensitivity and expected background, all (1, views, detectors)."""

    counts: Tensor
    sensitivity: Tensor
    background: Tensor


@dataclass(frozen=True)
class EmissionAnswer:
    """What was found without a network, in units in which a bright pixel is 1, of which one is `scale`."""

    rays: CountedRays
    hidden: Tensor
    found: Found  # with the visible counts
    maximised: Tensor  # by expectation maximisation alone, with all counts, as is `image`
    image: Tensor
    rounds: int
    scale: float


def counted(emission: Emission, known: Tensor, geometry: Geometry) -> tuple[CountedRays, float]:
    """The rays of a slice whose bright pixels are 1, and the unit of these.

    Raises InputError where nothing was counted beside the background.
    """
    plain = CountedRays(
        EmissionProjection(projection_of(geometry), emission.sensitivity, emission.background),
        emission.counts,
        known,
    )
    signal = ((emission.counts - emission.background) * plain.known).sum()
    if not float(signal) > 0:
        raise InputError("no more was counted than the background; check --randoms and --axes.")
    first = next(iter(maximising_rounds(plain, USUAL_SUBSETS)))
    scale = float(first.flatten().quantile(BRIGHT)) if first.numel() < 2**24 else float(first.max())
    projection = EmissionProjection(plain.projection.projection, emission.sensitivity * scale, emission.background)
    return CountedRays(projection, emission.counts, known), scale


def reconstruct_emission(rays: CountedRays, scale: float, method: str, control: Control) -> EmissionAnswer:
    """The images of expectation maximisation and of patch groups, as many rounds of each as hidden counts want."""
    n_subsets, hidden = SUBSETS.get(method, USUAL_SUBSETS), hidden_rays(rays)
    rounds, image = _best_rounds(rays, hidden, n_subsets, control)
    maximised = next(islice(maximising_rounds(rays, n_subsets), rounds - 1, None))
    found = Found(image, 0.0, image, misfit=rays.without(~hidden).misfit(image))
    if method != "patches":
        return EmissionAnswer(rays, hidden, found, maximised, maximised, rounds, scale)
    found = find_groups_of_patches(rays, hidden, found, control, LEVELS)
    whole = through_levels(rays, maximised, found.levels, control)
    return EmissionAnswer(rays, hidden, found, maximised, whole, rounds, scale)


def _best_rounds(rays: CountedRays, hidden: Tensor, n_subsets: int, control: Control) -> tuple[int, Tensor]:
    """How many rounds over the visible counts explain the hidden ones best, and their image."""
    judges, most = rays.without(~hidden), max(2, ROUNDS // n_subsets)
    best, count, kept = float("inf"), 1, rays.blank
    for number, image in enumerate(islice(maximising_rounds(rays.without(hidden), n_subsets), most), 1):
        control.tell("expectation maximisation", number / most)
        misfit = judges.misfit(image)
        if misfit < best:
            best, count, kept = misfit, number, image
        if control.is_over() or number > count + max(2, PATIENCE // n_subsets):
            break
    return count, kept


def emission_problem(rays: CountedRays, guide: Tensor, share: float = 1.0, scale: float = 1.0) -> Problem:
    """The image behind counts; it is mixed with the guide, of which the network has a `share`."""
    weight = rays.known.to(rays.counts)
    return Problem(
        measurement=rays.counts,
        operator=rays.projection,
        unknowns={"image": Unknown(tuple(guide.shape), "real", guide=guide)},
        fidelity=poisson,
        picture=lambda estimate: scale * guide.lerp(estimate["image"].clamp(min=0), share),
        weight=None if bool(rays.known.all()) else weight,
    )


def emission_share(
    answer: EmissionAnswer, options: TomographyOptions, worthwhile: float, least: float
) -> NetworkShare:
    """The network's, by counts that neither it nor the classical image has seen."""
    if options.imaging.method != "patches":
        return NetworkShare(0.0)
    if options.imaging.classical is not None or options.engine.stopping.stop == "never":
        return NetworkShare(1 - (0.5 if options.imaging.classical is None else options.imaging.classical))
    once = replace(options.engine, stopping=replace(options.engine.stopping, runs=1))
    problem = emission_problem(answer.rays.without(answer.hidden), answer.found.image)
    image = restore(problem, once).estimate["image"].clamp(min=0)
    judges = answer.rays.without(~answer.hidden)
    expected = judges.projection(answer.found.image)
    seen, precision = judges.known, expected.rsqrt()
    left = (precision * (judges.counts - expected))[seen]
    change = (precision * (judges.projection(image) - expected))[seen]
    return earned_share(change, left, 1.0, least, worthwhile)
