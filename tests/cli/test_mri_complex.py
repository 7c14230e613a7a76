"""The phase and the maps of `dipcli mri`: written, and given back."""

import h5py
import numpy as np
import pytest
from scan_files import as_cfl, as_npy
from scans import full_kspace, sampled_kspace, to_images, true_image

from dipcli.mri.cfl import images_of_cfl, maps_of_cfl
from tests.commands import record_of


@pytest.fixture
def mri(program):
    """`mri(path, ...)` without networks."""
    return lambda *arguments: program("mri", "--preset", "instant", "--threads", "1", *arguments)


@pytest.fixture
def scan(tmp_path):
    return as_npy(tmp_path / "scan.npy", sampled_kspace()[0])


def turned(image, truth):
    """How far phases are from the true one where there is something, but for one turn of all; radians, median."""
    inside = np.abs(truth) > 0.2
    ratio = (image * truth.conj())[inside]
    return np.median(np.abs(np.angle(ratio * np.exp(-1j * np.angle(ratio.sum())))))


def phase_of_coils(images):
    """The true image as the principal component of its coils shows it."""
    flat = images.reshape(len(images), -1)
    weights = np.linalg.eigh(flat @ flat.conj().T)[1][:, -1].conj()
    return np.tensordot(weights, images, 1)


@pytest.mark.parametrize("model", ["sense", "coil"])
def test_numpy_holds_the_phase_of_a_virtual_coil(mri, scan, tmp_path, model):
    done = mri(scan, "-o", tmp_path / "r.npy", "--model", model)
    assert done.exit_code == 0, done.stderr
    image = np.load(tmp_path / "r.npy")
    assert (image.dtype, image.shape) == (np.complex64, (1, 24, 20))
    assert turned(image[0], phase_of_coils(to_images(full_kspace()[0]))) < 0.05


def test_one_coil_keeps_its_own_phase(mri, tmp_path):
    full = full_kspace(coils=1)[0]
    mri(as_npy(tmp_path / "a.npy", full), "-o", tmp_path / "r.npy", "--axes", "coil,y,x")
    image = to_images(full)
    np.testing.assert_allclose(np.load(tmp_path / "r.npy"), image, atol=1e-5 * np.abs(image).max())
    assert turned(image[0], true_image()) < 1


def test_hdf5_holds_magnitude_and_phase(mri, scan, tmp_path):
    mri(scan, "-o", tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5") as file:
        np.testing.assert_allclose(np.abs(file["complex_image"][()]), file["reconstruction"][()])


def test_saved_maps_can_be_given_back(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace(slices=2))
    for suffix in ("npy", "h5", "cfl"):
        mri(path, "-o", tmp_path / f"one.{suffix}", "--save-maps")
        maps = tmp_path / ("one.h5" if suffix == "h5" else f"one.maps.{suffix}")
        done = mri(path, "-o", tmp_path / f"two.{suffix}.npy", "--maps", maps)
        assert done.exit_code == 0, done.stderr
        assert "sense, with 1 given set(s) of maps" in done.stderr
    first, second = (np.load(tmp_path / name) for name in ("one.npy", "two.npy.npy"))
    np.testing.assert_allclose(first, second, atol=1e-5 * np.abs(first).max())
    assert np.load(tmp_path / "one.maps.npy").shape == (2, 1, 4, 24, 20)
    assert np.array_equal(maps_of_cfl(tmp_path / "one.maps.cfl"), np.load(tmp_path / "one.maps.npy"))


def test_a_whole_scan_has_maps_too(mri, tmp_path):
    mri(as_npy(tmp_path / "a.npy", full_kspace()[0]), "-o", tmp_path / "r.npy", "--save-maps")
    assert np.linalg.norm(np.load(tmp_path / "r.maps.npy")[0, 0], axis=0).max() == pytest.approx(1, abs=1e-5)


def test_that_there_are_no_maps_is_said(mri, scan, tmp_path):
    done = mri(scan, "-o", tmp_path / "r.npy", "--save-maps", "--model", "coil")
    assert "has no maps to save" in done.stderr
    assert not (tmp_path / "r.maps.npy").exists()


def test_maps_of_too_few_slices_are_one_sentence(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace(slices=3))
    np.save(tmp_path / "m.npy", np.ones((2, 1, 4, 24, 20), np.complex64))
    done = mri(path, "-o", tmp_path / "r.npy", "--maps", tmp_path / "m.npy")
    assert done.exit_code == 2
    assert "m.npy: has maps of 2 slices, but 3 are wanted" in done.stderr


def test_the_error_lies_beside_the_result_where_the_truth_is_known(mri, tmp_path):
    path = as_cfl(tmp_path / "a.cfl", full_kspace())
    mri(path, "-o", tmp_path / "r.cfl", "--undersample", "3", "--center-fraction", "0.3")
    truth = np.linalg.norm(to_images(full_kspace()[0]), axis=0)
    error = np.abs(images_of_cfl(tmp_path / "r.error.cfl")[0])
    np.testing.assert_allclose(error, np.abs(np.abs(images_of_cfl(tmp_path / "r.cfl")[0]) - truth), atol=1e-5)
    assert record_of(tmp_path / "r.cfl")["outputs"]["error"] == str(tmp_path / "r.error.cfl")


def test_a_complex_result_serves_as_a_reference(mri, scan, tmp_path):
    mri(scan, "-o", tmp_path / "r.cfl")
    mri(scan, "-o", tmp_path / "again.npy", "--reference", tmp_path / "r.cfl")
    assert record_of(tmp_path / "again.npy")["metrics"]["nmse"] < 1e-10


def test_a_pair_of_bart_may_become_another_format_in_its_folder(mri, tmp_path):
    path = as_cfl(tmp_path / "scan.cfl", sampled_kspace())
    assert mri(path, "-o", tmp_path / "scan.npy").exit_code == 0
    refused = mri(path, "-o", tmp_path / "scan.cfl", "--overwrite")
    assert refused.exit_code == 2
    assert "is an input and is never written over" in refused.stderr
