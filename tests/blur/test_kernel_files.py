"""Kernels from files: any picture or array becomes an odd square of sum 1 whose middle is the file's."""

import numpy as np
import pytest
from PIL import Image

from dipcli.blur.kernel_files import load_kernel
from dipcli.errors import InputError


def save(path, values):
    if path.suffix == ".npy":
        np.save(path, np.asarray(values, np.float32))
    else:
        Image.fromarray(np.asarray(values, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("name", ["kernel.npy", "kernel.png"])
def test_a_kernel_has_the_sum_1(tmp_path, name):
    kernel = load_kernel(save(tmp_path / name, [[0, 10, 0], [10, 20, 10], [0, 10, 0]]))
    assert kernel.dtype == np.float32
    assert kernel == pytest.approx(np.array([[0, 10, 0], [10, 20, 10], [0, 10, 0]]) / 60)


@pytest.mark.parametrize("shape", [(7, 7), (6, 6), (6, 9), (5, 4)], ids=str)
def test_the_middle_stays_the_middle(tmp_path, shape):
    values = np.zeros(shape)
    middle = tuple(side // 2 for side in shape)
    values[middle] = 100
    values[middle[0], middle[1] + 1] = 50
    kernel = load_kernel(save(tmp_path / "kernel.npy", values))
    assert kernel == pytest.approx(np.array([[0, 0, 0], [0, 2, 1], [0, 0, 0]]) / 3)


def test_colours_are_averaged(tmp_path):
    values = np.zeros((3, 3, 3))
    values[1, 1] = (30, 60, 90)
    assert load_kernel(save(tmp_path / "kernel.png", values)) == pytest.approx(np.ones((1, 1)))


def test_the_black_of_a_compressed_picture_is_cut_off(tmp_path):
    values = np.ones((9, 9))
    values[3:6, 3:6] = 255
    assert load_kernel(save(tmp_path / "kernel.png", values)).shape == (3, 3)


def test_a_file_without_a_value_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"kernel\.png: a kernel without a value above 0"):
        load_kernel(save(tmp_path / "kernel.png", np.zeros((5, 5))))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_values_that_are_not_finite_are_refused(tmp_path, value):
    values = np.ones((3, 3))
    values[0, 1] = value
    with pytest.raises(InputError, match=r"kernel\.npy: 1 of 9 values are NaN or infinite, so it is no kernel"):
        load_kernel(save(tmp_path / "kernel.npy", values))


@pytest.mark.parametrize("dtype", ["int16", "int64", "uint8", "uint16", "float16", "float32", "float64"])
def test_the_least_value_is_not_taken_off(tmp_path, dtype):
    values = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    np.save(tmp_path / "kernel.npy", values.astype(dtype))
    assert load_kernel(tmp_path / "kernel.npy") == pytest.approx(values / 16)


def test_a_small_negative_value_lifts_no_other(tmp_path):
    values = np.zeros((9, 9))
    values[4, 3:6], values[0, 0] = 1, -0.1
    assert load_kernel(save(tmp_path / "kernel.npy", values)) == pytest.approx(
        np.array([[0] * 3, [1] * 3, [0] * 3]) / 3
    )


def test_a_volume_is_no_kernel(tmp_path):
    with pytest.raises(InputError, match=r"kernel\.npy"):
        load_kernel(save(tmp_path / "kernel.npy", np.ones((5, 6, 7))))
