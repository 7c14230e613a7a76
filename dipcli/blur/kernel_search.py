"""The search for the kernel of a frame: in which windows and parts, until two searches find the same.

A wrong kernel that is nearly believable is rarely found twice, so the similarity of what is found with another
weight of edges, in another window or another part, says more than how believable each is. A small one is found
twice more easily than a large one, so it gives way to that.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from dipcli.blur.blurred_frame import BlurredFrame
from dipcli.blur.crops import most_edges, other_parts
from dipcli.blur.deconvolution import inside
from dipcli.blur.doubts import POINT, SHARP, SURE, doubts_of, is_sure
from dipcli.blur.edge_kernels import (
    EDGES,
    KernelCandidate,
    covered,
    estimate_kernel,
    framed,
    is_cut_off,
    share_beyond,
    similarity,
    strokes_of,
    tidy,
    trimmed,
)
from dipcli.blur.searched_part import WIDE_SIDE, WINDOWS, KernelSearch, has_room, is_alone, search_in
from dipcli.blur.sharpness import SHARP_WIDTH, Sharpness
from dipcli.penalties import normalised_sparsity

NARROW = 0.6  # of the largest window: kernels that are larger may be larger still
SMALL = 16  # pixels that a kernel covers, below which it may be but a part of a larger blur
LACKING, STRAY = 0.25, 0.15  # of a kernel beyond another: that is its core, and they are the same
REMNANT = 0.5  # of the pixels that a larger one covers, up to which a kernel may be all that is left of it
TRIES = ((1.0, 4.0), (0.4, 2.0), (0.2, 6.0), (0.1, 9.0))  # weights of edges, in their usual one
OF_LARGE = ((0.3, 0.7, 1.0), (4.3, 5.4))  # the same in the largest windows: of smooth scenes, and of others
STROKES, OF_STROKES = 20.0, (31, 51)  # the same weight for writing, and the windows in which it is tried
OF_PARTS, MOST_PARTS = (31, 51), 3  # the windows in other parts, and how many of them are tried
SMALL_WINDOW = 31  # up to which the core of the part is enough
FAINT, PEAKED = 0.01, 0.9  # of a network's kernel: what is noise, and what is a point
ROOM = 3  # pixels around a kernel in which there may be more of it
MILD = (31, 4 * EDGES)  # window and weight of edges of the search for a mild blur, or a second image
NOT_SHARP = 2.2  # pixels that edges are wide at least behind a mild blur
WIDE_SPREAD = 0.8  # share of a kernel within two pixels, below which there is a second image


def is_blurred(search: KernelSearch, sharpness: Sharpness) -> bool:
    """Whether there is a kernel to be sought: edges are wide, or a kernel that is no point makes them sharper."""
    if sharpness.width == 0:
        return False
    if sharpness.width > SHARP_WIDTH:
        return True
    window, edges = MILD
    kernel = estimate_kernel(search.gray, min(window, search.largest), edges=edges, mask=search.part.mask)
    guess = search.judge(kernel)
    before, after = (float(normalised_sparsity(x)) for x in (search.gray[None], inside(guess.picture, kernel)))
    is_mild = sharpness.width > NOT_SHARP and covered(kernel) >= POINT
    return (is_mild or _within(kernel) < WIDE_SPREAD) and after < SHARP * before


class Way(NamedTuple):
    """Of looking for a kernel: in which window, with which weight of an edge, and whether it is writing."""

    size: int
    edges: float
    has_strokes: bool = False


class Sought(NamedTuple):
    """A part of a frame, the most believable kernel that was found in it, and all others."""

    search: KernelSearch
    guess: KernelCandidate
    kernels: tuple[Tensor, ...] = ()
    is_wide: bool = False  # all of the picture was searched, or as much of it as large shakes want

    @property
    def is_sure(self) -> bool:
        """Whether two searches found the same, and nothing speaks against it."""
        return is_sure(self.search, self.guess)


def find_kernel(blurred: BlurredFrame, search: KernelSearch) -> list[Sought]:
    """What was found in the parts of a frame, the most believable first: farther out where it may be larger.

    Of kernels that two searches found, the one that is like those of most other parts is first; where there are
    several, another takes the first one's place if it is more believable in all of these parts.
    """
    options = search.options
    places = [] if is_alone(options) else other_parts(blurred, search.place, MOST_PARTS)
    found = [by_edges(search, tries=TRIES[: 1 if places else options.restarts + 1])]
    for number, place in enumerate(places):
        part = search_in(blurred, place, options, search.tell)
        sizes = [size for size in OF_PARTS if size < part.largest] or [part.largest]
        ways = [Way(size, weight * EDGES) for weight in TRIES[0] for size in sizes]
        known = [kernel for each in found for kernel in each.kernels]
        found.append(_best_of(part, ways, (number / len(places), 1 / len(places)), known))
    best = _most_believable_of(found)
    is_found = confirmed(found) and is_whole_in(found, best.guess.kernel)
    height, width = blurred.mask.shape
    if places and not is_found and has_room(height, width, options):
        part = search_in(blurred, most_edges(blurred, WIDE_SIDE), options, search.tell)
        found.append(_with_large_windows(replace(part, largest=WINDOWS[-1])))
        best = _most_believable_of(found)
    return [best, *(each for each in found if each is not best)]


def _most_believable_of(found: list[Sought]) -> Sought:
    """Of what was found in several parts."""
    sure = without_remnants(found)
    if not sure:
        return max(found, key=lambda each: (not is_cut_off(each.guess.kernel), each.guess.support))
    agreed = _most_agreed(sure)
    return reduce(lambda first, other: other if _is_better(other, first, sure) else first, agreed)


def _with_large_windows(search: KernelSearch) -> Sought:
    """The kernel of a shake that is too large for the parts: by many edges, or else by strong ones."""
    many, strong = OF_LARGE
    found = by_edges(search, WINDOWS[-2:-1], [many])
    found = found if found.is_sure else by_edges(search, WINDOWS[-2:], [strong])
    return found._replace(is_wide=True)


def _most_agreed(sure: list[Sought]) -> list[Sought]:
    """Those whose kernel is like that of most other parts."""
    kernels = [each.guess.kernel for each in sure]
    counts = [sum(similarity(kernel, other) >= SURE for other in kernels) for kernel in kernels]
    return [each for each, count in zip(sure, counts, strict=True) if count == max(counts)]


def confirmed(found: Sequence[Sought]) -> list[Sought]:
    """The first and the parts that have found its kernel, too; none where no other has, or it may be larger."""
    first = found[0]
    same = [each for each in found if each.is_sure and similarity(first.guess.kernel, each.guess.kernel) >= SURE]
    return same if first.is_sure and len(same) > 1 and all(map(_is_whole, same)) else []


def _is_whole(sought: Sought) -> bool:
    """Whether a kernel is neither so large nor so small that the blur may be larger."""
    kernel = sought.guess.kernel
    return len(trimmed(kernel)) < NARROW * sought.search.largest and covered(kernel) >= SMALL


def without_remnants(found: Sequence[Sought]) -> list[Sought]:
    """Those that are sure; only large kernels, where one is larger than what the other parts were searched for.

    A large kernel that is thin leaves fine texture, in which those find a small one; of one with a bright head
    and a faint tail, some find the head alone. What two parts have confirmed is a remnant only of what was found
    in all of the picture.
    """
    sure = [each for each in found if each.is_sure]
    is_large = any(len(trimmed(each.guess.kernel)) > OF_PARTS[-1] for each in sure)
    large = [each for each in sure if covered(each.guess.kernel) >= SMALL] if is_large else sure
    kernels = [each.guess.kernel for each in large]
    whole = [each for each in large if not any(_is_core(each, other, found) for other in large)]
    of_all = [each.guess.kernel for each in large if each.is_wide]
    kept = [id(each) for each in confirmed(found)]
    return [each for each in whole if not is_remnant(each.guess.kernel, of_all if id(each) in kept else kernels)]


def is_whole_in(found: Sequence[Sought], kernel: Tensor) -> bool:
    """Whether no part that is sure has a kernel that goes on where this one ends."""
    return not any(each.is_sure and goes_beyond(each.guess.kernel, kernel) for each in found)


def goes_beyond(larger: Tensor, kernel: Tensor) -> bool:
    """Whether a kernel is but the core of a larger one."""
    return share_beyond(kernel, larger) >= LACKING and share_beyond(larger, kernel) <= STRAY


def is_core(kernel: Tensor, larger: Tensor, others: Sequence[Tensor]) -> bool:
    """Whether a kernel is the core of a larger one that another search, among others, found too."""
    return goes_beyond(larger, kernel) and any(
        similarity(larger, other) >= SURE
        and max(share_beyond(larger, other), share_beyond(other, larger)) <= STRAY
        for other in others
    )


def _is_squeezed(kernel: Tensor, larger: Tensor, others: Sequence[Tensor]) -> bool:
    """Whether a kernel is the core of one that had no room in its window."""
    has_no_room = len(kernel) < len(trimmed(larger))
    return has_no_room and is_core(kernel, larger, [other for other in others if other is not larger])


def _is_core(sought: Sought, other: Sought, found: Sequence[Sought]) -> bool:
    """Whether the kernel of a part is the core of another's, which a third search found elsewhere, too."""
    elsewhere = [kernel for each in found if each is not other for kernel in each.kernels]
    return is_core(sought.guess.kernel, other.guess.kernel, elsewhere)


