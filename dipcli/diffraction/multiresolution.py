"""Searches for an object: large patterns from their middle, and again where nothing is found twice."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dipcli.diffraction.multistart import SearchSettings, Starts, search, stands_alone
from dipcli.diffraction.projections import Pattern, inverse, transform

GOING_ON = 6  # objects of the middle that the whole pattern begins with


def search_all(
    working: Pattern, box: Tensor, settings: SearchSettings, *, free: Tensor, seed: int, largest: int
) -> Starts:
    """The best starts; `working` is the pattern without the free pixels.

    A pattern with sides above `largest` is searched from what its middle shows: the same object, in the same share
    of the field, with larger pixels, which is found faster. Smaller ones are searched from random starts, and from
    others, `settings.searches` times at most, as long as the best one shows what no other does.
    """
    if max(box.shape) > largest:
        begin = _coarse_starts(working, box, settings, free=free, seed=seed, largest=largest)
        return search(
            working, box, replace(settings, algorithm=settings.second), free=free, seed=seed, begin=begin
        )
    found = search(working, box, settings, free=free, seed=seed)
    for number in range(1, settings.searches):
        if settings.is_over() or not stands_alone(found, working):
            break
        turn = replace(settings, algorithm=settings.second if number % 2 else settings.algorithm)
        more = search(working, box, turn, free=free, seed=seed + number)
        found = _joined(found, more, number * settings.starts)
    return found


def levels_of(shape: Sequence[int], largest: int) -> list[tuple[int, ...]]:
    """The sides of the patterns that are searched one after the other, the smallest first, the whole one last."""
    levels = [tuple(shape)]
    while max(levels[0]) > largest:
        levels.insert(0, tuple(n // 2 + n // 2 % 2 for n in levels[0]))
    return levels


def _coarse_starts(
    working: Pattern, box: Tensor, settings: SearchSettings, *, free: Tensor, seed: int, largest: int
) -> Tensor:
    """Objects (starts, *space) that the middle of the pattern shows."""
    sides = levels_of(box.shape, largest)[-2]
    middle = Pattern(_low(working.amplitude[None], sides)[0], _low(working.mask[None], sides)[0])
    middle = replace(middle, amplitude=middle.amplitude / (middle.amplitude * middle.mask).norm())
    small = _with_larger_pixels(box, sides)
    hidden = _low(free[None], sides)[0]
    found = search_all(middle, small, settings, free=hidden, seed=seed, largest=largest)
    return inverse(_high(transform(found.objects[:GOING_ON]), box.shape))


def _with_larger_pixels(box: Tensor, sides: tuple[int, ...]) -> Tensor:
    """A box (*space) on fewer pixels in the same field; its middle, N // 2, stays the middle."""
    for axis, side in enumerate(sides):
        n = box.shape[axis]
        at = n // 2 + ((torch.arange(side) - side // 2) * n / side).round().long()
        box = box.index_select(axis, at.clamp(0, n - 1).to(box.device))
    return box


def _joined(found: Starts, more: Starts, numbered_from: int) -> Starts:
    """The starts of two searches, the best first."""
    numbers = tuple(number + numbered_from for number in more.numbers)
    both = replace(found.joined(replace(more, numbers=numbers)), agreed=more.agreed)
    return both.take(sorted(range(len(both.numbers)), key=both.free.__getitem__))


def _low(spectrum: Tensor, sides: tuple[int, ...]) -> Tensor:
    """The low frequencies of spectra (n, *space), frequency 0 in the corner."""
    for axis, side in enumerate(sides, start=1):
        n = spectrum.shape[axis]
        low = [spectrum.narrow(axis, 0, side - side // 2), spectrum.narrow(axis, n - side // 2, side // 2)]
        spectrum = torch.cat(low, axis)
    return spectrum


def _high(spectrum: Tensor, sides: torch.Size) -> Tensor:
    """Spectra (n, *space) with zeros beyond, to these sides."""
    for axis, side in enumerate(sides, start=1):
        n = spectrum.shape[axis]
        zeros = spectrum.new_zeros(*spectrum.shape[:axis], side - n, *spectrum.shape[axis + 1 :])
        halves = [spectrum.narrow(axis, 0, n - n // 2), zeros, spectrum.narrow(axis, n - n // 2, n // 2)]
        spectrum = torch.cat(halves, axis)
    return spectrum
