"""The search for the kernel of a frame: where, in which windows, and whether it is believable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.blur.blurred_frame import BlurredFrame, Tell, silent
from dipcli.blur.crops import Part, given_part, most_edges
from dipcli.blur.deconvolution import inside
from dipcli.blur.edge_kernels import (
    EDGES,
    KernelCandidate,
    estimate_kernel,
    framed,
    is_cut_off,
    judge,
    similarity,
    strokes_of,
    tidy,
    trimmed,
)
from dipcli.blur.options import DeblurOptions
from dipcli.blur.sharpness import SHARP_WIDTH, Sharpness
from dipcli.errors import OptionError
from dipcli.penalties import normalised_sparsity

RETURNED = "The input is returned; --keep returns the result all the same."
WINDOWS = (13, 21, 31, 51, 87, 151)  # tried one after the other; the last one in large pictures
OF_PICTURE = 3  # the side of the picture in windows, unless it is given
PART, CORE = 384, 256  # sides of the part in which a kernel is sought, and of that for a small one
NARROW = 0.6  # of the largest window: kernels that are larger may be larger still
OF_WIDE, FEWEST_WIDE = 4, 8  # largest windows in a side of the part for them, and of the picture
TRIES = ((1.0, 4.0), (0.4, 2.0), (0.2, 6.0), (0.1, 9.0))  # weights of edges, in their usual one
STROKES, OF_STROKES = 20.0, (31, 51)  # the same weight for writing, and the windows in which it is tried
FAINT = 0.01

GHOSTS = (31, 4 * EDGES)  # window and weight of edges of the search for a second image beside sharp edges
LIGHTS = 0.002  # share of the part that is clipped
POINT = 0.8  # share of the kernel within two pixels from which on there is none
SOFTER = 0.86  # ℓ1/ℓ2 of the gradients, after over before, above which there is none
SHARP = 0.76  # ℓ1/ℓ2 of the gradients, after over before, above which there was no blur to remove
PEAKED = 0.9
BRIGHTER = 0.1
SCATTERED = 0.25  # share of its window that a kernel of mere noise covers, unless the window is small
SMALL_WINDOW, LEAST_COVERED = 31, 25
MISFIT, LEAST_MISFIT = 2.0, 0.012  # in deviations of the noise; never less than
OPINIONS, SMALLEST_OPINION = 2, 13  # other parts that are asked, and the least window there
ROOM = 3  # pixels around a kernel in which there may be more of it
ALIKE = 0.6  # similarity of the kernels of two parts of an evenly blurred picture


@dataclass(frozen=True)
class KernelSearch:
    """The part of a frame in which the kernel is sought, its brightness (height, width), the largest window."""

    part: BlurredFrame
    gray: Tensor
    largest: int
    options: DeblurOptions
    place: Part  # of the part in the frame
    core: Part  # of the part, for small windows
    tell: Tell = silent

    def judge(self, kernel: Tensor) -> KernelCandidate:
        """How believable a kernel is here."""
        return judge(self.gray, kernel, self.part.mask)


def is_blurred(search: KernelSearch, sharpness: Sharpness) -> bool:
    """Whether there is a kernel to be sought: edges are wide, or sharp with a second image beside them."""
    if sharpness.width == 0:
        return False
    if sharpness.width > SHARP_WIDTH:
        return True
    window, edges = GHOSTS
    kernel = estimate_kernel(search.gray, min(window, search.largest), edges=edges, mask=search.part.mask)
    guess = search.judge(kernel)
    before, after = (float(normalised_sparsity(x)) for x in (search.gray[None], inside(guess.picture, kernel)))
    return _within(kernel) < POINT and after < SOFTER * before


class Way(NamedTuple):
    """Of looking for a kernel: in which window, with which weight of an edge, and whether it is writing."""

    size: int
    edges: float
    has_strokes: bool = False


def find_kernel(blurred: BlurredFrame, search: KernelSearch) -> tuple[KernelSearch, KernelCandidate]:
    """The most believable kernel, and where it was sought: farther out where it may be larger than that."""
    guess, options, wide = by_edges(search), search.options, WINDOWS[-1]
    is_narrow = len(trimmed(guess.kernel)) < NARROW * search.largest and not doubts_of(search, guess, guess)
    is_given = options.kernel_size is not None or options.part is not None or options.init == "none"
    if is_given or is_narrow or min(blurred.mask.shape) < FEWEST_WIDE * wide:
        return search, guess
    wider = replace(search_in(blurred, most_edges(blurred, OF_WIDE * wide), options, search.tell), largest=wide)
    guesses = [wider.judge(guess.kernel), by_edges(wider, (wide,))]
    best = min(guesses, key=lambda candidate: candidate.score)
    return (wider, best) if best is guesses[1] else (search, guess)


def search_in(blurred: BlurredFrame, place: Part, options: DeblurOptions, tell: Tell = silent) -> KernelSearch:
    """The search in a part of a frame."""
    part = blurred.part(*place)
    gray = part.denoised_gray()
    largest = largest_window(min(gray.shape), options)
    core = most_edges(replace(part, frame=gray[None]), CORE)
    return KernelSearch(part, gray, largest, options, place, core, tell)


def by_edges(search: KernelSearch, sizes: Sequence[int] = ()) -> KernelCandidate:
    """The most believable kernel of the tries until one leaves no doubts.

    Each try has two weights of edges: a wrong kernel that is nearly believable is rarely found by both.
    """
    sizes = sizes or [size for size in WINDOWS if size < search.largest] + [search.largest]
    strokes = [Way(size, STROKES * EDGES, has_strokes=True) for size in sizes if size in OF_STROKES]
    guesses: list[KernelCandidate] = []
    tries = TRIES[: search.options.restarts + 1]
    for number, weights in enumerate(tries):
        ways = [Way(size, weight * EDGES) for weight in weights for size in sizes]
        guesses.append(_best_of(search, ways if number else ways + strokes, (number / len(tries), 1 / len(tries))))
        if not doubts_of(search, guesses[-1], guesses[-1]):
            break
    return min(guesses, key=lambda guess: guess.score)


def _best_of(search: KernelSearch, ways: Sequence[Way], progress: tuple[float, float]) -> KernelCandidate:
    """The most believable kernel of several ways, small windows in the core alone.

    One that its window cuts off is taken only where all are. `progress` is where this begins, and its share.
    """
    begin, share = progress
    kernels = []
    for number, way in enumerate(ways):
        search.tell(f"kernel of up to {way.size} pixels", begin + share * number / len(ways))
        place = search.core if way.size <= SMALL_WINDOW else (slice(None), slice(None))
        gray = strokes_of(search.gray[place]) if way.has_strokes else search.gray[place]
        mask = search.part.mask[place]
        kernels.append(estimate_kernel(gray, way.size, edges=way.edges, mask=mask, has_strokes=way.has_strokes))
    whole = [kernel for kernel in kernels if not is_cut_off(kernel)]
    return min(map(search.judge, whole or kernels), key=lambda guess: guess.score)


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
    return search.judge((framed(drawn, side) + framed(guess.kernel, side)) / 2)


def doubts_of(search: KernelSearch, best: KernelCandidate, first: KernelCandidate) -> tuple[str, ...]:
    """What makes a kernel and its picture hard to believe, a sentence for each; `first` is that of edges alone."""
    gray, mask, kernel = search.gray, search.part.mask, best.kernel
    gain = normalised_sparsity(inside(first.picture, first.kernel)) / normalised_sparsity(gray[None])
    covered = 1 / float(kernel.square().sum())
    before = float(gray[mask].mean())
    after = float(inside(best.picture, kernel)[0][mask].clamp(0, 1).mean())
    doubts = {
        "No blur was found.": float(gain) > SHARP or float(kernel.max()) > PEAKED,
        "The kernel is scattered over its whole window.": covered
        > SCATTERED * max(search.largest, LEAST_COVERED) ** 2,
        "The result is darker or brighter than the input.": abs(after - before) > BRIGHTER * before,
        f"The result does not explain the input (residual {best.misfit:.3f}).": best.misfit
        > max(LEAST_MISFIT, MISFIT * search.part.sigma),
    }
    return tuple(doubt for doubt, is_so in doubts.items() if is_so)


def choose_part(blurred: BlurredFrame, options: DeblurOptions) -> Part:
    """The rectangle that was given, or that with the most edges and the least that is clipped."""
    height, width = blurred.frame.shape[1:]
    if options.part is not None:
        return given_part(options.part, height, width)
    if options.method == "prior":
        return slice(0, height), slice(0, width)
    return most_edges(blurred, PART)


def second_opinion(
    blurred: BlurredFrame, search: KernelSearch, guess: KernelCandidate
) -> tuple[KernelCandidate, tuple[str, ...]]:
    """The kernel merged with those of other parts of a large picture that are like it, and a warning of others."""
    places = other_parts(blurred, search.place)
    size = max(SMALLEST_OPINION, len(trimmed(guess.kernel, ROOM)))
    alike, unlike = [guess.kernel], []
    for number, place in enumerate(places):
        search.tell("the kernel in other parts", number / len(places))
        part = blurred.part(*place)
        other = estimate_kernel(part.denoised_gray(), size, mask=part.mask)
        agreement = similarity(guess.kernel, other)
        if agreement >= ALIKE:
            alike.append(framed(other, len(guess.kernel)))
        else:
            unlike.append(f"{agreement:.0%} at {place[1].start},{place[0].start}")
    if len(alike) > 1:
        merged = search.judge(torch.stack(alike).mean(0))
        guess = min(guess, merged, key=lambda candidate: candidate.score)
    if not unlike:
        return guess, ()
    where = f"{search.place[1].start},{search.place[0].start}"
    return guess, (
        f"Parts of the picture have other kernels than that at {where} (alike by {', '.join(unlike)}, from "
        "left and top): the blur may not be even.",
    )


def other_parts(blurred: BlurredFrame, first: Part) -> list[Part]:
    """Further parts of a large picture, with most edges."""
    side = first[0].stop - first[0].start
    count = min(OPINIONS, blurred.mask.numel() // side**2 - 1)
    places = [first]
    for _ in range(count):
        places.append(most_edges(blurred, side, places))
    return places[1:]


def cautions_of(search: KernelSearch, guess: KernelCandidate) -> tuple[str, ...]:
    """Warnings where no window was large enough, and of what misleads the search."""
    size, clipped = guess.kernel.shape[0], float(search.part.clipped.float().mean())
    near = f"The kernel is near a point ({_within(guess.kernel):.0%} of it within two pixels)"
    cautions = {
        f"The kernel goes on beyond its {size} pixels; give a larger --kernel-size.": is_cut_off(guess.kernel),
        f"{near}: there was hardly a blur, or it was not found.": _within(guess.kernel) > POINT,
        f"{clipped:.1%} of where the kernel was sought are clipped lights, which mislead the search: look "
        "at the kernel, and give a darker part by --crop.": clipped > LIGHTS,
    }
    return tuple(caution for caution, is_so in cautions.items() if is_so)


def _within(kernel: Tensor) -> float:
    """The largest share of a kernel within two pixels of one."""
    return float(functional.avg_pool2d(kernel[None, None], 5, 1, 2, divisor_override=1).max())


def largest_window(shortest: int, options: DeblurOptions) -> int:
    """The largest window in which the kernel is sought, odd, in a part whose shorter side is given.

    Raises OptionError where the part is too small for the window that is asked for.
    """
    size = options.kernel_size
    if size is None:
        size = shortest // 2 - 1 if options.init == "none" else min(WINDOWS[-2], shortest // OF_PICTURE)
    if size > shortest // 2:
        raise OptionError(f"--kernel-size {size} is more than half of a side of {shortest}; give a smaller one.")
    return max(3, size + 1 - size % 2)
