"""Projections, the support that shrinks, and many starts of them."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from laws import assert_matches

from dipcli.diffraction.crystals import Crystal, simulate_crystal
from dipcli.diffraction.multiresolution import levels_of, search_all
from dipcli.diffraction.multistart import SearchSettings, Starts, finish, free_pixels, random_starts, search
from dipcli.diffraction.projections import Pattern, cycles, inverse, shrink_wrap, smooth, transform
from dipcli.symmetries import error


def truth_of(side=32, n_axes=2, seed=1, **options):
    """A crystal in the middle of zeros, (1, *space)."""
    crystal = simulate_crystal(Crystal(side // 2, n_axes, **options), np.random.default_rng(seed))
    image = torch.zeros(1, *[side] * n_axes, dtype=torch.complex64)
    inner = (slice(side // 4, side // 4 + side // 2),) * n_axes
    image[0][inner] = torch.from_numpy(crystal)
    return image


def pattern_of(image, known=None):
    amplitude = transform(image)[0].abs()
    return Pattern(amplitude, torch.ones_like(amplitude) if known is None else known)


def box_of(shape):
    box = torch.zeros(shape, dtype=torch.bool)
    box[tuple(slice(n // 4, n // 4 + n // 2) for n in shape)] = True
    return box


def shown(pattern):
    """The pattern without its free pixels."""
    return replace(pattern, mask=pattern.mask - free_pixels(pattern.mask, 0.05))


@pytest.fixture
def image():
    return truth_of()


def test_replacing_amplitudes_keeps_phases_and_what_is_not_known(image):
    known = torch.ones(32, 32)
    known[3:7, 5:9] = 0
    spectrum = torch.randn(2, 32, 32, dtype=torch.complex64)
    replaced = pattern_of(image, known).replace_in(spectrum)
    assert_matches(replaced.angle(), spectrum.angle(), tolerance=1e-5)
    assert_matches(replaced.abs() * known, (transform(image)[0].abs() * known).expand(2, 32, 32), tolerance=1e-5)
    assert torch.equal(replaced[:, known == 0], spectrum[:, known == 0])


@pytest.mark.parametrize("algorithm", ["er", "hio", "raar"])
def test_the_truth_stays_where_it_is(image, algorithm):
    support = box_of((32, 32))[None]
    assert_matches(cycles(image, pattern_of(image), support, algorithm, 5), image, tolerance=1e-4)


@pytest.mark.parametrize(
    ("algorithm", "of_x", "of_projected"), [("hio", 1, -0.9), ("raar", 0.9, -0.8), ("er", 0, 0)]
)
def test_one_cycle_is_as_published(image, algorithm, of_x, of_projected):
    pattern, support = pattern_of(image), box_of((32, 32))[None]
    x = torch.randn(1, 32, 32, dtype=torch.complex64)
    projected = inverse(pattern.replace_in(transform(x)))
    expected = torch.where(support, projected, of_x * x + of_projected * projected)
    assert_matches(cycles(x, pattern, support, algorithm, 1), expected, tolerance=1e-5)


def test_error_reduction_never_raises_the_misfit(image):
    pattern, support = pattern_of(image), box_of((32, 32))[None]
    x = random_starts(pattern, box_of((32, 32)), 1, 0)
    misfits = []
    for _ in range(10):
        x = cycles(x, pattern, support, "er", 1)
        misfits.append(float(pattern.chi(transform(x))))
    assert all(b <= a * (1 + 1e-5) for a, b in itertools.pairwise(misfits))


def test_smoothing_keeps_the_sum_and_lowers_the_peak():
    spike = torch.zeros(1, 16, 16)
    spike[0, 8, 8] = 1
    blurred = smooth(spike, 1.0)
    assert float(blurred.sum()) == pytest.approx(1, abs=1e-5)
    assert float(blurred.max()) == pytest.approx(1 / (2 * math.pi), rel=0.01)


def test_the_support_wraps_the_object_and_stays_in_the_box(image):
    support = shrink_wrap(image, box_of((32, 32)), sigma=0.5, threshold=0.5)
    inside = image.abs() > 0.5
    assert float((support == inside).float().mean()) > 0.97
    assert not bool((support & ~box_of((32, 32))).any())


def test_free_pixels_are_known_ones_away_from_the_centre_and_about_as_many_as_asked():
    known = torch.ones(64, 64)
    known[20:40] = 0
    free = free_pixels(known, 0.05)
    assert 0.02 < float(free.sum()) / 4096 < 0.06
    assert not bool((free > known).any())
    assert float(free[0, 0]) == 0


def test_the_search_finds_a_weak_object(image):
    pattern, box = pattern_of(image), box_of((32, 32))
    told = SearchSettings(starts=6, cycles=200, rounds=3)
    found = search(shown(pattern), box, told, free=free_pixels(pattern.mask, 0.05), seed=0)
    done = finish(found, pattern, box)
    assert error(done.objects[:1], image) < 0.1
    assert done.chi[0] < 0.02


def test_the_search_is_the_same_for_the_same_seed(image):
    pattern, box = pattern_of(image), box_of((32, 32))
    free = free_pixels(pattern.mask, 0.05)
    told = SearchSettings(starts=3, cycles=20, rounds=2)
    first, second, other = (search(shown(pattern), box, told, free=free, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.objects, second.objects)
    assert first.free == second.free
    assert not torch.equal(first.objects, other.objects)


def test_starts_that_do_not_go_on_come_after_those_that_do(image):
    pattern, box = pattern_of(image), box_of((32, 32))
    told = SearchSettings(starts=8, cycles=10, rounds=2)
    found = search(shown(pattern), box, told, free=free_pixels(pattern.mask, 0.05), seed=0)
    assert sorted(found.numbers) == list(range(8))
    assert found.cycles == (20,) * 4 + (10,) * 4
    assert len(found.objects) == len(found.support) == len(found.free) == 8


def test_starts_come_to_rest_at_once_where_time_is_over(image):
    pattern, box = pattern_of(image), box_of((32, 32))
    starts = random_starts(pattern, box, 2, 0)
    begun = Starts(starts, box.expand(starts.shape), (0, 1), (0.0, 0.0), (0.0, 0.0), (0, 0))
    done = finish(begun, pattern, box, is_over=lambda: True)
    assert_matches(done.objects, cycles(starts, pattern, begun.support, "er", 1), tolerance=1e-6)


def test_large_patterns_are_searched_from_their_middle_on():
    assert levels_of((48, 64), 64) == [(48, 64)]
    assert levels_of((256, 200), 64) == [(64, 50), (128, 100), (256, 200)]
    assert levels_of((130, 66), 64) == [(34, 18), (66, 34), (130, 66)]


def test_what_is_not_known_has_no_influence(image):
    known = torch.ones(32, 32)
    known[0, :4] = 0
    box = box_of((32, 32))
    told = SearchSettings(starts=2, cycles=40, rounds=1)
    amplitude = pattern_of(image).amplitude
    free = free_pixels(known, 0.05)

    def result(hidden):
        pattern = Pattern(torch.where(known > 0, amplitude, torch.full_like(amplitude, hidden)), known)
        return finish(search(shown(pattern), box, told, free=free, seed=0), pattern, box).objects

    assert torch.equal(result(0.0), result(1e4))


def test_the_search_ends_when_it_is_told_to(image):
    told = SearchSettings(starts=2, cycles=10_000, rounds=5, interrupted=lambda: True)
    pattern = pattern_of(image)
    found = search(shown(pattern), box_of((32, 32)), told, free=free_pixels(pattern.mask, 0.05), seed=0)
    assert len(found.numbers) == 2


def test_the_middle_of_a_pattern_tells_where_the_whole_begins():
    image = truth_of(side=64)
    pattern, box = pattern_of(image), box_of((64, 64))
    told = SearchSettings(starts=6, cycles=100, rounds=2)
    found = search_all(shown(pattern), box, told, free=free_pixels(pattern.mask, 0.05), seed=0, largest=32)
    assert found.objects.shape[1:] == (64, 64)
    resting = finish(found, shown(pattern), box)
    assert error(resting.objects[:1], image) < 0.1


def test_patterns_whose_half_is_odd_are_searched_from_their_middle_too():
    image = torch.nn.functional.pad(truth_of(side=64), (3, 3, 1, 1))  # 66 x 70
    pattern, box = pattern_of(image), box_of((66, 70))
    told = SearchSettings(starts=2, cycles=20, rounds=1)
    found = search_all(shown(pattern), box, told, free=free_pixels(pattern.mask, 0.05), seed=0, largest=32)
    assert found.objects.shape[1:] == (66, 70)


def test_what_no_other_start_shows_is_searched_again():
    amplitude = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))  # of nothing in the box
    pattern, box = Pattern(amplitude / amplitude.norm(), torch.ones(32, 32)), box_of((32, 32))
    told = SearchSettings(starts=2, cycles=1, rounds=1, searches=3)
    found = search_all(shown(pattern), box, told, free=free_pixels(pattern.mask, 0.05), seed=0, largest=32)
    assert sorted(found.numbers) == [0, 1, 2, 3, 4, 5]
    assert list(found.free) == sorted(found.free)


def test_every_second_search_has_another_algorithm(monkeypatch):
    amplitude = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
    pattern, box = Pattern(amplitude / amplitude.norm(), torch.ones(32, 32)), box_of((32, 32))
    used = []

    def spied(*arguments, **named):
        used.append(arguments[2].algorithm)
        return search(*arguments, **named)

    monkeypatch.setattr("dipcli.diffraction.multiresolution.search", spied)
    told = SearchSettings(starts=2, algorithm="er", second="hio", cycles=1, rounds=1, searches=3)
    search_all(shown(pattern), box, told, free=free_pixels(pattern.mask, 0.05), seed=0, largest=32)
    assert used == ["er", "hio", "er"]
