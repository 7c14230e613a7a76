"""Whether the blur is the same all over the picture: the kernels of its parts, where they are to be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.blur.crops import Part
from dipcli.blur.doubts import SURE
from dipcli.blur.edge_kernels import KernelCandidate, framed, share_beyond, similarity, trimmed
from dipcli.blur.kernel_search import Sought, is_remnant, is_whole_in, without_remnants

WORSE = 0.05  # by which an uneven blur's other kernel is worse in a part than its own, see `Foretold.score`
MAP_SIDE = 768  # pixels of the longer side of a map, at most
SHADE, LINE = 0.4, 0.8  # brightness of the picture behind a map, and of the borders of the parts
SPAN = 0.5  # of the shorter side of a part, within which its kernel is drawn


@dataclass(frozen=True)
class Evenness:
    """What the parts of a picture say together, a map of their kernels among the objects where these differ."""

    guess: KernelCandidate
    decisions: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    objects: dict[str, Tensor] = field(default_factory=dict)
    is_believed: bool = True


def compare_parts(gray: Tensor, found: Sequence[Sought]) -> Evenness:
    """The first kernel merged with those of other parts of gray (height, width) that are the same.

    A part counts where two searches found the same kernel in it. A kernel that neither another part nor all of
    the picture has, where that was searched, is not believed.
    """
    first, *others = found
    search, guess = first.search, first.guess
    sure = [other for other in without_remnants(found) if other is not first]
    agreements = [similarity(guess.kernel, other.guess.kernel) for other in sure]
    alike = [other.guess.kernel for other, agreement in zip(sure, agreements, strict=True) if agreement >= SURE]
    if alike:
        kernels = [trimmed(kernel) for kernel in (guess.kernel, *alike)]
        side = max(map(len, kernels)) + 2  # not cut off
        merged = search.judge(torch.stack([framed(kernel, side) for kernel in kernels]).mean(0))
        guess = min(guess, merged._replace(support=guess.support), key=lambda candidate: candidate.score)
    if not others:
        return Evenness(guess)
    said = dict(zip((_corner(other.search.place) for other in sure), agreements, strict=True))
    unsure = [_corner(other.search.place) for other in others if not any(other is each for each in sure)]
    words = [f"{agreement:.0%} alike at {corner}" for corner, agreement in said.items()]
    words += [f"none at {corner}" for corner in unsure]
    decisions = {"kernels_of_parts": f"at {_corner(search.place)}; {', '.join(words)} (left,top)"}
    larger = [other for other in others if not is_whole_in([other], guess.kernel)]
    warnings = tuple(_larger(guess.kernel, other) for other in larger[:1])
    unlike = [
        f"{similarity(guess.kernel, other.guess.kernel):.0%} at {_corner(other.search.place)}"
        for other in others
        if _has_another_blur(other, guess.kernel)
    ]
    is_wide = first.is_wide and first.is_sure
    is_believed = bool(alike) or is_wide or not any(each.is_wide for each in found)
    if not unlike:
        warnings = warnings if alike else (*warnings, _alone(search.place, agreements, is_believed))
        return Evenness(guess, decisions, warnings, is_believed=is_believed)
    uneven = (
        f"Parts of the picture have other kernels than that at {_corner(search.place)} (alike by "
        f"{', '.join(unlike)}, from left and top): the blur may not be even; see the map of kernels."
    )
    objects = {"kernel_map": draw_map(gray, found)}
    return Evenness(guess, decisions, (*warnings, uneven), objects, is_believed)


def _has_another_blur(other: Sought, kernel: Tensor) -> bool:
    """Whether another part has a kernel of its own, no remnant of this one, that explains it better.

    Where little is seen, as in the sky, wrong kernels are found twice, too, but the right one is no worse there.
    """
    own = other.guess.kernel
    if not other.is_sure or similarity(kernel, own) >= SURE or is_remnant(own, [kernel]):
        return False
    return other.search.score(kernel) > other.search.score(own) + WORSE


def _larger(kernel: Tensor, other: Sought) -> str:
    """What is said of such a part."""
    (rows, columns), share = other.search.place, share_beyond(kernel, other.guess.kernel)
    crop = f"{columns.start},{rows.start},{columns.stop - columns.start},{rows.stop - rows.start}"
    return (
        f"In another part of the picture {share:.0%} of the kernel are beyond this one: only some of the blur may "
        f"be removed; look at the result, and try --crop {crop}."
    )


def _alone(place: Part, agreements: Sequence[float], is_believed: bool) -> str:
    """What is said of a kernel that no other part has confirmed."""
    look = "look at the result, and " if is_believed else ""
    likest = f"the likest of another by {max(agreements):.0%}" if agreements else "none that is sure in any other"
    return (
        f"The kernel was found at {_corner(place)} (left,top) alone, {likest}: it may be wrong; "
        f"{look}try another part by --crop."
    )


def draw_map(gray: Tensor, found: Sequence[Sought]) -> Tensor:
    """A shaded picture (height, width) in [0, 1] with the kernels of its parts, all enlarged alike.

    Parts without a kernel that is to be trusted are crossed out.
    """
    share = min(1.0, MAP_SIDE / max(gray.shape))
    drawing = SHADE * functional.interpolate(gray[None, None], scale_factor=share, mode="area")[0, 0].clamp(0, 1)
    placed = sorted(found, key=lambda each: -_sides(each.search.place)[0])  # the smallest part on top
    kernels = [trimmed(each.guess.kernel) if each.is_sure else None for each in placed]
    zooms = [
        SPAN * share * min(_sides(each.search.place)) / len(kernel)
        for each, kernel in zip(placed, kernels, strict=True)
        if kernel is not None
    ]
    for each, kernel in zip(placed, kernels, strict=True):
        rows, columns = (slice(int(share * at.start), int(share * at.stop)) for at in each.search.place)
        box = drawing[rows, columns]
        box[0], box[-1], box[:, 0], box[:, -1] = (LINE,) * 4
        if kernel is None:
            box.fill_diagonal_(LINE)
            box.copy_(box.clone().flip(1).fill_diagonal_(LINE).flip(1))
            continue
        side = max(1, int(min(zooms) * len(kernel)))
        shown = functional.interpolate(kernel[None, None], size=(side, side), mode="area")[0, 0]
        down, right = ((length - side) // 2 for length in box.shape)
        box[down : down + side, right : right + side] = shown / shown.max()
    return drawing


def _sides(place: Part) -> tuple[int, int]:
    rows, columns = place
    return rows.stop - rows.start, columns.stop - columns.start


def _corner(place: Part) -> str:
    return f"{place[1].start},{place[0].start}"