def is_remnant(kernel: Tensor, kernels: Sequence[Tensor]) -> bool:
    """Whether there is a much larger one among others, and unlike: small ones are found twice more easily."""
    return any(
        covered(kernel) < REMNANT * covered(other) and similarity(kernel, other) < SURE for other in kernels
    )


def _is_better(other: Sought, first: Sought, parts: Sequence[Sought]) -> bool:
    """Whether another kernel is more believable than the first in all of these parts."""
    scores = (each.search.score for each in parts)
    return all(score(other.guess.kernel) < score(first.guess.kernel) for score in scores)


def by_edges(
    search: KernelSearch, sizes: Sequence[int] = (), tries: Sequence[Sequence[float]] = TRIES[:1]
) -> Sought:
    """The most believable kernel of the tries until one leaves no doubts.

    Each try has several weights of edges: a wrong kernel that is nearly believable is rarely found by two.
    """
    sizes = sizes or [size for size in WINDOWS if size < search.largest] + [search.largest]
    strokes = [Way(size, STROKES * EDGES, has_strokes=True) for size in sizes if size in OF_STROKES]
    found: list[Sought] = []
    for number, weights in enumerate(tries):
        ways = [Way(size, weight * EDGES) for weight in weights for size in sizes]
        found.append(_best_of(search, ways if number else ways + strokes, (number / len(tries), 1 / len(tries))))
        if not doubts_of(search, found[-1].guess, found[-1].guess):
            break
    return min(found, key=lambda each: (not each.is_sure, each.guess.score))


