"""Masks are fastMRI's, line by line; the calibration block is the widest that is full."""

import numpy as np
import pytest

from dipcli.errors import OptionError
from dipcli.mri.sampling import calibration_block, sampling_mask

SEEDS = range(10)
FRACTIONS = {2: 0.16, 4: 0.08, 5: 0.0, 6: 0.06, 8: 0.04}


def mask(shape, acceleration, kind="random", center_fraction=None, seed=0):
    return sampling_mask(shape, acceleration, kind, center_fraction=center_fraction, seed=seed)


def lines(width, *arguments, **options):
    """The numbers of the measured lines; all of a line is measured, or nothing of it."""
    sampled = mask((5, width), *arguments, **options)
    assert (sampled == sampled[:1]).all()
    return set(np.flatnonzero(sampled[0]).tolist())


# The three rules as fastMRI's documentation and source describe them, in words of our own.


def central(width, fraction):
    count = round(width * fraction)
    first = (width - count + 1) // 2
    return set(range(first, first + count))


def by_random(width, acceleration, fraction, seed):
    """Each line with a chance that makes up for those in the centre, one draw for each, the centre's too."""
    count = round(width * fraction)
    chance = (width / acceleration - count) / (width - count)
    drawn = np.random.RandomState(seed).uniform(size=width)
    return {line for line in range(width) if drawn[line] < chance} | central(width, fraction)


def by_step(width, acceleration, fraction, seed):
    offset = np.random.RandomState(seed).randint(0, acceleration)
    return {line for line in range(width) if line % acceleration == offset} | central(width, fraction)


def by_fractional_step(width, acceleration, fraction, seed):
    """The step is longer, for the centre is there already; the last line is never reached."""
    count = round(width * fraction)
    step = acceleration * (width - count) / (width - count * acceleration)
    offset = np.random.RandomState(seed).randint(0, round(step))
    reached = [offset + k * step for k in range(width) if offset + k * step < width - 1]
    return {round(position) for position in reached} | central(width, fraction)


RULES = {"random": by_random, "equispaced": by_step, "equispaced-fraction": by_fractional_step}


@pytest.mark.parametrize("acceleration", FRACTIONS)
@pytest.mark.parametrize("width", [20, 33, 180, 320, 368, 372])
@pytest.mark.parametrize("kind", RULES)
def test_lines_are_fastmris_seed_for_seed(kind, width, acceleration):
    fraction = FRACTIONS[acceleration]
    for seed in SEEDS:
        expected = RULES[kind](width, acceleration, fraction, seed)
        assert lines(width, acceleration, kind, fraction, seed) == expected


@pytest.mark.parametrize(("acceleration", "fraction"), [(4, 0.08), (8, 0.04), (5, 0.064)])
def test_the_centre_shrinks_with_the_acceleration_as_in_fastmri(acceleration, fraction):
    assert lines(180, acceleration) == by_random(180, acceleration, fraction, 0)


def test_another_seed_measures_other_lines():
    assert lines(180, 4, seed=0) != lines(180, 4, seed=1)


def test_lines_run_along_the_readout():
    sampled = mask((24, 20), 4)
    assert sampled.shape == (24, 20)
    assert sampled.dtype == bool
    assert (sampled.all(0) == sampled.any(0)).all()


def test_a_mask_may_be_written_to():
    mask((24, 20), 4)[0, 0] = True


@pytest.mark.parametrize("acceleration", [2, 4, 8])
@pytest.mark.parametrize("shape", [(24, 20), (41, 33), (20, 60)], ids=str)
def test_a_poisson_disc_keeps_about_as_many_values_as_wanted(shape, acceleration):
    for seed in range(3):
        sampled = mask(shape, acceleration, "poisson", seed=seed)
        assert sampled.size / sampled.sum() == pytest.approx(acceleration, rel=0.1)


@pytest.mark.parametrize("shape", [(40, 30), (41, 31)], ids=str)
def test_the_centre_of_a_poisson_disc_is_full(shape):
    sampled = mask(shape, 6, "poisson", 0.15)
    height, width = (round(0.15 * side) for side in shape)
    top, left = (shape[0] - height + 1) // 2, (shape[1] - width + 1) // 2
    assert sampled[top : top + height, left : left + width].all()
    assert sampled[shape[0] // 2, shape[1] // 2]


def test_a_poisson_disc_is_denser_around_the_centre():
    sampled = mask((64, 64), 6, "poisson", 0.02)
    assert sampled[16:48, 16:48].mean() > 1.5 * sampled.mean()


def test_a_poisson_disc_follows_its_seed():
    first, again, other = (mask((24, 20), 4, "poisson", seed=seed) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("acceleration", "fraction"), [(1, None), (0.5, None), (4, 0.25), (4, 0.3)], ids=["1", "0.5", "1/4", "0.3"]
)
def test_a_mask_that_cannot_be_is_an_option_error(acceleration, fraction):
    with pytest.raises(OptionError, match=r"--undersample .* leaves nothing to choose; give .*\.$"):
        mask((24, 20), acceleration, center_fraction=fraction)


def block(sampled):
    rows, columns = calibration_block(sampled)
    return (rows.start, rows.stop), (columns.start, columns.stop)


@pytest.mark.parametrize(("width", "first"), [(20, 7), (20, 8), (21, 7), (21, 8)], ids=str)
def test_the_block_of_lines_is_as_high_as_the_readout(width, first):
    sampled = np.zeros((24, width), bool)
    sampled[:, first : first + 6] = True
    sampled[:, 1] = True
    assert block(sampled) == ((0, 24), (first, first + 6))


@pytest.mark.parametrize("shape", [(24, 20), (23, 21)], ids=str)
def test_a_full_scan_is_one_block(shape):
    assert block(np.ones(shape, bool)) == ((0, shape[0]), (0, shape[1]))


@pytest.mark.parametrize("shape", [(24, 20), (23, 21)], ids=str)
def test_a_block_within_every_second_point_ends_where_points_are_missing(shape):
    sampled = np.zeros(shape, bool)
    sampled[::2, ::2] = True
    sampled[7:17, 6:14] = True
    (top, bottom), (left, right) = block(sampled)
    assert sampled[top:bottom, left:right].all()
    assert (top, bottom, left, right) == (7, 17, 6, 14)


def test_a_single_point_is_the_smallest_block():
    sampled = np.zeros((24, 20), bool)
    sampled[12, 10] = True
    assert block(sampled) == ((12, 13), (10, 11))


def test_without_the_centre_the_block_is_empty():
    sampled = np.ones((24, 20), bool)
    sampled[12, 10] = False
    rows, columns = calibration_block(sampled)
    assert not sampled[rows, columns].size


def test_a_block_off_the_centre_need_not_be_symmetric():
    sampled = np.zeros((24, 20), bool)
    sampled[10:20, 9:18] = True
    assert block(sampled) == ((10, 20), (9, 18))
