"""Large pictures: made in bands, their kernels sought in parts."""

from dataclasses import replace

import pytest
import torch
from blurs import blur, hook, shapes

from dipcli.blur import blurred_frame, kernel_search, searched_part
from dipcli.blur.blur import disk_kernel, motion_kernel
from dipcli.blur.blurred_frame import look_at
from dipcli.blur.crops import most_edges
from dipcli.blur.deblurring import workload_of
from dipcli.blur.doubts import cautions_of, doubts_of, is_sure
from dipcli.blur.edge_kernels import estimate_kernel, framed, similarity, strokes_of
from dipcli.blur.evenness import compare_parts, draw_map
from dipcli.blur.kernel_search import Sought, support_of, without_remnants
from dipcli.blur.options import DeblurOptions
from dipcli.blur.searched_part import KernelCandidate, choose_part, search_in
from dipcli.metrics import psnr_db
from dipcli.report.progress import FitProgress, StageReporter

TV = DeblurOptions(method="tv")


@pytest.fixture(scope="module")
def frame():
    return blur(shapes(150, 108), hook())


@pytest.fixture(scope="module")
def page():
    """Strokes of ink on paper."""
    draw = torch.Generator().manual_seed(2)
    page = torch.full((1, 140, 150), 0.9)
    for _ in range(160):
        top, left = (int(torch.randint(n, (), generator=draw)) for n in (136, 146))
        tall, wide = ((7, 2), (2, 7), (5, 5))[int(torch.randint(3, (), generator=draw))]
        page[:, top : top + tall, left : left + wide] = 0.1
    return page


@pytest.fixture(scope="module")
def shaken():
    """A search in a picture behind a straight motion, and the true kernel."""
    blurred, _ = look_at(blur(shapes(150, 108), motion_kernel(13, 30)), TV)
    search = search_in(blurred, choose_part(blurred, TV), TV)
    return search, search.judge(motion_kernel(13, 30))


def test_bands_make_the_picture_that_is_made_at_once(frame, monkeypatch):
    blurred, _ = look_at(frame, TV)
    whole = blurred.sharp_picture(hook())
    monkeypatch.setattr(blurred_frame, "BAND_VALUES", 50 * 100)
    told = []
    banded = blurred.sharp_picture(hook(), lambda status, share: told.append(share))
    assert psnr_db(banded, whole) > 45
    assert told == sorted(told)
    assert len(told) == 3


def test_parts_are_chosen_apart(frame):
    blurred, _ = look_at(frame, TV)
    first = most_edges(blurred, 48)
    second = most_edges(blurred, 48, [first])
    overlap = [min(a.stop, b.stop) - max(a.start, b.start) for a, b in zip(first, second, strict=True)]
    assert min(overlap) <= 8


def test_the_kernel_of_writing_is_found_by_its_strokes(page):
    kernel = motion_kernel(9, 30)
    gray = blur(page, kernel)[0]
    found = estimate_kernel(strokes_of(gray), 15, edges=4e-3, has_strokes=True)
    assert similarity(found, kernel) > 0.8


def test_paper_is_one_and_ink_is_zero(page):
    for gray in (page[0], 1 - page[0]):
        strokes = strokes_of(gray)
        assert float(strokes.median()) == pytest.approx(1, abs=0.02)
        assert float(strokes.min()) == pytest.approx(0, abs=0.02)


def test_a_kernel_near_a_point_and_clipped_lights_are_said(frame):
    lit = frame.clone()
    lit[:, 40:50, 40:50] = 1.0
    blurred, _ = look_at(lit, TV)
    search = search_in(blurred, choose_part(blurred, TV), TV)
    point = torch.zeros(13, 13)
    point[6, 6] = 1
    cautions = " ".join(cautions_of(search, KernelCandidate(0.0, 0.0, point, lit), 0.01))
    assert "near a point" in cautions
    assert "of where the kernel was sought are clipped lights" in cautions
    assert "of the picture are clipped lights" not in cautions


def test_clipped_lights_are_said_where_the_kernel_was_not_sought_among_them(shaken):
    search, guess = shaken
    assert cautions_of(search, guess, 0.0) == ()
    (caution,) = cautions_of(search, guess, 0.01)
    assert "1.0% of the picture are clipped lights" in caution


