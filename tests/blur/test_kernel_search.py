"""Kernels do not depend on the unit of the values; of several, the one that is found again and again is taken."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from blurs import blur, hook, shapes
from laws import assert_matches

from dipcli.blur.blur import disk_kernel, motion_kernel
from dipcli.blur.blurred_frame import look_at
from dipcli.blur.crops import SPARSE
from dipcli.blur.edge_kernels import framed
from dipcli.blur.hidden_values import Foretold, foretell
from dipcli.blur.kernel_search import (
    Sought,
    by_edges,
    confirmed,
    find_kernel,
    is_remnant,
    is_whole_in,
    most_believable,
    without_remnants,
)
from dipcli.blur.options import DeblurOptions
from dipcli.blur.searched_part import CONTRAST, choose_part, search_in

OPTIONS = DeblurOptions(method="tv", restarts=0, kernel_size=9, sigma=0.0)


def search_of(picture):
    blurred, _ = look_at(picture, OPTIONS)
    return search_in(blurred, choose_part(blurred, OPTIONS), OPTIONS)


@pytest.fixture(scope="module")
def blurred():
    return blur(shapes(100, 108), hook())


@pytest.mark.parametrize(("factor", "offset"), [(0.5, 0.0), (0.5, 0.25), (1 / 64, 0.0)])
def test_a_picture_of_less_contrast_has_the_same_kernel(blurred, factor, offset):
    whole, less = (by_edges(search_of(picture)).guess for picture in (blurred, factor * blurred + offset))
    assert_matches(less.kernel, whole.kernel, tolerance=2e-3)
    assert less.misfit == pytest.approx(whole.misfit, rel=0.01)


def test_all_parts_have_the_same_contrast(blurred):
    search = search_of(0.1 * blurred + 0.3)
    low, high = search.gray.flatten().quantile(torch.tensor([0.005, 0.995]))
    assert float(high - low) == pytest.approx(CONTRAST, rel=1e-3)


def test_a_few_stars_are_not_made_brighter_than_all_bounds():
    sky = torch.zeros(1, 100, 100)
    sky[0, 20:22, 30:33] = 0.8
    gray = search_of(sky).gray
    assert float(gray.max()) == pytest.approx(CONTRAST / SPARSE)


def test_a_clipped_lamp_does_not_take_the_contrast_of_the_rest(blurred):
    dark = 0.05 * blurred
    dark[:, 10:12, 10:12] = 1.0
    low, high = search_of(dark).gray.flatten().quantile(torch.tensor([0.005, 0.995]))
    assert float(high - low) == pytest.approx(CONTRAST, rel=1e-3)


def test_a_small_kernel_is_a_remnant_of_a_larger_one_that_is_unlike():
    small, large = disk_kernel(1.5), motion_kernel(61, 20)
    assert is_remnant(small, [small, large])
    assert not is_remnant(large, [small, large])
    assert not is_remnant(hook(), [hook(), framed(hook(), 15)])


def test_the_kernel_that_most_parts_found_is_first(blurred, monkeypatch):
    monkeypatch.setattr(Sought, "is_sure", property(lambda _: True))
    search = search_of(blurred)
    kernels = iter([motion_kernel(9, 45), hook(), 0.9 * hook() + 0.1 * hook().flip(0, 1)])
    monkeypatch.setattr("dipcli.blur.kernel_search.other_parts", lambda *_: [search.place] * 2)
    monkeypatch.setattr("dipcli.blur.kernel_search.estimate_kernel", lambda *_, **__: next(kernels))
    monkeypatch.setattr("dipcli.blur.kernel_search.by_edges", lambda search, **_: _found(search, next(kernels)))
    monkeypatch.setattr("dipcli.blur.kernel_search._best_of", lambda part, *_: _found(part, next(kernels)))
    frame, _ = look_at(blurred, OPTIONS)
    first, second, _ = find_kernel(frame, search)
    assert_matches(first.guess.kernel, hook())
    assert_matches(second.guess.kernel, motion_kernel(9, 45))


@pytest.mark.parametrize(("window", "is_whole"), [(35, True), (41, False)])
def test_the_core_of_a_kernel_that_had_no_room_in_its_window_is_passed_over(
    blurred, monkeypatch, window, is_whole
):
    core, whole = torch.zeros(2, 41, 41)
    core[18:23, 18:23] = 1 / 25
    whole[18:23, 18:23] = 0.65 / 25
    whole[20, 23:39] = 0.35 / 16
    core = framed(core, window)
    kernels = iter([core, whole, core.roll(1, 0), whole.roll(1, 0)])
    monkeypatch.setattr("dipcli.blur.kernel_search.estimate_kernel", lambda *_, **__: next(kernels))
    monkeypatch.setattr("dipcli.blur.kernel_search.most_believable", lambda _, pairs: pairs[0])
    found = by_edges(search_of(blurred), [window, 41], [(1.0, 4.0)])
    assert_matches(found.guess.kernel, whole if is_whole else core)


@pytest.mark.parametrize(("is_sure", "windows"), [(True, [13]), (False, [13, 13, 21])])
def test_all_of_the_picture_is_searched_where_the_parts_disagree(blurred, monkeypatch, is_sure, windows):
    for module in ("kernel_search", "searched_part"):
        monkeypatch.setattr(f"dipcli.blur.{module}.WINDOWS", (9, 13, 21))
    search = search_of(blurred)
    part, wide = (_found(search, kernel) for kernel in (hook().T, hook()))
    monkeypatch.setattr(Sought, "is_sure", property(lambda each: is_sure and each.guess is wide.guess))
    monkeypatch.setattr("dipcli.blur.kernel_search.other_parts", lambda *_: [search.place])
    monkeypatch.setattr("dipcli.blur.kernel_search._best_of", lambda *_: part)
    tried = []

    def by_edges(_, sizes=(), tries=()):
        tried.extend(sizes)
        return wide if sizes else part

    monkeypatch.setattr("dipcli.blur.kernel_search.by_edges", by_edges)
    frame, _ = look_at(blurred, OPTIONS)
    found = find_kernel(frame, replace(search, options=DeblurOptions(method="tv")))
    assert tried == windows
    assert found[0].is_wide == is_sure


def test_a_kernel_is_confirmed_where_another_part_is_sure_of_it(blurred, monkeypatch):
    monkeypatch.setattr(Sought, "is_sure", property(lambda each: each.guess.support > 0.8))
    search = replace(search_of(blurred), largest=61)
    same, other = (_found(search, kernel) for kernel in (disk_kernel(4), motion_kernel(21, 0)))
    unsure = same._replace(guess=same.guess._replace(support=0.5))
    assert len(confirmed([same, other, same])) == 2
    assert not confirmed([same, other, unsure])
    assert not confirmed([unsure, same, same])
    assert not confirmed([same, _found(replace(search, largest=9), disk_kernel(4))])  # it may be larger


def test_what_two_parts_have_confirmed_is_no_remnant_of_what_one_has(blurred, monkeypatch):
    monkeypatch.setattr(Sought, "is_sure", property(lambda each: True))
    search = replace(search_of(blurred), largest=61)
    first, second, large = (_found(search, kernel) for kernel in (disk_kernel(3), disk_kernel(3), disk_kernel(12)))
    assert [each.guess for each in without_remnants([first, large])] == [large.guess]
    assert len(without_remnants([first, second, large])) == 3
    of_all = large._replace(is_wide=True)
    assert [each.guess for each in without_remnants([first, second, of_all])] == [large.guess]


def test_all_of_the_picture_is_searched_where_a_part_has_more_than_what_two_have_confirmed(blurred, monkeypatch):
    monkeypatch.setattr(Sought, "is_sure", property(lambda each: True))
    for module in ("kernel_search", "searched_part"):
        monkeypatch.setattr(f"dipcli.blur.{module}.WINDOWS", (9, 13, 21))
    search = replace(search_of(blurred), largest=61, options=DeblurOptions(method="tv"))
    first, large = _found(search, disk_kernel(3)), _found(search, disk_kernel(9))
    assert is_whole_in([first], first.guess.kernel)
    assert not is_whole_in([first, large], first.guess.kernel)
    monkeypatch.setattr("dipcli.blur.kernel_search.other_parts", lambda *_: [search.place] * 2)
    frame, _ = look_at(blurred, OPTIONS)
    for last, is_searched in ((first, False), (large, True)):
        parts = iter([first, last])
        monkeypatch.setattr("dipcli.blur.kernel_search._best_of", lambda *_, parts=parts: next(parts))
        monkeypatch.setattr("dipcli.blur.kernel_search.by_edges", lambda *_, **__: first)
        found = find_kernel(frame, search)
        assert any(each.is_wide for each in found) == is_searched


def _found(search, kernel):
    return Sought(search, search.judge(kernel), (kernel,))


def test_of_kernels_whose_errors_differ_by_chance_the_sharpest_is_taken():
    chance = torch.randn(400, generator=torch.Generator().manual_seed(0))
    chance = chance - chance.mean()
    told = {
        "best": Foretold(torch.ones(400), -5.0, 0.8),
        "sharper": Foretold(1.04 + chance, -4.9, 0.7),
        "worse": Foretold(torch.full((400,), 1.04), -4.9, 0.6),
    }
    search = SimpleNamespace(foretell=told.__getitem__)
    assert most_believable(search, [(name, 1.0) for name in told]) == ("sharper", 1.0)
    assert most_believable(search, [("best", 0.9), ("worse", 1.0)]) == ("best", 0.9)


def test_hidden_values_are_told_by_the_right_kernel(blurred):
    right, wrong = (foretell(blurred[0], kernel) for kernel in (hook(), hook().flip(1)))
    assert wrong.is_worse(right)
    assert not right.is_worse(wrong)
    assert not right.is_worse(right)
    assert right.score < wrong.score


def test_where_nothing_is_seen_no_kernel_is_worse(blurred):
    nothing = torch.zeros_like(blurred[0], dtype=torch.bool)
    nothing[:3, :3] = True
    told = [foretell(blurred[0], kernel, nothing) for kernel in (hook(), hook().flip(1))]
    assert not told[0].is_worse(told[1])
    assert not told[1].is_worse(told[0])
