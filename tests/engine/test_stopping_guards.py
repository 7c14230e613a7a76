"""When a minimum is believed: synthetic scores, from the shapes that real runs showed."""

import math

import pytest
import torch
from steps import Scripted, step_at

PICTURE = torch.zeros(1, 2, 2)


def judge(scores, *, length=None, **options):
    """The iterations called best, and the one at which the run stopped (None if it did not)."""
    stopper = Scripted(scores, **options)
    best = []
    for iteration in range(1, (length or len(scores)) + 1):
        verdict = stopper.update(step_at(iteration, PICTURE))
        if verdict.best:
            best.append(iteration)
        if verdict.stop:
            return best, iteration
    return best, None


def valley(bottom, length, *, depth=1.0, height=2.0):
    """Falls to `depth` at iteration `bottom`, then rises."""
    return [depth + (height - depth) * abs(i - bottom) / bottom for i in range(1, length + 1)]


def test_the_bottom_of_a_u_curve_is_found_and_confirmed():
    best, stopped = judge(valley(200, 400))
    assert (best[-1], stopped) == (200, 250)


def test_a_false_dip_before_the_warm_up_is_not_believed():
    scores = valley(200, 400)
    scores[19] = 0.01
    best, stopped = judge(scores, warm_up=50)
    assert (best[-1], stopped) == (200, 250)
    assert min(best) > 50


def test_a_false_dip_gives_way_to_a_deeper_valley_within_patience():
    scores = valley(40, 80, depth=1.5)[:60] + valley(140, 400)[60:]
    best, stopped = judge(scores, patience=100)
    assert 40 in best
    assert (best[-1], stopped) == (140, 240)


def test_the_first_confirmed_minimum_is_final_when_the_score_falls_again_later():
    scores = valley(100, 300) + [0.1] * 100
    stopper = Scripted(scores)
    verdicts = [stopper.update(step_at(i, PICTURE)) for i in range(1, len(scores) + 1)]
    assert [i for i, verdict in enumerate(verdicts, 1) if verdict.best][-1] == 100
    assert all(verdict.stop for verdict in verdicts[149:])


def test_a_minimum_within_the_margin_of_the_last_is_none():
    best, _ = judge([1.0, 0.995, 0.991, 0.98], margin=0.01)
    assert best == [1, 4]


def test_a_slow_descent_counts_as_soon_as_it_adds_up_to_the_margin():
    best, stopped = judge([1 - 0.002 * i for i in range(100)], margin=0.01, patience=8)
    assert len(best) > 10
    assert stopped is None


def test_patience_is_a_third_of_few_iterations():
    _, stopped = judge([1.0], length=100, patience=1000, iterations=90)
    assert stopped == 1 + 30


def test_patience_is_at_least_one():
    assert judge([1.0], length=5, patience=1000, iterations=2) == ([1], 2)


def test_a_final_score_needs_no_confirmation(monkeypatch):
    monkeypatch.setattr(Scripted, "FINAL", 0.0)
    assert judge([3.0, 2.0, -0.1, 1.0]) == ([1, 2, 3], 3)


def test_a_final_score_is_not_believed_during_warm_up(monkeypatch):
    monkeypatch.setattr(Scripted, "FINAL", 0.0)
    assert judge([-1.0, -1.0, 2.0, -0.1], warm_up=2) == ([3, 4], 4)


def test_nan_is_never_best():
    best, _ = judge([math.nan, 1.0, math.nan, 0.5, math.nan])
    assert best == [2, 4]


@pytest.mark.parametrize("score", [math.nan, math.inf, None])
def test_without_any_finite_score_nothing_is_confirmed(score):
    assert judge([score], length=200) == ([], None)


def test_iterations_without_a_score_do_not_wear_out_patience():
    assert judge([1.0, *[None] * 100, 2.0, 2.0], patience=2, length=103) == ([1], 103)


def test_the_score_is_told_even_during_warm_up():
    verdict = Scripted([0.7], warm_up=10).update(step_at(3, PICTURE))
    assert verdict == (0.7, False, False)


def test_a_rewound_stopper_judges_as_it_did_before():
    scores = valley(30, 100)
    stopper = Scripted(scores, patience=10)
    for i in range(1, 26):
        stopper.update(step_at(i, PICTURE))
    state = stopper.state()
    first = [stopper.update(step_at(i, PICTURE)) for i in range(26, 60)]
    stopper.load_state(state)
    assert [stopper.update(step_at(i, PICTURE)) for i in range(26, 60)] == first
