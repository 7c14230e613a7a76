"""What speaks against a kernel that was found, and what its user should look at."""

from dipcli.blur.deconvolution import inside
from dipcli.blur.edge_kernels import KernelCandidate, covered, is_cut_off
from dipcli.blur.searched_part import KernelSearch
from dipcli.penalties import normalised_sparsity

RETURNED = "The input is returned; --keep returns the result all the same."
SURE, UNSURE = 0.8, 0.6  # similarity of what two searches found: all is well, and the input comes back

LIGHTS = 0.002  # share of the part that is clipped
POINT = 8  # pixels that a kernel covers, below which it is near a point: those of sharp pictures cover 3 to 7
SHARP = 0.86  # ℓ1/ℓ2 of the gradients, after over before, above which there was no blur to remove
PEAKED = 0.9
BRIGHTER = 0.1
SCATTERED = 0.25  # share of its window that a kernel of mere noise covers, unless the window is small
LEAST_COVERED = 25
MISFIT, LEAST_MISFIT = 2.0, 0.012  # in deviations of the noise; never less than


def doubts_of(search: KernelSearch, best: KernelCandidate, first: KernelCandidate) -> tuple[str, ...]:
    """What makes a kernel and its picture hard to believe, a sentence for each; `first` is that of edges alone."""
    gray, mask, kernel = search.gray, search.part.mask, best.kernel
    gain = normalised_sparsity(inside(first.picture, first.kernel)) / normalised_sparsity(gray[None])
    before = float(gray[mask].mean())
    after = float(inside(best.picture, kernel)[0][mask].clamp(0, search.scale).mean())
    doubts = {
        "No blur was found.": float(gain) > SHARP or float(kernel.max()) > PEAKED,
        "The kernel is scattered over its whole window.": covered(kernel)
        > SCATTERED * max(search.largest, LEAST_COVERED) ** 2,
        "The result is darker or brighter than the input.": abs(after - before) > BRIGHTER * before,
        f"Two searches found different kernels (alike by {first.support:.0%}).": first.support < UNSURE,
        f"The result does not explain the input (residual {best.misfit:.3f}).": best.misfit
        > max(LEAST_MISFIT, MISFIT * search.part.sigma * search.scale),
    }
    return tuple(doubt for doubt, is_so in doubts.items() if is_so)


def is_sure(search: KernelSearch, guess: KernelCandidate) -> bool:
    """Whether two searches found the same kernel, and nothing speaks against it."""
    is_found = guess.support >= SURE and covered(guess.kernel) >= POINT and not is_cut_off(guess.kernel)
    return is_found and not doubts_of(search, guess, guess)


def cautions_of(search: KernelSearch, guess: KernelCandidate, of_frame: float) -> tuple[str, ...]:
    """Warnings where no window was large enough, and of what misleads the search or leaves waves in the result.

    `of_frame` is the share of the whole frame that is clipped.
    """
    size, clipped = guess.kernel.shape[0], float(search.part.clipped.float().mean())
    near = f"The kernel is near a point (it covers {covered(guess.kernel):.0f} pixels)"
    cautions = {
        f"The kernel goes on beyond its {size} pixels; give a larger --kernel-size.": is_cut_off(guess.kernel),
        f"{near}: there was hardly a blur, or it was not found.": covered(guess.kernel) < POINT,
        f"The kernel is uncertain: another search found one that is like it by {guess.support:.0%} only; look at "
        "both pictures.": UNSURE <= guess.support < SURE,
        f"{clipped:.1%} of where the kernel was sought are clipped lights, which mislead the search: look "
        "at the kernel, and give a darker part by --crop.": clipped > LIGHTS,
        f"{of_frame:.1%} of the picture are clipped lights; look whether the result has waves around them.": (
            clipped <= LIGHTS < of_frame
        ),
    }
    return tuple(caution for caution, is_so in cautions.items() if is_so)
