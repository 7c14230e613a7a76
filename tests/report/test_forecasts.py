"""Forecasts in words for a person."""

import pytest

from dipcli.engine.forecast import Forecast
from dipcli.report.forecasts import in_words, time_in_words


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0.4, 0.44, "0.4 s"),
        (5.12, 20.3, "5.1-20 s"),
        (720, 1200, "12-20 min"),
        (60, 90, "60-90 s"),
        (5000, 40_000, "1.4-11 h"),
        (86_400, 2e6, "1.0-23 days"),
        (1e9, 1e12, "12,000-12,000,000 days"),
    ],
)
def test_a_range_has_one_unit_and_two_figures(least, most, words):
    assert time_in_words(least, most) == words


def test_tiles_and_memory_are_said():
    assert in_words(Forecast(720, 1200, 3e9, 9)) == "12-20 min, 9 tiles, 3.0 GB"
    assert in_words(Forecast(720, 1200, 3e9)) == "12-20 min, 3.0 GB"
