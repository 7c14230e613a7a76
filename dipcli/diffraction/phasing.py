"""Retrieving the phases of one pattern: projections, few edges and bends, two networks, judged by free pixels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from dipcli.diffraction.complex_object import likeness_of
from dipcli.diffraction.diffraction import MISFITS, Fraunhofer, diffraction_problem
from dipcli.diffraction.options import PhaseOptions
from dipcli.diffraction.phase_search import Shot, Textbook, box_sides, find, smoothed
from dipcli.diffraction.projections import transform
from dipcli.diffraction.sparse import scale_of, unseen
from dipcli.grid import embed, middle
from dipcli.io.names import by
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Restoration, Statement
from dipcli.problem import Estimate

UNSURE = 0.2


@dataclass(frozen=True)
class Candidate:
    """One method's object (1, *space) and its χ on free pixels that it was not shown."""

    method: str
    image: Tensor
    free: float


def state_phasing(shot: Shot, options: PhaseOptions, control: Control) -> Statement:
    """The statement for one pattern; the picture is the magnitude on the object's box, half of the pattern.

    Raises OptionError for a support that does not fit.
    """
    method = options.phasing.chosen
    book = find(shot, options.phasing, control)
    candidates = [Candidate("classical", book.best, book.free[0])]
    if method in ("sparse", "hybrid"):
        fitted, aware = smoothed(book, control)
        candidates.append(Candidate("sparse", aware, fitted.free))
    start = min(candidates, key=lambda one: one.free).image
    space, box = shot.intensity.shape[1:], box_sides(shot.intensity)
    classical = (f"projections, {len(book.starts.numbers)} best starts", middle(book.best, box).abs())
    stated = ({**asdict(options.pattern), **asdict(options.phasing)}, _facts(shot, book, method))
    if method in ("classical", "sparse"):
        return Statement(
            None,
            options.engine,
            classical,
            *stated,
            warnings=_doubts(book, control),
            finish=lambda _: judged(candidates, book),
        )
    likeness = likeness_of(options.phasing, box, start if method == "hybrid" else None)
    problem = diffraction_problem(
        shot.intensity,
        Fraunhofer(space, options.phasing.fresnel),
        likeness,
        MISFITS[options.phasing.loss],
        weight=torch.fft.fftshift(book.shown.known)[None],
        tv_weight=options.phasing.tv_weight,
    )

    def finish(estimate: Estimate) -> Restoration:
        image = embed(likeness.join(estimate["first"], estimate["second"]), space)
        return judged([*candidates, Candidate(method, image, unseen(image, book.shown, book.free_pixels))], book)

    return Statement(problem, options.engine, classical, *stated, warnings=_doubts(book, control), finish=finish)


def judged(candidates: list[Candidate], book: Textbook) -> Restoration:
    """The outcome with the object that explains the free pixels best: never worse than the classical one there."""
    best = min(candidates, key=lambda one: one.free)
    facts = {
        "free pixels": ", ".join(f"χ {one.free:.4f} {one.method}" for one in candidates),
        "object of": best.method,
    }
    return outcome_of(best.image, book, facts)


def outcome_of(image: Tensor, book: Textbook, facts: Mapping[str, str]) -> Restoration:
    """The object on its box, centred, of mean phase 0, and all that is written beside it."""
    box, axes = tuple(n // 2 for n in image.shape[1:]), tuple(range(1, image.ndim))
    image = image * scale_of(image, book.pattern)
    shift = centring(book.support[0])

    def placed(tensor: Tensor) -> Tensor:
        return middle(torch.roll(tensor, shift, axes), box)

    turn = torch.exp(-1j * image.sum().angle())
    common = book.common
    objects = {
        "object": placed(image) * turn,
        "classical": placed(book.best) * turn,
        "support": placed(book.support),
        "modes": placed(common.modes) * turn,
        "weights": common.weights,
        "prtf": common.prtf,
        "runs": book.table(),
        "computed": torch.fft.fftshift(transform(image).abs().square()),
    }
    resolution = common.resolution
    more = {
        "chi": f"{float(book.pattern.chi(transform(image))):.4f}",
        "starts that agree": f"{len(common.aligned)} of {len(book.starts.numbers)}",
        "first mode": f"{float(common.weights[0]):.1%}",
        "resolution": "not limited by agreement" if resolution is None else f"{resolution:.2f} pixels (PRTF 1/e)",
    }
    return Restoration(objects["object"].abs(), objects, (), {**facts, **more})


def centring(support: Tensor) -> tuple[int, ...]:
    """The whole shift that brings the middle between the support's ends to the middle of the field."""
    shift = []
    for axis, n in enumerate(support.shape):
        line = support.movedim(axis, 0).flatten(1).any(1).nonzero()
        ends = (int(line[0]), int(line[-1])) if len(line) else (n // 2, n // 2)
        shift.append(n // 2 - (ends[0] + ends[1] + 1) // 2)
    return tuple(shift)


def _facts(shot: Shot, book: Textbook, method: str) -> dict[str, str]:
    share = float((shot.good > 0).float().mean())
    return {
        "pattern": f"{by(shot.intensity.shape[1:])}, {share:.1%} of it good, "
        f"{float(shot.intensity.sum()):.3g} counts",
        "object": f"in a box of {by(box_sides(shot.intensity))}",
        "projections": f"{book.starts.cycles[0]} cycles for the best start, χ {book.starts.chi[0]:.4f}",
        "method": method,
    }


def _doubts(book: Textbook, control: Control) -> tuple[str, ...]:
    """What makes the projections' answer hard to believe."""
    if control.interrupted():
        return ("Interrupted before the search ended.",)
    if len(book.starts.numbers) > 1 and len(book.common.aligned) == 1:
        return ("No other start shows the same object; more --starts or --rounds may find a better one.",)
    if len(book.common.errors) > 1 and book.common.errors[1] > UNSURE:
        return (f"The two best starts differ by E = {book.common.errors[1]:.2f}; details are not certain.",)
    return ()
