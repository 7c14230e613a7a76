"""Retrieving the phases of one pattern: projections, sparse objects, two networks, judged by free pixels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from dipcli.diffraction.complex_object import object_model
from dipcli.diffraction.diffraction import MISFITS, Fraunhofer, diffraction_problem
from dipcli.diffraction.imperfections import find_sparse
from dipcli.diffraction.multistart import ALIKE, SETTLED
from dipcli.diffraction.options import PhaseOptions
from dipcli.diffraction.phase_search import ClassicalPhases, Measurement, SparseFits, box_sides, find
from dipcli.diffraction.placing import placing_of
from dipcli.diffraction.projections import PERFECT, Imperfections, transform
from dipcli.diffraction.reproducibility import Agreement, agreement
from dipcli.diffraction.sparse import scale_of, unseen
from dipcli.grid import middle
from dipcli.io.names import by
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Restoration, Search, Statement
from dipcli.problem import Estimate


@dataclass(frozen=True)
class Candidate:
    """One method's object (1, *space), in near fields its wave; χ on free pixels that its fit did not know."""

    method: str
    image: Tensor
    free: float
    search: Search | None = None  # without a network
    imperfections: Imperfections = PERFECT  # of the pattern, as it explains that
    common: Agreement | None = None  # of the fits whose mean it is


def state_phasing(measurement: Measurement, options: PhaseOptions, control: Control) -> Statement:
    """The statement for one pattern; the picture is the magnitude on the object's box, half of the pattern.

    Raises OptionError for a support that does not fit.
    """
    method, curvature = options.phasing.chosen, options.phasing.fresnel
    phases = find(measurement, options.phasing, control)
    done = Search("projections", phases.starts.cycles[0], not phases.was_cut)
    decisions: dict[str, str] = {}
    given = options.phasing.sigmas_of_coherence(measurement.intensity.ndim - 1)
    known = replace(phases.working, imperfections=Imperfections(given or ()))
    candidates, doubts = [Candidate("classical", phases.mean, phases.free[0], done)], doubts_of(phases, control)
    if method in ("sparse", "hybrid"):
        sparse = find_sparse(measurement, phases, options.phasing, control)
        phases, fits, beside = sparse.phases, sparse.fits, sparse.fits.best.imperfections
        known = replace(phases.working, imperfections=beside)
        free = phases.free[0] if beside == PERFECT else unseen(phases.unaware[:1], known, phases.free_pixels)
        fitting = Search(
            "sparse object", done.iterations + fits.best.steps, done.is_over and not control.is_over()
        )
        shared = agreement(fits.images) if len(fits.images) > 1 else None
        candidates = [
            Candidate("classical", phases.mean, free, done, beside),
            Candidate("sparse", fits.image, fits.best.free, fitting, beside, shared),
        ]
        decisions = dict(sparse.said)
        if len(fits.errors) > 1:
            decisions["agreeing_fits"] = f"{fits.n_alike} of {len(fits.errors)}, E < {ALIKE:g} to the best"
        doubts = doubts_of(phases, control, fits if fits.best.free < free else None)
    space, box = measurement.intensity.shape[1:], box_sides(measurement.intensity)
    classical = (f"projections, {len(phases.starts.numbers)} best starts", middle(phases.mean, box).abs())
    asked = {**asdict(options.pattern), **asdict(options.geometry), **asdict(options.phasing)}
    stated = (asked, _decisions(measurement, phases, method) | decisions)
    if method in ("classical", "sparse"):
        return Statement(
            None,
            options.engine,
            classical,
            *stated,
            warnings=doubts,
            finish=lambda _: judged(candidates, phases, curvature),
        )
    optics = Fraunhofer(space, curvature, known.imperfections, torch.fft.fftshift(phases.pattern.mask)[None])
    start = min(candidates, key=lambda one: one.free).image if method == "hybrid" else None
    model = object_model(options.phasing, box, start)
    problem = diffraction_problem(
        measurement.intensity,
        optics,
        model,
        MISFITS[options.phasing.loss],
        weight=torch.fft.fftshift(phases.working.mask)[None],
        tv_weight=options.phasing.tv_weight,
    )

    def finish(estimate: Estimate) -> Restoration:
        if not estimate:
            return judged(candidates, phases, curvature)
        wave = optics.field(model.join(estimate["first"], estimate["second"]))
        free = unseen(wave, known, phases.free_pixels)
        drawn = Candidate(method, wave, free, imperfections=known.imperfections)
        return judged([*candidates, drawn], phases, curvature)

    return Statement(problem, options.engine, classical, *stated, warnings=doubts, finish=finish)


