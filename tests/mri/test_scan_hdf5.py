"""Scans in HDF5 files of any make: their axes, how complex numbers are stored, and how groups are called."""

import h5py
import numpy as np
import pytest
from scan_files import as_fastmri, as_ismrmrd, header, readouts
from scans import full_kspace

from dipcli.errors import InputError
from dipcli.mri.options import ReadingOptions
from dipcli.mri.preparation import centre_offset
from dipcli.mri.readers import load_maps, load_scan

KSPACE = full_kspace()  # (1 slice, 4 coils, 24, 20)
COILS = KSPACE[0]


def load(path, **options):
    return load_scan(path, ReadingOptions(**options))


def h5(path, array, **attributes):
    with h5py.File(path, "w") as file:
        file["kspace"] = array
        file.attrs.update(attributes)
    return path


def in_fields(array, names=("real", "imag")):
    stored = np.zeros(array.shape, [(name, np.float32) for name in names])
    for name in names:
        stored[name] = array.real if name[0] == "r" else array.imag
    return stored


STORED = {
    "complex": COILS,
    "of another machine": COILS.astype(">c8"),
    "last axis": np.stack([COILS.real, COILS.imag], -1),
    "first axis": np.stack([COILS.real, COILS.imag], 0),
    "fields": in_fields(COILS),
    "fields turned round": in_fields(COILS, ("imag", "real")),
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_three_axes_are_those_of_coils_and_said(tmp_path, stored):
    path = h5(tmp_path / "a.h5", stored)
    scan = load(path)
    assert np.array_equal(scan.kspace, KSPACE)
    assert scan.warnings == (
        f"{path}: its axes are thought to be coil,y,x; --axes names others, such as slice,y,x.",
    )


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_three_axes_are_slices_where_they_are_named_so(tmp_path, stored):
    scan = load(h5(tmp_path / "a.h5", stored), axes="slice,y,x", slices="1:3")
    assert np.array_equal(scan.kspace, np.moveaxis(KSPACE, 0, 1)[1:3])
    assert scan.warnings == ()


@pytest.mark.parametrize("names", [("real", "imag"), ("kspace_real", "kspace_imag"), ("k/re", "k/im")])
def test_parts_may_be_two_arrays(tmp_path, names):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[names[0]], file[names[1]] = COILS.real, COILS.imag
    assert np.array_equal(load(tmp_path / "a.h5").kspace, KSPACE)
    np.savez(tmp_path / "a.npz", **{names[0]: COILS.real, names[1]: COILS.imag})
    assert np.array_equal(load(tmp_path / "a.npz").kspace, KSPACE)


@pytest.mark.parametrize("attributes", [{"acquisition": "CORPD_FBK"}, {"patient_id": "0"}])
def test_three_axes_are_slices_in_files_of_fastmri(tmp_path, attributes):
    scan = load(h5(tmp_path / "a.h5", COILS, **attributes))
    assert np.array_equal(scan.kspace, np.moveaxis(KSPACE, 0, 1))
    assert scan.warnings == ()


def test_coils_may_come_last(tmp_path):
    assert np.array_equal(load(h5(tmp_path / "a.h5", np.moveaxis(COILS, 0, -1))).kspace, KSPACE)


def test_slices_of_pairs_are_read_alone(tmp_path):
    slices = full_kspace(slices=3)
    scan = load(h5(tmp_path / "a.h5", np.stack([slices.real, slices.imag], -1)), slices="1")
    assert np.array_equal(scan.kspace, slices[1:2])


@pytest.mark.parametrize("axes", ["y,x,coil", "x,y,coil", "coil,x,y"])
def test_axes_in_another_order_leave_no_line_out(tmp_path, axes):
    order = [("coil", "y", "x").index(name) for name in axes.split(",")]
    scan = load(as_fastmri(tmp_path / "a.h5", COILS.transpose(order), head=header(24, 20)), axes=axes)
    assert np.array_equal(scan.kspace, KSPACE)
    assert scan.sampled.all()


@pytest.mark.parametrize("head", ["junk", header().replace("<x>24<", "<x>nan<"), header(centre="inf")])
def test_a_header_that_makes_no_sense_is_one_sentence(tmp_path, head):
    with pytest.raises(InputError, match=r"a.h5: has an ismrmrd_header that cannot be understood"):
        load(as_fastmri(tmp_path / "a.h5", KSPACE, head=head))


def test_an_array_that_is_linked_twice_is_one_array(tmp_path):
    path = h5(tmp_path / "a.h5", KSPACE)
    with h5py.File(path, "a") as file:
        file["scan/raw"], file["up"] = file["kspace"], h5py.SoftLink("/")
        file["nowhere"] = h5py.SoftLink("/not/there")
        file.move("kspace", "measurement")
    for key in (None, "measurement", "scan/raw", "up/scan/raw"):
        assert np.array_equal(load(path, key=key).kspace, KSPACE)


@pytest.mark.parametrize("group", ["scan_1", "a/b/c", ""])
def test_the_group_of_an_ismrmrd_scan_may_have_any_name(tmp_path, group):
    scan = load(as_ismrmrd(tmp_path / "a.h5", readouts(COILS), header(), group=group))
    assert np.array_equal(scan.kspace, KSPACE)


def test_of_several_scans_one_is_to_be_named(tmp_path):
    path = as_ismrmrd(tmp_path / "a.h5", readouts(COILS), header(), group="first")
    with h5py.File(path, "a") as file:
        file.copy("first", "second")
    with pytest.raises(InputError, match=r"a.h5: holds 2 scans; name one with --key, of first, second."):
        load(path)
    assert np.array_equal(load(path, key="second").kspace, KSPACE)


def test_maps_may_be_stored_in_parts(tmp_path):
    np.save(tmp_path / "maps.npy", STORED["last axis"])
    assert np.array_equal(load_maps(tmp_path / "maps.npy"), KSPACE[None])


@pytest.mark.parametrize("place", [(0, 0, 0), (3, 5, 3), (1, 23, 19), (2, 2, 10)])
def test_a_spike_does_not_move_frequency_0(tmp_path, place):
    spiked = COILS.copy()
    spiked[place] = 1e4 * abs(COILS).max()
    np.save(tmp_path / "a.npy", spiked)
    scan = load(tmp_path / "a.npy")
    assert np.array_equal(scan.kspace[0], spiked)
    assert scan.warnings == ()


def test_spikes_of_every_slice_do_not_move_frequency_0():
    slices = full_kspace(slices=6)
    slices[np.arange(6), 0, np.arange(6), np.arange(6)] = 1e4 * abs(slices).max()
    assert centre_offset(slices) == (0, 0)


def test_a_spike_in_the_centre_leaves_frequency_0_in_the_corner(tmp_path):
    spiked = np.fft.ifftshift(COILS, (1, 2))
    spiked[1, 12, 10] = 1e4 * abs(COILS).max()
    np.save(tmp_path / "a.npy", spiked)
    scan = load(tmp_path / "a.npy")
    assert np.array_equal(scan.kspace[0], np.fft.fftshift(spiked, (1, 2)))
    assert "frequency 0 was in the corner" in scan.warnings[0]
