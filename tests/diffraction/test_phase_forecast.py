"""How long a search takes is not known before it is seen whether two starts agree: a forecast says both."""

import torch

from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.phase_cost import seconds_of
from dipcli.diffraction.phase_search import Measurement


def pattern(*sides):
    return Measurement(torch.ones(1, *sides), torch.ones(sides, dtype=torch.bool))


def test_where_no_two_starts_agree_a_search_takes_several_times_as_long():
    usual, most = seconds_of(pattern(128, 128), PhasingOptions())
    assert 2 * usual < most < 20 * usual


def test_one_search_of_one_round_leaves_only_the_fits_uncertain():
    usual, most = seconds_of(pattern(64, 64), PhasingOptions(method="classical", searches=1, rounds=1))
    assert usual == most > 0


def test_more_starts_and_larger_patterns_take_longer():
    small, large = seconds_of(pattern(64, 64), PhasingOptions()), seconds_of(pattern(96, 96), PhasingOptions())
    many = seconds_of(pattern(64, 64), PhasingOptions(starts=48))
    assert small[0] < large[0]
    assert small[1] < many[1]
