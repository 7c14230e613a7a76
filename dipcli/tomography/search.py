"""The classical image: total variation, then patch groups, both as strong as hidden rays want them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from dipcli.classical.patch_groups import Grouping
from dipcli.classical.plug_and_play import REGROUP, SHORTEST_SIDE, alternate_groups, falling
from dipcli.engine.stopping import held_out
from dipcli.pipeline.medium import Control
from dipcli.tomography.counted_rays import CountedRays
from dipcli.tomography.rays import Rays

AnyRays = Rays | CountedRays

HIDDEN = 0.1  # share of the rays that judge
FIRST_WEIGHT = 1.4  # of total variation, times what is known of a pixel
FARTHEST = 6  # factors of two from there, up or down
ROUNDS, LAST_ROUNDS = 24, 12  # of total variation for each weight, and with all rays
LEVELS = falling(0.03, 0.003, 18)  # of the noise that patch groups are thought to have, of a brightness of 1
DOUBT = 0.5  # of the misfit's deviation by chance, that patch groups must gain
PATIENCE = 2  # renewals of the groups without a gain, after which there is none
GROUPING = Grouping(count=24)


@dataclass(frozen=True)
class Found:
    """What visible rays lead to: images of both methods, how strong each was, and the misfit of hidden rays."""

    smooth: Tensor
    weight: float
    image: Tensor
    levels: Sequence[float] = ()
    misfit: float = 0.0


def hidden_rays(rays: AnyRays) -> Tensor:
    """True on those that judge; the same ones for the same shape."""
    return held_out((rays.precision > 0)[0], HIDDEN)[None]


def find_smooth(rays: Rays, hidden: Tensor, start: Tensor, control: Control) -> Found:
    """The image with that weight of total variation, from `start` on, which explains hidden rays best."""
    visible, judges = rays.without(hidden), rays.without(~hidden)
    weight = FIRST_WEIGHT * rays.knowledge
    image = visible.smooth(start, weight, ROUNDS)
    best = Found(image, weight, image, misfit=judges.misfit(image))
    for factor in (2.0, 0.5):
        found = best
        for step in range(FARTHEST):
            control.tell("total variation", (step + 1) / (FARTHEST + 1))
            if control.is_over():
                return best
            weight = found.weight * factor
            image = visible.smooth(found.image, weight, ROUNDS)
            found = Found(image, weight, image, misfit=judges.misfit(image))
            if found.misfit >= best.misfit:
                break
            best = found
        if best.weight > FIRST_WEIGHT * rays.knowledge:
            break
    return best


def find_groups_of_patches(
    rays: AnyRays, hidden: Tensor, found: Found, control: Control, levels: Sequence[float] = LEVELS
) -> Found:
    """The image of patch groups, from that of total variation on, which explains hidden rays best."""
    judges, waited, best = rays.without(~hidden), 0, found
    # What few hidden rays like a little better may be worse.
    best = replace(best, misfit=found.misfit * (1 - DOUBT / math.sqrt(int((judges.precision > 0).sum()))))
    for so_far, image in _rounds(rays.without(hidden), found.smooth, levels, control):
        misfit = judges.misfit(image)
        if misfit < best.misfit:
            best, waited = replace(best, image=image, levels=so_far, misfit=misfit), 0
        else:
            waited += 1
        if waited > PATIENCE:
            break
    return best if best.levels else found


def with_all_rays(rays: Rays, found: Found, control: Control) -> tuple[Tensor, Tensor]:
    """The images of either method, as strong as was found, that explain the hidden rays too."""
    smooth = rays.smooth(found.smooth, found.weight, LAST_ROUNDS)
    return smooth, through_levels(rays, smooth, found.levels, control)


def through_levels(rays: AnyRays, image: Tensor, levels: Sequence[float], control: Control) -> Tensor:
    """The image of patch groups, from this one on, after all of the levels."""
    for _, each in _rounds(rays, image, levels, control):
        image = each
    return image


def _rounds(
    rays: AnyRays, image: Tensor, levels: Sequence[float], control: Control
) -> Iterator[tuple[Sequence[float], Tensor]]:
    """Images after some rounds each, and the levels of the noise so far; none of very small ones."""
    if min(image.shape[1:]) < SHORTEST_SIDE:
        return
    for first in range(0, len(levels), REGROUP):
        if control.is_over():
            return
        control.tell("patch groups", (first + REGROUP) / (len(levels) + REGROUP))
        some = levels[first : first + REGROUP]
        image = alternate_groups(image, lambda x, level: rays.explain(x, level**-2), some, GROUPING)
        yield levels[: first + len(some)], image