def test_a_larger_window_is_tried_where_the_kernel_fills_its_own(monkeypatch):
    for module in (kernel_search, searched_part):
        monkeypatch.setattr(module, "WINDOWS", (5, 9, 21))
    monkeypatch.setattr(searched_part, "PART", 60)
    kernel = motion_kernel(15, 30)
    blurred, _ = look_at(blur(shapes(200, 200), kernel), TV)
    search = search_in(blurred, choose_part(blurred, TV), TV)
    assert search.largest == 9
    wider = kernel_search.find_kernel(blurred, search)[0]
    assert wider.search.largest == 21
    assert similarity(wider.guess.kernel, kernel) > 0.6


def test_a_large_picture_takes_little_memory_and_no_network():
    whole = torch.empty(1).expand(3, 3000, 4000)  # no memory for it
    work = workload_of(whole, DeblurOptions())
    assert work.unknowns == {}
    assert work.classical_bytes is not None
    assert work.classical_bytes < 4.2e9
    assert workload_of(whole[:, :300, :300], DeblurOptions()).classical_bytes is None


def test_a_search_in_all_of_the_picture_is_forecast_where_there_is_room_for_it():
    whole = torch.empty(1).expand(3, 800, 1000)
    most = {
        name: work.classical_most - work.classical_seconds
        for name, work in {
            "all of it": workload_of(whole, TV),
            "no room": workload_of(whole[:, :400, :400], TV),
            "a part": workload_of(whole, replace(TV, crop="0,0,300,300", restarts=0)),
        }.items()
    }
    assert most["all of it"] > 300
    assert most["a part"] == pytest.approx(0)
    assert most["no room"] < most["all of it"]
    smaller = workload_of(whole[:, :600, :800], TV)
    assert smaller.classical_seconds < workload_of(whole, TV).classical_seconds  # parts of 256 pixels


def test_stages_are_shown_as_far_as_they_are_known():
    shown: list[FitProgress] = []
    tell = StageReporter(shown.append, "photo.jpg")
    for step, share in (("looking", 0.0), ("searching", 0.5), ("making", 0.0), ("", 1.0)):
        tell(step, share)
    assert [progress.step for progress in shown] == ["looking", "searching", "making", ""]
    assert [progress.total > 0 for progress in shown] == [False, True, False, False]
    assert shown[1].done * 2 == shown[1].total


def test_a_kernel_is_supported_by_one_that_is_like_it():
    point, line = torch.zeros(13, 13), motion_kernel(9, 30)
    point[6, 6] = 1
    assert support_of(line, [line, point, line.roll(1, 0)]) == pytest.approx(1, abs=1e-5)
    assert support_of(line, [line, point]) < 0.5
    assert support_of(line, [line]) == 0


@pytest.mark.parametrize(("support", "doubt", "caution"), [(0.9, 0, 0), (0.7, 0, 1), (0.4, 1, 0)])
def test_a_kernel_that_no_second_search_found_is_said(shaken, support, doubt, caution):
    search, guess = shaken
    guess = guess._replace(support=support)
    assert len(doubts_of(search, guess, guess)) == doubt
    assert sum("is uncertain" in each for each in cautions_of(search, guess, 0.0)) == caution
    assert is_sure(search, guess) == (not doubt and not caution)


def test_parts_that_found_the_same_are_merged_and_others_said(shaken):
    search, same = shaken
    gray = search.gray
    other = same._replace(kernel=same.kernel.flip(1))
    unsure = other._replace(support=0.3)
    even = compare_parts(gray, [Sought(search, guess) for guess in (same, same, unsure)])
    assert "100% alike" in even.decisions["kernels_of_parts"]
    assert "none at" in even.decisions["kernels_of_parts"]
    assert (even.warnings, even.objects) == ((), {})
    in_vain = compare_parts(gray, [Sought(search, same), Sought(search, other)])
    assert ["alone" in warning for warning in in_vain.warnings] == [
        True
    ]  # the first one explains that part better
    blurred, _ = look_at(blur(shapes(150, 108), other.kernel), TV)
    elsewhere = search_in(blurred, choose_part(blurred, TV), TV)
    uneven = compare_parts(gray, [Sought(search, same), Sought(elsewhere, other)])
    assert "may not be even" in uneven.warnings[0]
    assert uneven.objects["kernel_map"].shape == gray.shape


@pytest.mark.parametrize("length", [None, 7], ids=["none is sure", "one is nearly alike"])
def test_a_kernel_that_no_other_part_found_is_said(shaken, length):
    search, guess = shaken
    other = (
        guess._replace(support=0.3)
        if length is None
        else guess._replace(kernel=framed(motion_kernel(length, 30), len(guess.kernel)))
    )
    if length is not None:
        assert 0.6 < similarity(guess.kernel, other.kernel) < 0.8
    (warning,) = compare_parts(search.gray, [Sought(search, guess), Sought(search, other)]).warnings
    assert "alone" in warning


