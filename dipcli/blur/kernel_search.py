"""The search for the kernel of a frame: where, in which windows, and whether it is believable."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from dipcli.blur.blurred_frame import BlurredFrame
from dipcli.blur.crops import Part, given_part, most_edges
from dipcli.blur.deconvolution import inside
from dipcli.blur.edge_kernels import (
    EDGES,
    KernelCandidate,
    best_guess,
    estimate_kernel,
    framed,
    is_cut_off,
    judge,
    similarity,
    tidy,
)
from dipcli.blur.options import DeblurOptions
from dipcli.blur.sharpness import SHARP_WIDTH, Sharpness
from dipcli.errors import OptionError
from dipcli.penalties import normalised_sparsity

WINDOWS = (9, 13, 17, 21, 25, 31, 39, 51, 67, 87)  # tried one after the other
OF_PICTURE = 3  # the side of the picture in windows, unless it is given
PART = 384  # side of the part in which a kernel is sought
TRIES = ((1.0, 2.0), (0.4, 4.0), (0.2, 6.0), (0.1, 9.0))  # weights of edges, in their usual one
FAINT = 0.01

GHOSTS = (31, 4 * EDGES)  # window and weight of edges of the search for a second image beside sharp edges
POINT = 0.8  # share of the kernel within two pixels from which on there is none
SOFTER = 0.86  # ℓ1/ℓ2 of the gradients, after over before, above which there is none
SHARP = 0.76  # ℓ1/ℓ2 of the gradients, after over before, above which there was no blur to remove
PEAKED = 0.9
BRIGHTER = 0.1
SCATTERED = 0.25  # share of its window that a kernel of mere noise covers, unless the window is small
SMALL_WINDOW = 25
MISFIT, LEAST_MISFIT = 2.0, 0.012  # in deviations of the noise; never less than
ALIKE = 0.6  # similarity of the kernels of two parts of an evenly blurred picture


@dataclass(frozen=True)
class KernelSearch:
    """The part of a frame in which the kernel is sought, its brightness (height, width), the largest window."""

    part: BlurredFrame
    gray: Tensor
    largest: int
    options: DeblurOptions

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
    within = functional.avg_pool2d(kernel[None, None], 5, 1, 2, divisor_override=1).max()
    guess = search.judge(kernel)
    before, after = (float(normalised_sparsity(x)) for x in (search.gray[None], inside(guess.picture, kernel)))
    return float(within) < POINT and after < SOFTER * before


def by_edges(search: KernelSearch) -> KernelCandidate:
    """The most believable kernel of the tries until one leaves no doubts.

    Each try has two weights of edges: a wrong kernel that is nearly believable is rarely found by both.
    """
    sizes = [size for size in WINDOWS if size < search.largest] + [search.largest]
    guesses: list[KernelCandidate] = []
    for weights in TRIES[: search.options.restarts + 1]:
        ways = [(size, weight * EDGES) for weight in weights for size in sizes]
        guesses.append(best_guess(search.gray, ways, mask=search.part.mask))
        if not doubts_of(search, guesses[-1], guesses[-1]):
            break
    return min(guesses, key=lambda guess: guess.score)


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
        > SCATTERED * max(search.largest, SMALL_WINDOW) ** 2,
        "The result is darker or brighter than the input.": abs(after - before) > BRIGHTER * before,
        f"The result does not explain the input (residual {best.misfit:.3f}).": best.misfit
        > max(LEAST_MISFIT, MISFIT * search.part.sigma),
    }
    return tuple(doubt for doubt, is_so in doubts.items() if is_so)


def choose_part(blurred: BlurredFrame, options: DeblurOptions, avoid: Part | None = None) -> Part:
    """The rectangle with the most edges and the least that is clipped, outside of another one if need be."""
    height, width = blurred.frame.shape[1:]
    if options.part is not None and avoid is None:
        return given_part(options.part, height, width)
    if options.method == "prior":
        return slice(0, height), slice(0, width)
    return most_edges(blurred, PART, () if avoid is None else (avoid,))


def second_opinion(blurred: BlurredFrame, first: Part, kernel: Tensor, options: DeblurOptions) -> tuple[str, ...]:
    """A warning where another part of a large picture has another kernel."""
    if blurred.mask.numel() < 2 * PART**2:
        return ()
    part = blurred.part(*choose_part(blurred, options, avoid=first))
    other = estimate_kernel(part.denoised_gray(), kernel.shape[0], mask=part.mask)
    alike = similarity(kernel, other)
    if alike >= ALIKE:
        return ()
    return (f"Two parts of the picture have kernels that are {alike:.0%} alike: the blur may not be even.",)


def cut_off(kernel: Tensor) -> tuple[str, ...]:
    """A warning where no window was large enough."""
    size = kernel.shape[0]
    return (
        (f"The kernel goes on beyond its {size} pixels; give a larger --kernel-size.",)
        if is_cut_off(kernel)
        else ()
    )


def largest_window(shortest: int, options: DeblurOptions) -> int:
    """The largest window in which the kernel is sought, odd, in a part whose shorter side is given.

    Raises OptionError where the part is too small for the window that is asked for.
    """
    size = options.kernel_size
    if size is None:
        size = shortest // 2 - 1 if options.init == "none" else min(WINDOWS[-1], shortest // OF_PICTURE)
    if size > shortest // 2:
        raise OptionError(f"--kernel-size {size} is more than half of a side of {shortest}; give a smaller one.")
    return max(3, size + 1 - size % 2)
