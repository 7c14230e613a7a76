"""Whether the blur is the same all over the picture: the kernels of its parts, where they are to be trusted."""

from collections.abc import Sequence

import torch

from dipcli.blur.crops import Part
from dipcli.blur.doubts import SURE
from dipcli.blur.edge_kernels import KernelCandidate, framed, similarity, trimmed
from dipcli.blur.kernel_search import Sought

ALIKE = 0.6  # similarity of the kernels of two parts of an evenly blurred picture


def merge_parts(found: Sequence[Sought]) -> tuple[KernelCandidate, dict[str, str], tuple[str, ...]]:
    """The first kernel merged with those of other parts that are the same, a map of the parts, and a warning.

    A part counts where two searches found the same kernel in it.
    """
    (search, guess), *others = found
    sure = [other for other in others if other.is_sure]
    agreements = [similarity(guess.kernel, other.guess.kernel) for other in sure]
    alike = [other.guess.kernel for other, agreement in zip(sure, agreements, strict=True) if agreement >= SURE]
    if alike:
        kernels = [trimmed(kernel) for kernel in (guess.kernel, *alike)]
        side = max(map(len, kernels))
        merged = search.judge(torch.stack([framed(kernel, side) for kernel in kernels]).mean(0))
        guess = min(guess, merged._replace(support=guess.support), key=lambda candidate: candidate.score)
    if not others:
        return guess, {}, ()
    said = dict(zip((_corner(other.search.place) for other in sure), agreements, strict=True))
    unsure = [_corner(other.search.place) for other in others if not other.is_sure]
    words = [f"{agreement:.0%} alike at {corner}" for corner, agreement in said.items()]
    words += [f"none at {corner}" for corner in unsure]
    decisions = {"kernels_of_parts": f"at {_corner(search.place)}; {', '.join(words)} (left,top)"}
    unlike = [f"{agreement:.0%} at {corner}" for corner, agreement in said.items() if agreement < ALIKE]
    if not unlike:
        return guess, decisions, ()
    warning = (
        f"Parts of the picture have other kernels than that at {_corner(search.place)} (alike by "
        f"{', '.join(unlike)}, from left and top): the blur may not be even."
    )
    return guess, decisions, (warning,)


def _corner(place: Part) -> str:
    return f"{place[1].start},{place[0].start}"
