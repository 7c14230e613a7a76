"""Laws whose variance is a straight line: two kinds of noise at once, and a camera's black level."""

import numpy as np
import pytest

from dipcli.classical.noise import fit_law

AT = np.linspace(0.1, 0.9, 20)


def test_gaussian_and_shot_noise_are_found_together():
    law = fit_law(np.stack([AT, 0.1**2 + AT / 30], 1))
    assert law.gaussian == pytest.approx(0.1, rel=0.1)
    assert law.shot**-2 == pytest.approx(30, rel=0.1)


def test_where_most_of_a_picture_is_dark_its_light_has_the_right_noise():
    at = 0.3 + 0.6 * AT**4
    law = fit_law(np.stack([at, 0.05**2 + at / 100], 1))
    assert law.variance(at) == pytest.approx(0.05**2 + at / 100, rel=0.1)


def test_shot_noise_begins_at_the_black_level_of_a_camera():
    law = fit_law(np.stack([AT, (AT - 0.08) / 400], 1), zero=-0.1)
    assert law.zero == pytest.approx(0.08, abs=0.01)
    assert law.shot**-2 == pytest.approx(400, rel=0.1)
    assert (law.gaussian, law.speckle, law.parabola) == (0, 0, None)


@pytest.mark.parametrize("seed", range(4))
def test_a_curve_that_merely_wavers_has_one_kind(seed):
    waver = np.exp(np.random.default_rng(seed).normal(0, 0.05, AT.size))
    assert fit_law(np.stack([AT, 0.05**2 * waver], 1)).shot == 0
