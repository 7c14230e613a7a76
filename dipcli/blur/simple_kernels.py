"""Kernels of one or two numbers: a straight motion, and a disk, the blur of a lens out of focus.

Where a kernel that was found is like one of them, that one explains the picture better as a rule: what is found
freely has noise, and gaps.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from dipcli.blur.blur import disk_kernel, motion_kernel
from dipcli.blur.doubts import SURE
from dipcli.blur.edge_kernels import KernelCandidate, framed, is_cut_off, similarity, trimmed
from dipcli.blur.searched_part import KernelSearch

LIKE = 0.65  # similarity to the kernel that was found, from which on a shape is tried
SIMPLER = 0.03  # of the score, by which a shape may be less believable than what was found freely
ANGLES, PER_SIDE = (
    24,
    [share / 20 for share in range(10, 25)],
)  # of the first look, the latter in the kernel's side
TURN, SHARE = 3.75, 1 / 20  # steps in which its numbers are refined: degrees, and in the size
HALVINGS = 2


class Shape(NamedTuple):
    """A kind of kernel, its numbers and the steps in which they are refined."""

    words: str
    draw: Callable[..., Tensor]
    numbers: tuple[float, ...]
    steps: tuple[float, ...]

    @property
    def kernel(self) -> Tensor:
        """The kernel (n, n) of these numbers."""
        return self.draw(*self.numbers)


def simple_kernel(search: KernelSearch, guess: KernelCandidate) -> tuple[KernelCandidate, dict[str, str]]:
    """The shape that is like a kernel, if it is as believable as that, and what the record says of it.

    A kernel that even the largest window cuts off is a part of something else.
    """
    if len(guess.kernel) >= search.largest and is_cut_off(guess.kernel):
        return guess, {}
    found = trimmed(guess.kernel)
    shape = max(_shapes(len(found)), key=lambda each: similarity(each.kernel.to(found), found))
    if similarity(shape.kernel.to(found), found) < LIKE:
        return guess, {}
    search.tell("simple kernels", 0.0)
    shape, best = _refined(search, shape)
    if best.score > guess.score + SIMPLER:
        return guess, {}
    return best._replace(support=max(guess.support, SURE)), {"shape": shape.words.format(*shape.numbers)}


def _shapes(side: int) -> list[Shape]:
    """Motions in all directions and disks, of about the side of a kernel."""
    angles = [180 * number / ANGLES for number in range(ANGLES)]
    motions = [
        Shape(
            "a straight motion, --kernel motion:{:.1f},{:.0f}", motion_kernel, numbers, (SHARE * numbers[0], TURN)
        )
        for numbers in itertools.product([share * side for share in PER_SIDE], angles)
    ]
    radii = [share * side / 2 for share in PER_SIDE]
    return motions + [
        Shape("a disk, --kernel disk:{:.1f}", disk_kernel, (r,), (SHARE * r,)) for r in radii if r >= 1
    ]


def _refined(search: KernelSearch, shape: Shape) -> tuple[Shape, KernelCandidate]:
    """The most believable shape near another: one number after the other, in steps that are halved."""
    least = search.score(shape.kernel.to(search.gray))
    for _ in range(HALVINGS):
        for at, sign in itertools.product(range(len(shape.numbers)), (-1, 1)):
            moved = [n + sign * shape.steps[at] * (i == at) for i, n in enumerate(shape.numbers)]
            other = shape._replace(numbers=tuple(moved))
            score = search.score(other.kernel.to(search.gray))
            if score < least:
                shape, least = other, score
        shape = shape._replace(steps=tuple(step / 2 for step in shape.steps))
    kernel = shape.kernel.to(search.gray)
    return shape, search.judge(framed(kernel, len(kernel) + 2))  # it ends there
