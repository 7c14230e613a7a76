"""Conjugate gradients find what a dense solver finds."""

import numpy as np
import pytest
import torch
from laws import assert_matches

from dipcli.classical.least_squares import adjoint, least_squares

SHAPE = (1, 4, 3)
SIDE = 12


def drawn(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def dense(matrix):
    """The operator of a matrix, on images."""
    return lambda image: matrix @ image.flatten().to(matrix.dtype)


def solved(matrix, measurement, start=None, damping=0.0):
    """By the normal equations of NumPy; a complex row is two real ones."""
    rows, wanted = (np.concatenate([x.numpy().real, x.numpy().imag]) for x in (matrix, measurement))
    start = np.zeros(SIDE) if start is None else start.numpy().ravel()
    left = rows.T @ rows + damping * np.eye(SIDE)
    return torch.from_numpy(np.linalg.solve(left, rows.T @ wanted + damping * start).reshape(SHAPE))


@pytest.mark.parametrize("rows", [12, 20])
def test_the_solution_is_numpys(rows):
    matrix, measurement = drawn(rows, SIDE), drawn(rows)
    found = least_squares(dense(matrix), measurement, torch.zeros(SHAPE, dtype=torch.float64), iterations=200)
    expected = np.linalg.lstsq(matrix.numpy(), measurement.numpy(), rcond=None)[0].reshape(SHAPE)
    assert_matches(found, expected, tolerance=1e-4)


def test_complex_measurements_count_with_both_parts():
    matrix, measurement = torch.complex(drawn(9, SIDE), drawn(9, SIDE)), torch.complex(drawn(9), drawn(9))
    found = least_squares(dense(matrix), measurement, torch.zeros(SHAPE, dtype=torch.float64), iterations=100)
    assert_matches(found, solved(matrix, measurement), tolerance=1e-5)


@pytest.mark.parametrize("rows", [6, 20])
@pytest.mark.parametrize("damping", [0.1, 10.0])
def test_damping_draws_the_solution_towards_the_start(rows, damping):
    matrix, measurement, start = drawn(rows, SIDE), drawn(rows), drawn(*SHAPE)
    found = least_squares(dense(matrix), measurement, start, damping, iterations=100)
    assert_matches(found, solved(matrix, measurement, start, damping), tolerance=1e-5)


def test_strong_damping_stays_at_the_start():
    matrix, start = drawn(20, SIDE), drawn(*SHAPE)
    assert_matches(least_squares(dense(matrix), drawn(20), start, 1e9), start, tolerance=1e-6)


def test_what_the_operator_does_not_see_stays_at_the_start():
    seen = torch.zeros(SHAPE, dtype=torch.float64)
    seen[0, :2] = 1
    start, measurement = drawn(*SHAPE), drawn(*SHAPE)
    found = least_squares(lambda image: seen * image, measurement, start)
    assert_matches(found, torch.where(seen > 0, measurement, start))


def test_as_many_iterations_as_unknowns_are_enough():
    matrix = torch.eye(SIDE, dtype=torch.float64) + 0.1 * drawn(SIDE, SIDE)
    measurement = drawn(SIDE)
    found = least_squares(dense(matrix), measurement, torch.zeros(SHAPE, dtype=torch.float64), iterations=SIDE)
    assert_matches(found, solved(matrix, measurement), tolerance=1e-5)


def test_every_iteration_brings_the_prediction_nearer():
    matrix, measurement, start = drawn(20, SIDE), drawn(20), torch.zeros(SHAPE, dtype=torch.float64)
    errors = [
        float((dense(matrix)(least_squares(dense(matrix), measurement, start, iterations=n)) - measurement).norm())
        for n in range(8)
    ]
    assert errors == sorted(errors, reverse=True)


def test_a_start_that_explains_everything_is_returned():
    matrix, start = drawn(20, SIDE), drawn(*SHAPE)
    assert torch.equal(least_squares(dense(matrix), dense(matrix)(start), start), start)


def test_nothing_measured_of_nothing_is_nothing():
    matrix, start = drawn(20, SIDE), torch.zeros(SHAPE, dtype=torch.float64)
    assert torch.equal(least_squares(dense(matrix), torch.zeros(20, dtype=torch.float64), start), start)


def test_the_start_is_left_as_it_was():
    start = drawn(*SHAPE)
    before = start.clone()
    least_squares(dense(drawn(20, SIDE)), drawn(20), start)
    assert torch.equal(start, before)


@pytest.mark.parametrize("is_complex", [False, True])
def test_the_adjoint_is_the_transpose_of_the_matrix(is_complex):
    matrix, measured = drawn(7, SIDE), drawn(7)
    if is_complex:
        matrix, measured = torch.complex(matrix, drawn(7, SIDE)), torch.complex(measured, drawn(7))
    back = adjoint(dense(matrix), torch.zeros(SHAPE, dtype=torch.float64))
    assert_matches(back(measured), (matrix.mH @ measured).real.reshape(SHAPE))