def judged(candidates: list[Candidate], phases: ClassicalPhases, curvature: float = 0.0) -> Restoration:
    """The outcome with the object that explains the free pixels best: never worse than the classical one there."""
    best = min(candidates, key=lambda one: one.free)
    decisions = {
        "free_chi": ", ".join(f"χ {one.free:.4f} {one.method}" for one in candidates),
        "object_of": best.method,
    }
    seen = replace(phases, pattern=replace(phases.pattern, imperfections=best.imperfections))
    common = best.common or phases.common
    return replace(restoration_of(best.image, seen, common, decisions, curvature), search=best.search)


def restoration_of(
    wave: Tensor, phases: ClassicalPhases, common: Agreement, decisions: Mapping[str, str], curvature: float
) -> Restoration:
    """The object of a wave on its box, centred, of mean phase 0, and all that is written beside it."""
    wave = wave * scale_of(wave, phases.pattern)
    placed = placing_of(wave, phases.support[0], curvature)
    found = placed(wave)
    turn = torch.exp(-1j * found.sum().angle())
    objects = {
        "object": found * turn,
        "classical": placed(phases.mean * scale_of(phases.mean, phases.pattern)) * turn,
        "support": placed(phases.support),
        "modes": placed(common.modes) * turn,
        "weights": common.weights,
        "spread": placed(common.spread),
        "prtf": common.prtf,
        "runs": phases.table(),
        "computed": torch.fft.fftshift(phases.pattern.seen(transform(wave)).square()),
    }
    resolution = common.resolution
    more = {
        "chi": f"{float(phases.pattern.chi(transform(wave))):.4f}",
        "agreeing_starts": f"{phases.n_alike} of {len(phases.starts.numbers)}, E < {ALIKE:g} to the best",
        "difference": _difference(common),
        "first_mode": f"{float(common.weights[0]):.1%}",
        "resolution": "not limited by agreement" if resolution is None else f"{resolution:.2f} pixels (PRTF 1/e)",
    }
    return Restoration(objects["object"].abs(), objects, (), {**decisions, **more})


def _difference(common: Agreement) -> str:
    """How far the starts differ, and what that means for their mean."""
    if common.difference is None:
        return "not known: one start"
    said = f"E = {common.difference:.3f} between {len(common.aligned)} starts, the median of pairs"
    halves = common.difference_of_halves
    return said if halves is None else f"{said}; {halves:.3f} between the means of two halves of them"


def _decisions(measurement: Measurement, phases: ClassicalPhases, method: str) -> dict[str, str]:
    share = float((measurement.mask > 0).float().mean())
    return {
        "pattern": f"{by(measurement.intensity.shape[1:])}, {share:.1%} of it good, "
        f"{float(measurement.intensity.sum()):.3g} counts",
        "object": f"in a box of {by(box_sides(measurement.intensity))}",
        "projections": f"{phases.starts.cycles[0]} cycles for the best start, χ {phases.starts.chi[0]:.4f}",
        "method": method,
    }


def doubts_of(phases: ClassicalPhases, control: Control, fits: SparseFits | None = None) -> tuple[str, ...]:
    """What makes the answer of projections, or of the fits from there, hard to believe."""
    if control.interrupted():
        return ("Interrupted before the search ended.",)
    if control.is_over():
        return ("--max-time was over before the search ended; what had been found by then is returned.",)
    if len(phases.errors) < 2 or phases.n_alike > 1:
        return ()
    errors, n_equals = (fits.errors, len(fits.images)) if fits else (phases.errors, len(phases.equals))
    nearest = min(errors[1:], default=1.0)
    if nearest < (ALIKE if n_equals == 1 else SETTLED):
        return ()
    if n_equals > 1:
        return (
            f"{n_equals} starts that explain the pattern as well agree in outline only (the nearest "
            f"differs by E = {nearest:.2f}); their mean is returned, the spread says where it is uncertain.",
        )
    return (
        f"No other start shows the same object, the nearest differs by E = {nearest:.2f}; details are not "
        "certain, and more --starts or --rounds may find a better one.",
    )