def test_a_kernel_that_neither_another_part_nor_all_of_the_picture_has_is_not_believed(shaken):
    search, guess = shaken
    sure, unsure = Sought(search, guess), Sought(search, guess._replace(support=0.3))
    all_of_it, in_vain = (each._replace(is_wide=True) for each in (sure, unsure))
    assert compare_parts(search.gray, [sure, unsure]).is_believed  # all of the picture was not searched
    assert compare_parts(search.gray, [sure, sure._replace(), in_vain]).is_believed
    assert compare_parts(search.gray, [all_of_it, unsure]).is_believed
    for found in ([sure, unsure, in_vain], [in_vain, unsure]):
        parts = compare_parts(search.gray, found)
        assert not parts.is_believed
        assert "look at the result" not in parts.warnings[0]


def test_a_map_has_the_kernels_where_they_were_found(shaken):
    search, guess = shaken
    gray = torch.full((300, 400), 0.5)
    left, right = ((slice(100, 200), slice(x, x + 100)) for x in (50, 250))
    unsure = guess._replace(support=0.3)
    found = [Sought(replace(search, place=place), each) for place, each in ((left, guess), (right, unsure))]
    drawn = draw_map(gray, found)
    assert drawn.shape == gray.shape
    assert float(drawn[left].max()) == pytest.approx(1)
    assert float(drawn[150, 100]) == pytest.approx(1, abs=0.5)
    assert float(drawn[right].max()) < 1  # crossed out
    assert float(drawn[right].diagonal().min()) == float(drawn[right].flip(1).diagonal().min()) > 0.5
    assert float(drawn[:90].max()) < 0.5
    assert draw_map(torch.full((2000, 1000), 0.5), found).shape == (768, 384)


def test_small_kernels_are_remnants_where_a_large_one_is_sure(shaken, monkeypatch):
    monkeypatch.setattr(Sought, "is_sure", property(lambda _: True))
    search, _ = shaken
    small, large = (search.judge(kernel) for kernel in (disk_kernel(1.5), motion_kernel(61, 20)))
    found = [Sought(search, small), Sought(search, large)]
    assert without_remnants(found) == found[1:]
    assert without_remnants(found[:1]) == found[:1]
    said = compare_parts(search.gray, [found[1], found[0]])
    assert ["alone" in warning for warning in said.warnings] == [True]  # not uneven
    assert "none at" in said.decisions["kernels_of_parts"]


@pytest.fixture
def head_and_tail():
    """A bright head alone, and with a faint tail of a third of it all."""
    head, whole = torch.zeros(2, 41, 41)
    head[18:23, 18:23] = 1 / 25
    whole[18:23, 18:23] = 0.65 / 25
    whole[20, 23:41] = 0.35 / 18
    return head, whole


def test_the_core_of_a_larger_kernel_gives_way_to_it(shaken, head_and_tail, monkeypatch):
    monkeypatch.setattr(Sought, "is_sure", property(lambda _: True))
    search, guess = shaken
    head, whole = (guess._replace(kernel=kernel) for kernel in head_and_tail)
    found = [Sought(search, head), Sought(search, whole), Sought(search, whole, (whole.kernel,))]
    assert similarity(head.kernel, whole.kernel) > 0.8
    assert without_remnants(found) == found[1:]
    assert without_remnants(found[:2]) == found[:2]  # no third search has found the tail


def test_a_kernel_that_goes_on_in_another_part_is_said(shaken, head_and_tail, monkeypatch):
    monkeypatch.setattr(Sought, "is_sure", property(lambda _: True))
    search, guess = shaken
    head, whole = (guess._replace(kernel=kernel) for kernel in head_and_tail)
    there = replace(search, place=(slice(8, 108), slice(0, 150)))
    said = compare_parts(search.gray, [Sought(search, head), Sought(there, whole)])
    assert "only some of the blur" in said.warnings[0]
    assert "--crop 0,8,150,100" in said.warnings[0]
    assert compare_parts(search.gray, [Sought(search, whole), Sought(there, head)]).warnings == ()


def test_where_the_kernel_is_sought_does_not_depend_on_the_unit():
    dim = 0.02 * blur(shapes(150, 200), hook())
    dim[:, 100:110, 20:30] += 0.01  # and one sharp lamp
    places = [most_edges(look_at(scale * dim, TV)[0], 64) for scale in (1, 10, 40)]
    assert places[0] == places[1] == places[2]
