"""MATLAB files of version 5, which are read in a process of their own."""

import sys

import numpy as np
import pytest
from scipy import io

from dipcli.errors import InputError
from dipcli.io import matlab
from dipcli.io.matlab import read_matlab


def values(dtype=np.complex64):
    rng = np.random.default_rng(0)
    return (rng.normal(size=(20, 30, 4)) + 1j * rng.normal(size=(20, 30, 4))).astype(dtype)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("packed", [True, False])
def test_an_array_comes_back_as_it_was_saved(tmp_path, dtype, packed):
    io.savemat(tmp_path / "a.mat", {"scan": values(dtype), "note": "text", "n": 3.0}, do_compression=packed)
    array = read_matlab(tmp_path / "a.mat", None, ())
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, values(dtype))


def test_a_name_that_is_not_there_is_one_sentence(tmp_path):
    io.savemat(tmp_path / "a.mat", {"scan": values()})
    with pytest.raises(InputError, match=r"a.mat: has no array other; it has scan\.$"):
        read_matlab(tmp_path / "a.mat", "other", ())


def test_a_damaged_file_is_one_sentence(tmp_path):
    io.savemat(tmp_path / "a.mat", {"scan": values()}, do_compression=True)
    content = bytearray((tmp_path / "a.mat").read_bytes())
    content[2000:2000] = b"\x85\x7f"
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(InputError, match=r"a.mat: cannot be read as MATLAB \(.*\); copy or export it again\."):
        read_matlab(tmp_path / "a.mat", None, ())


@pytest.mark.parametrize("code", ["import os; os.abort()", "print('[\"<f4\", [9], []]')", "raise ValueError"])
def test_a_reader_that_breaks_off_is_one_sentence(tmp_path, monkeypatch, code):
    io.savemat(tmp_path / "a.mat", {"scan": values()})
    monkeypatch.setattr(matlab, "READER", (sys.executable, "-c", code))
    with pytest.raises(InputError, match=r"a.mat: cannot be read as MATLAB \(its reader broke off\)"):
        read_matlab(tmp_path / "a.mat", None, ())


def test_the_fields_of_a_struct_are_arrays_by_name(tmp_path):
    io.savemat(tmp_path / "a.mat", {"scan": {"kspace": values(), "deep": {"other": 2 * values()}, "TE": 3.0}})
    np.testing.assert_array_equal(read_matlab(tmp_path / "a.mat", None, ("kspace",)), values())
    np.testing.assert_array_equal(read_matlab(tmp_path / "a.mat", "scan.deep.other", ()), 2 * values())
    with pytest.raises(InputError, match=r"name the array with --key, one of scan\.kspace, scan\.deep\.other\.$"):
        read_matlab(tmp_path / "a.mat", None, ())


def test_all_names_are_checked(tmp_path):
    seen = []
    io.savemat(tmp_path / "a.mat", {"scan": values(), "traj": values()})
    read_matlab(tmp_path / "a.mat", "scan", (), seen.extend)
    assert seen == ["scan", "traj"]
