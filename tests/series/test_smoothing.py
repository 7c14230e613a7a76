"""Columns of numbers: their noise is found, they are smoothed as much, and gaps are filled in."""

import numpy as np
import pytest
from sensors import NOISE, noisy_columns, true_columns

from dipcli.series.smoothing import (
    Smoothness,
    inverse_diagonal,
    likely_smoothness,
    restore_columns,
    smoothed,
)


def error(values, truth):
    return np.sqrt(np.nanmean((values - truth) ** 2, axis=1))


def test_the_noise_of_each_column_is_found():
    for column, sigma in zip(noisy_columns(), NOISE, strict=True):
        assert likely_smoothness(column).sigma == pytest.approx(sigma, rel=0.15)


def test_columns_come_out_nearer_to_the_truth_and_as_near_as_is_said():
    found, doubt, _ = restore_columns(noisy_columns())
    wrong = error(found, true_columns())
    assert (wrong < 0.5 * NOISE).all()
    assert (wrong / np.sqrt((doubt**2).mean(1)) > 0.4).all()
    assert (wrong / np.sqrt((doubt**2).mean(1)) < 2.5).all()


def test_a_gap_is_filled_by_what_the_other_column_says():
    values = noisy_columns()
    values[0, 100:125] = np.nan
    together, doubt, _ = restore_columns(values)
    alone = restore_columns(values[:1])[0]
    gap, truth = slice(100, 125), true_columns()
    assert error(together[:1, gap], truth[:1, gap]) < error(alone[:1, gap], truth[:1, gap])
    assert doubt[0, 112] > doubt[0, 60]


def test_nothing_depends_on_unit_and_offset():
    values = noisy_columns()
    found, doubt, _ = restore_columns(values)
    other, other_doubt, _ = restore_columns(1e3 * values + 5)
    # The likelihood is flat about its maximum, which is found within a few parts in a thousand.
    assert (error(other - 5, 1e3 * found) < 0.05 * 1e3 * NOISE).all()
    np.testing.assert_allclose(other_doubt, 1e3 * doubt, rtol=0.1)


def test_columns_without_noise_come_back():
    at = np.arange(100.0)
    values = np.stack([np.sin(at / 10), np.full(100, 3.0), at**2])
    found, _, sigmas = restore_columns(values)
    assert (error(found, values) <= 1e-5 * np.ptp(values, axis=1)).all()
    assert (np.array(sigmas) <= 1e-4 * np.ptp(values, axis=1)).all()


def test_the_diagonal_of_the_inverse_is_exact():
    law, column = Smoothness(2, 1.0, 1.0, 0.0), np.random.default_rng(0).normal(size=12)
    column[3] = np.nan
    differences = np.diff(np.eye(12), 2, axis=0)
    precision = np.e * differences.T @ differences + np.diag(~np.isnan(column) + 1e-9)
    mean, doubt = smoothed(column, law)
    np.testing.assert_allclose(doubt, np.sqrt(np.diag(np.linalg.inv(precision))), rtol=1e-6)
    np.testing.assert_allclose(mean, np.linalg.solve(precision, np.nan_to_num(column)), rtol=1e-6)
    assert inverse_diagonal(np.array([[2.0, 4.0]])).tolist() == [0.25, 0.0625]
