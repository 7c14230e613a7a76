"""What is wrong with a scan is said in one sentence that names the file and the way out."""

import sys

import h5py
import numpy as np
import pytest
from PIL import Image
from scan_files import (
    NOISE,
    as_cfl,
    as_fastmri,
    as_ismrmrd,
    as_matlab_5,
    as_matlab_73,
    as_npy,
    header,
    readout,
    readouts,
)
from scans import full_kspace, true_maps

from dipcli.errors import InputError, OptionError
from dipcli.mri.options import ReadingOptions
from dipcli.mri.readers import load_maps, load_reconstruction, load_scan


def sentence_of(call, path):
    with pytest.raises(InputError) as failure:
        call()
    text = str(failure.value)
    assert text.startswith(str(path.with_suffix("")))
    assert text.endswith(".")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def sentence(path, **options):
    return sentence_of(lambda: load_scan(path, ReadingOptions(**options)), path)


def test_a_file_that_is_not_there(tmp_path):
    assert "o such file" in sentence(tmp_path / "a.h5")


@pytest.mark.parametrize("name", ["a.h5", "a.npy", "a.mat", "a.png", "a"])
def test_a_text_is_no_scan(tmp_path, name):
    (tmp_path / name).write_text("not a scan")
    expected = "is no scan that is known; it reads .h5, .hdf5, .mrd, .cfl, .npy, .npz, .mat."
    assert sentence(tmp_path / name) == expected


def test_a_picture_is_no_scan(tmp_path):
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    assert "is no scan that is known; it reads .h5" in sentence(tmp_path / "a.png")


def test_an_empty_file_is_no_scan(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"")
    assert "is no scan that is known" in sentence(tmp_path / "a.h5")


def test_a_folder_is_no_scan(tmp_path):
    (tmp_path / "a.h5").mkdir()
    assert "cannot be read" in sentence(tmp_path / "a.h5")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
@pytest.mark.parametrize(
    ("write", "name"),
    [(as_npy, "a.npy"), (as_cfl, "a.cfl"), (as_fastmri, "a.h5"), (as_matlab_5, "a.mat"), (as_matlab_73, "a.mat")],
    ids=["npy", "cfl", "hdf5", "matlab-5", "matlab-7.3"],
)
def test_a_file_that_was_cut_off(tmp_path, write, name, share):
    path = write(tmp_path / name, full_kspace())
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    text = sentence(path)
    assert "again" in text or "known" in text


def test_pickled_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"evil": 1}], dtype=object), allow_pickle=True)
    assert "cannot be read as NumPy's" in sentence(tmp_path / "a.npy")


def test_a_cfl_without_its_header(tmp_path):
    path = as_cfl(tmp_path / "a.cfl", full_kspace())
    path.with_suffix(".hdr").unlink()
    assert sentence(path) == "its header a.hdr is not beside it; copy both files."


@pytest.mark.parametrize("text", ["", "# Dimensions\n", "# Dimensions\n1 x 20\n", "# Dimensions\n0 24 20 4\n"])
def test_a_header_without_dimensions(tmp_path, text):
    path = as_cfl(tmp_path / "a.cfl", full_kspace())
    path.with_suffix(".hdr").write_text(text)
    assert "a.hdr: names no dimensions; export both files again." in sentence(path)


def test_a_cfl_of_another_size_than_its_header(tmp_path):
    path = as_cfl(tmp_path / "a.cfl", full_kspace())
    path.with_suffix(".hdr").write_text("# Dimensions\n1 24 21 4\n")
    assert sentence(path) == "15360 bytes, but a.hdr asks for 16128; copy both again."


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("1 24 20 2 2", "dimension 4 has 2 entries; `bart slice` one of them."),
        ("1 24 20 1 1 1 4", "dimension 6 has 4 entries; `bart slice` one of them."),
        ("1 1920 1 1", "its k-space has 1 dimensions longer than 1; two are needed."),
    ],
)
def test_dimensions_of_bart_that_are_not_taken(tmp_path, shape, expected):
    path = as_cfl(tmp_path / "a.cfl", full_kspace())
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{shape}\n")
    assert expected in sentence(path)


