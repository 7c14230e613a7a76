"""NumPy's files: order of bytes, complex numbers as pairs, and what is no number."""

import numpy as np
import pytest

from dipcli.errors import InputError
from dipcli.io.arrays import with_parts_joined
from dipcli.io.numpy_files import read_numpy


def complex_values():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(3, 5, 4)) + 1j * rng.normal(size=(3, 5, 4))).astype(np.complex64)


@pytest.mark.parametrize("dtype", [">u2", ">i4", ">f4", ">f8", ">c8", "<u2"])
def test_bytes_come_in_this_machine_s_order(tmp_path, dtype):
    stored = np.arange(12).reshape(3, 4).astype(dtype)
    np.save(tmp_path / "a.npy", stored)
    np.savez(tmp_path / "a.npz", data=stored)
    for name in ("a.npy", "a.npz"):
        array = read_numpy(tmp_path / name, None, ())[0]
        assert array.dtype.isnative
        assert array.dtype == stored.dtype.newbyteorder("=")
        np.testing.assert_array_equal(array, stored)


@pytest.mark.parametrize("names", [("real", "imag"), ("r", "i"), ("Imag", "Real")])
def test_fields_of_real_and_imaginary_parts_are_complex_numbers(tmp_path, names):
    values = complex_values()
    stored = np.zeros(values.shape, [(name, ">f4") for name in names])
    for name in names:
        stored[name] = values.real if name[0].lower() == "r" else values.imag
    np.save(tmp_path / "a.npy", stored)
    np.testing.assert_array_equal(read_numpy(tmp_path / "a.npy", None, ())[0], values)


@pytest.mark.parametrize("axis", [0, -1])
def test_parts_along_the_first_or_last_axis_are_joined(axis):
    values = complex_values()
    np.testing.assert_array_equal(with_parts_joined(np.stack([values.real, values.imag], axis)), values)


@pytest.mark.parametrize("array", [np.ones((3, 4)), np.ones((3, 4, 3)), np.ones((2, 3, 4), complex)])
def test_other_arrays_stay_as_they_are(array):
    assert with_parts_joined(array) is array


@pytest.mark.parametrize(
    "array", [np.full((3, 4), "abc"), np.zeros(4, "M8[s]"), np.zeros(4, [("time", "f4"), ("value", "f4")])]
)
def test_what_is_no_number_is_one_sentence(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=r"a.npy: holds .* values, which are no numbers"):
        read_numpy(tmp_path / "a.npy", None, ())


def test_an_archive_without_arrays_is_one_sentence(tmp_path):
    np.savez(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"a.npz: has no array that could be read"):
        read_numpy(tmp_path / "a.npz", None, ())


def test_an_archive_that_was_cut_off_is_one_sentence(tmp_path):
    np.savez(tmp_path / "a.npz", data=complex_values())
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-40])
    with pytest.raises(InputError, match=r"a.npz: cannot be read as NumPy's"):
        read_numpy(tmp_path / "a.npz", None, ())


def test_the_first_array_of_a_name_beside_comes_along(tmp_path):
    np.savez(tmp_path / "a.npz", data=np.ones((3, 4)), pixel_mask=np.eye(3, 4))
    beside = read_numpy(tmp_path / "a.npz", None, ("data",), ("mask", "pixel_mask"))[1]
    np.testing.assert_array_equal(beside, np.eye(3, 4))
