"""Retrieving the phases of one pattern: projections from many starts, two networks, or both."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from dipcli.classical.agreement import Agreement, agreement
from dipcli.classical.multistart import Search, Starts, finish, free_pixels, search
from dipcli.classical.phasing import Pattern, transform
from dipcli.errors import InputError, OptionError
from dipcli.options import PhaseOptions, PhasingMethod, PhasingOptions
from dipcli.physics.diffraction import MISFITS, Fraunhofer, diffraction_problem, embed, middle
from dipcli.problem import Estimate
from dipcli.tasks.likeness import likeness_of
from dipcli.tasks.statement import Outcome, Statement

KEPT = 5  # starts that are compared with each other in the end
SAME = 0.5  # error to the best one under which a start shows the same object
UNSURE = 0.2


@dataclass(frozen=True)
class Shot:
    """What was measured: intensity (1, *space), frequency 0 in the centre, and where it is good."""

    intensity: Tensor
    good: Tensor
    support: Tensor | None = None  # (*space), where that is known


@dataclass(frozen=True)
class Control:
    """How the search is seeded, ended from outside, and watched."""

    seed: int = 0
    deadline: float = math.inf
    interrupted: Callable[[], bool] = lambda: False
    watch: Callable[[int, int, float], None] = lambda _round, _starts, _misfit: None


@dataclass(frozen=True)
class Textbook:
    """What projections found: starts, the best first, and what those that agree have in common."""

    starts: Starts
    common: Agreement
    seen: tuple[float, ...]  # χ on the free pixels, for which nothing was fitted to them

    errors: tuple[float, ...]  # of each start to the best one

    @property
    def best(self) -> Tensor:
        """The object (1, *space)."""
        return self.starts.objects[:1]

    def table(self) -> Tensor:
        """A row for each start: its number, cycles, χ, χ on the free pixels, error to the best one."""
        found = self.starts
        rows = zip(found.numbers, found.cycles, found.chi, self.seen, self.errors, strict=True)
        return torch.tensor(list(rows), dtype=torch.float64)


def state_phasing(shot: Shot, recipes: Mapping[PhasingMethod, PhaseOptions], control: Control) -> Statement:
    """The statement for one pattern; the picture is the magnitude on the object's box, half of the pattern.

    Raises OptionError for a support that does not fit.
    """
    told = recipes["classical"].phasing
    method: PhasingMethod = "classical" if told.method == "auto" else told.method
    options = recipes[method]
    pattern = pattern_of(shot)
    free = free_pixels(pattern.known, told.free_pixels)
    book = _textbook(shot, pattern, free, options.phasing, control)
    box = box_sides(shot.intensity)
    facts = {
        "pattern": f"{_sizes(shot.intensity.shape[1:])}, {float((shot.good > 0).float().mean()):.1%} of it good, "
        f"{float(shot.intensity.sum()):.3g} counts",
        "object": f"in a box of {_sizes(box)}",
        "textbook": f"{told.algorithm.upper()}, {told.starts} start(s), {book.starts.cycles[0]} cycles for the "
        f"best, χ {book.starts.chi[0]:.4f}, {book.starts.free[0]:.4f} on free pixels",
        "method": method,
    }
    told_phasing = {**asdict(options.pattern), **asdict(options.phasing)}
    textbook = (f"{told.algorithm}, {told.starts} starts", middle(book.best, box).abs())
    if method == "classical":
        return Statement(
            None,
            options.engine,
            textbook,
            told_phasing,
            facts,
            warnings=_doubts(book, control),
            finish=lambda _estimate, _picture: outcome_of(book.best, book, pattern, {}),
        )
    likeness = likeness_of(options.phasing, box, book.best if method == "hybrid" else None)
    problem = diffraction_problem(
        shot.intensity,
        Fraunhofer(shot.intensity.shape[1:], options.phasing.fresnel),
        likeness,
        MISFITS[options.phasing.loss],
        weight=torch.fft.fftshift(pattern.known - free)[None],
        tv_weight=options.phasing.tv_weight,
    )

    def finished(estimate: Estimate, _: Tensor) -> Outcome:
        found = embed(likeness.join(estimate["first"], estimate["second"]), shot.intensity.shape[1:])
        return judged(found, book, pattern, free, method)

    return Statement(problem, options.engine, textbook, told_phasing, facts, finish=finished)


def pattern_of(shot: Shot) -> Pattern:
    """Amplitudes of norm 1 with frequency 0 in the corner."""
    good = shot.good.to(shot.intensity.dtype)
    amplitude = (shot.intensity[0].clamp(min=0) * good).sqrt()
    return Pattern(torch.fft.ifftshift(amplitude / amplitude.norm()), torch.fft.ifftshift(good))


def box_sides(intensity: Tensor) -> tuple[int, ...]:
    """The sides of the object's box: half of the pattern's."""
    return tuple(n // 2 for n in intensity.shape[1:])


def _textbook(shot: Shot, pattern: Pattern, free: Tensor, told: PhasingOptions, control: Control) -> Textbook:
    """The search, its best starts brought to rest, and what they have in common."""
    space = shot.intensity.shape[1:]
    if told.fresnel:
        raise OptionError("Projections know the far field only; with --fresnel use --method double-dip.")
    box = embed(torch.ones(1, *box_sides(shot.intensity), device=shot.good.device), space)[0] > 0
    given = shot.support
    if given is not None:
        if given.shape == box_sides(shot.intensity):
            given = embed(given[None].float(), space)[0] > 0
        if given.shape != space or not bool(given.any()):
            raise OptionError(
                f"--support is {_sizes(given.shape)} and must be {_sizes(space)} or half, and not empty."
            )
    limits = box if given is None else given
    how = Search(
        starts=told.starts,
        algorithm=told.algorithm,
        cycles=told.cycles,
        rounds=told.rounds,
        threshold=told.support_threshold if given is None else 0.0,
        every=told.support_every,
        detwin=told.detwin,
        deadline=control.deadline,
        interrupted=control.interrupted,
        watch=control.watch,
    )
    found = search(pattern, limits, how, free=free, seed=control.seed)
    found = found.take(list(range(min(KEPT, len(found.numbers)))))
    if not math.isfinite(found.free[0]):
        raise InputError("No start led to finite numbers; check the pattern's values.")
    done = finish(found, pattern, limits, keep_support=given is not None)
    common = agreement(done.objects)
    return Textbook(done, agreement_of_same(done.objects, common), found.free, common.errors)


def agreement_of_same(objects: Tensor, common: Agreement) -> Agreement:
    """The agreement of those objects that show the same as the first."""
    same = [k for k, e in enumerate(common.errors) if e < SAME]
    return common if len(same) == len(objects) else agreement(objects[same])


def free_misfit(image: Tensor, pattern: Pattern, free: Tensor) -> float:
    """χ of an object (1, *space) on the free pixels, at the scale that the others tell."""
    shown = pattern.known - free
    predicted = transform(image).abs()
    scale = (shown * predicted * pattern.amplitude).sum() / (shown * predicted.square()).sum().clamp(min=1e-30)
    return float(pattern.chi(scale * transform(image), free))


def judged(found: Tensor, book: Textbook, pattern: Pattern, free: Tensor, method: str) -> Outcome:
    """The outcome with the networks' object, or with the textbook's where that explains the free pixels better."""
    misfit = free_misfit(found, pattern, free)
    is_better = misfit < book.seen[0]
    facts = {"free pixels": f"χ {misfit:.4f} ({method}), {book.seen[0]:.4f} (textbook)"}
    return outcome_of(
        found if is_better else book.best,
        book,
        pattern,
        {**facts, "object of": method if is_better else "textbook"},
    )


def outcome_of(image: Tensor, book: Textbook, pattern: Pattern, facts: Mapping[str, str]) -> Outcome:
    """The object on its box, centred, of mean phase 0, and all that is written beside it."""
    box = tuple(n // 2 for n in image.shape[1:])
    spectrum = transform(image)
    scale = (pattern.known * spectrum.abs() * pattern.amplitude).sum() / (
        pattern.known * spectrum.abs().square()
    ).sum()
    image = image * scale
    support = book.starts.support[:1]
    shift = centring(support[0])
    centred = torch.roll(image, shift, tuple(range(1, image.ndim)))
    turn = torch.exp(-1j * centred.sum().angle())
    modes = torch.roll(book.common.modes, shift, tuple(range(1, image.ndim)))
    objects = {
        "object": middle(centred * turn, box),
        "classical": middle(torch.roll(book.best, shift, tuple(range(1, image.ndim))) * turn, box),
        "support": middle(torch.roll(support, shift, tuple(range(1, image.ndim))), box),
        "modes": middle(modes, box) * turn,
        "weights": book.common.weights,
        "prtf": book.common.prtf,
        "runs": book.table(),
        "computed": torch.fft.fftshift(transform(image).abs().square()),
    }
    resolution = book.common.resolution
    more = {
        "chi": f"{float(pattern.chi(transform(image))):.4f}",
        "starts that agree": f"{len(book.common.aligned)} of {len(book.starts.numbers)}",
        "first mode": f"{float(book.common.weights[0]):.1%}",
        "resolution": "not limited by agreement" if resolution is None else f"{resolution:.2f} pixels (PRTF 1/e)",
    }
    return Outcome(objects["object"].abs(), objects, (), {**facts, **more})


def centring(support: Tensor) -> tuple[int, ...]:
    """The whole shift that brings the middle between the support's ends to the middle of the field."""
    shift = []
    for axis, n in enumerate(support.shape):
        line = support.movedim(axis, 0).flatten(1).any(1).nonzero()
        ends = (int(line[0]), int(line[-1])) if len(line) else (n // 2, n // 2)
        shift.append(n // 2 - (ends[0] + ends[1] + 1) // 2)
    return tuple(shift)


def _doubts(book: Textbook, control: Control) -> tuple[str, ...]:
    """What makes the textbook's answer hard to believe."""
    if control.interrupted():
        return ()
    if len(book.starts.numbers) > 1 and len(book.common.aligned) == 1:
        return ("No other start shows the same object; more --starts or --rounds may find a better one.",)
    if len(book.common.errors) > 1 and book.common.errors[1] > UNSURE:
        return (f"The two best starts differ by E = {book.common.errors[1]:.2f}; details are not certain.",)
    return ()


def _sizes(sides: tuple[int, ...]) -> str:
    return "x".join(map(str, sides))