def test_arrays_of_hdf5_that_cannot_be_told_apart(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["one"], file["group/two"] = full_kspace(), full_kspace()
    assert sentence(tmp_path / "a.h5") == "name the array with --key, one of one, group/two."


def test_hdf5_without_any_array(tmp_path):
    h5py.File(tmp_path / "a.h5", "w").close()
    assert sentence(tmp_path / "a.h5") == "has no array that could be read; export it again."


def test_a_key_that_is_not_there(tmp_path):
    as_fastmri(tmp_path / "a.h5", full_kspace())
    assert sentence(tmp_path / "a.h5", key="ksp") == "has no array ksp; it has kspace."
    as_matlab_5(tmp_path / "a.mat", full_kspace())
    assert sentence(tmp_path / "a.mat", key="ksp") == "has no array ksp; it has kspace."


@pytest.mark.parametrize(("write", "name"), [(as_fastmri, "a.h5"), (as_matlab_73, "a.mat")])
def test_hdf5_without_h5py(tmp_path, monkeypatch, write, name):
    path = write(tmp_path / name, full_kspace())
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert sentence(path) == "HDF5 needs h5py; pip install 'dipcli[formats]'."


def test_a_header_that_is_no_xml(tmp_path):
    path = as_fastmri(tmp_path / "a.h5", full_kspace(), head="<ismrmrdHeader>")
    assert "has an ismrmrd_header that cannot be understood" in sentence(path)


@pytest.mark.parametrize("trajectory", ["radial", "spiral", "Goldenangle"])
def test_a_scan_that_is_not_cartesian(tmp_path, trajectory):
    path = as_ismrmrd(tmp_path / "a.h5", readouts(full_kspace()[0]), header(trajectory=trajectory))
    expected = (
        f"was measured along a {trajectory.lower()} trajectory; only Cartesian scans are reconstructed here, "
        "BART and mri-nufft take others."
    )
    assert sentence(path) == expected


def test_lines_outside_of_the_matrix(tmp_path):
    path = as_ismrmrd(tmp_path / "a.h5", readouts(full_kspace()[0]), header(24, 16))
    assert sentence(path) == "has lines outside of its matrix of 16; its header is damaged."


def test_a_scan_of_noise_alone(tmp_path):
    path = as_ismrmrd(tmp_path / "a.h5", [readout(full_kspace()[0, :, :, 0], 0, flags=[NOISE])], header())
    assert sentence(path) == "holds no readout of an image; export it again."


@pytest.mark.parametrize("shape", [(19,), (23, 20), (24, 19), (20, 24), (2, 24, 20)], ids=str)
def test_a_mask_of_another_size(tmp_path, shape):
    as_npy(tmp_path / "a.npy", full_kspace())
    np.save(tmp_path / "m.npy", np.ones(shape, bool))
    with pytest.raises(OptionError) as failure:
        load_scan(tmp_path / "a.npy", ReadingOptions(mask=tmp_path / "m.npy"))
    expected = f"m.npy: a mask of shape {shape}, but k-space has 24x20 values a slice; give (20) or (24, 20)."
    assert str(failure.value).endswith(expected)


def test_a_mask_that_is_a_picture(tmp_path):
    as_npy(tmp_path / "a.npy", full_kspace())
    Image.new("L", (20, 24)).save(tmp_path / "m.png")
    with pytest.raises(InputError, match=r"m.png: cannot be read as NumPy's"):
        load_scan(tmp_path / "a.npy", ReadingOptions(mask=tmp_path / "m.png"))


@pytest.mark.parametrize("maps", [true_maps()[0], true_maps().real, np.ones((1, 1, 1, 4, 24, 20), np.complex64)])
def test_maps_that_are_none(tmp_path, maps):
    path = as_npy(tmp_path / "m.npy", maps)
    expected = f"maps of shape {maps.shape}; give complex (coil,y,x)"
    assert expected in sentence_of(lambda: load_maps(path), path)


@pytest.mark.parametrize("values", [np.ones(24), np.ones((1, 1, 24, 20))], ids=["line", "four axes"])
def test_a_reference_that_is_no_image(tmp_path, values):
    path = as_npy(tmp_path / "r.npy", values)
    text = sentence_of(lambda: load_reconstruction(path, (0,)), path)
    assert text == "holds no magnitudes of slices (slice,y,x); give another --reference."


def test_a_reference_that_is_not_there(tmp_path):
    path = tmp_path / "r.npy"
    assert "cannot be read" in sentence_of(lambda: load_reconstruction(path, (0,)), path)