def _best_of(
    search: KernelSearch, ways: Sequence[Way], progress: tuple[float, float], known: Sequence[Tensor] = ()
) -> Sought:
    """The most believable kernel of several ways, small windows in the core alone.

    One that its window cuts off is taken only where all are, and one that another way found too, or that is among
    the `known` ones of other parts, before others. `progress` is where this begins, and its share.
    """
    begin, share = progress
    kernels = []
    for number, way in enumerate(ways):
        search.tell(f"kernel of up to {way.size} pixels", begin + share * number / len(ways))
        place = search.core if way.size <= SMALL_WINDOW else (slice(None), slice(None))
        gray = strokes_of(search.gray[place]) if way.has_strokes else search.gray[place]
        mask = search.part.mask[place]
        kernels.append(estimate_kernel(gray, way.size, edges=way.edges, mask=mask, has_strokes=way.has_strokes))
    whole = [kernel for kernel in kernels if not is_cut_off(kernel)] or kernels
    supports = [support_of(kernel, [*kernels, *known]) for kernel in whole]
    pairs = list(zip(whole, supports, strict=True))
    sure = [(kernel, support) for kernel, support in pairs if support >= SURE and covered(kernel) >= POINT]
    of_two = [kernel for kernel, _ in sure]
    large = [pair for pair in sure if not is_remnant(pair[0], of_two)]
    large = [pair for pair in large if not any(_is_squeezed(pair[0], other, of_two) for other in of_two)]
    kernel, support = most_believable(search, large or pairs)
    return Sought(search, search.judge(kernel)._replace(support=support), tuple(whole))


def most_believable(search: KernelSearch, pairs: Sequence[tuple[Tensor, float]]) -> tuple[Tensor, float]:
    """That of the sharpest picture, among those that foretell hidden values as well as the best one does."""
    foretold = [search.foretell(kernel) for kernel, _ in pairs]
    best = min(foretold, key=lambda each: each.score)
    equal = [
        (each.blurriness, pair) for each, pair in zip(foretold, pairs, strict=True) if not each.is_worse(best)
    ]
    return min(equal, key=lambda each: each[0])[1]


def _within(kernel: Tensor) -> float:
    """The largest share of a kernel within two pixels of one."""
    return float(functional.avg_pool2d(kernel[None, None], 5, 1, 2, divisor_override=1).max())


def support_of(kernel: Tensor, kernels: Sequence[Tensor]) -> float:
    """How much a kernel is like the likest of the others."""
    return max((similarity(kernel, other) for other in kernels if other is not kernel), default=0.0)


def with_network(search: KernelSearch, guess: KernelCandidate, drawn: Tensor) -> KernelCandidate:
    """The mean of the kernels of edges and of the network, where the network explains more.

    Edges miss detail, and networks err: neither alone was better. From nothing, it is the network's alone.
    """
    drawn = tidy(drawn, FAINT)
    found = search.judge(drawn)
    if search.options.init == "none":
        return found
    if found.misfit >= guess.misfit or float(drawn.max()) > PEAKED:
        return guess
    side = max(len(drawn), len(guess.kernel))
    mean = search.judge((framed(drawn, side) + framed(guess.kernel, side)) / 2)
    return mean._replace(support=guess.support)
