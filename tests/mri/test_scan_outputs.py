"""Reconstructed slices can be read back, by fastMRI's tools and everyone else's, or are not there at all."""

from dataclasses import replace

import h5py
import nibabel
import numpy as np
import pytest
from PIL import Image

from dipcli.errors import OptionError, OutputError
from dipcli.io.volumes import save_preview
from dipcli.mri.cfl import encode_cfl, kspace_of_cfl, maps_of_cfl, read_cfl
from dipcli.mri.scan import Scan
from dipcli.mri.writers import check_scan_output, save_scan

FORMATS = (".h5", ".nii", ".nii.gz", ".npy", ".cfl", ".png")


@pytest.fixture
def volume():
    random = np.random.default_rng(0)
    return (random.random((3, 24, 20)) * np.exp(2j * np.pi * random.random((3, 24, 20)))).astype(np.complex64)


def scan_of(slices=(4, 5, 6), voxel=(5.0, 1.25, 0.75)):
    kspace = np.zeros((len(slices), 2, 24, 20), np.complex64)
    return Scan(kspace, np.zeros((len(slices), 24, 20), bool), "NumPy array", voxel_mm=voxel, slices=slices)


def coil_images():
    return np.random.default_rng(1).normal(size=(3, 2, 24, 20, 2)).view(np.complex128)[..., 0].astype(np.complex64)


def test_hdf5_holds_the_reconstruction_where_fastmris_tools_look_for_it(tmp_path, volume):
    assert save_scan(tmp_path / "a.h5", volume, scan_of(), {}) == [tmp_path / "a.h5"]
    with h5py.File(tmp_path / "a.h5") as file:
        assert sorted(file) == ["complex_image", "reconstruction"]
        assert file["reconstruction"].dtype == np.float32
        assert np.array_equal(file["reconstruction"][()], np.abs(volume))
        assert np.array_equal(file["complex_image"][()], volume)
        assert file.attrs["max"] == np.abs(volume).max()
        assert file.attrs["norm"] == pytest.approx(np.linalg.norm(volume))
        assert file.attrs["slices"].tolist() == [4, 5, 6]


def test_hdf5_holds_further_arrays_by_name(tmp_path, volume):
    objects = {"spread": np.abs(volume), "coil_images": coil_images()}
    assert save_scan(tmp_path / "a.h5", volume, scan_of(), objects) == [tmp_path / "a.h5"]
    with h5py.File(tmp_path / "a.h5") as file:
        for name, array in objects.items():
            assert np.array_equal(file[name][()], array)


@pytest.mark.parametrize(("suffix", "spread"), [(".npy", ".npy"), (".png", ".npy"), (".nii.gz", ".nii.gz")])
def test_further_arrays_lie_beside_other_formats_where_those_hold_them(tmp_path, volume, suffix, spread):
    objects = {"spread": np.abs(volume), "coil_images": coil_images()}
    written = save_scan(tmp_path / f"a.b{suffix}", volume, scan_of(), objects)
    assert {tmp_path / f"a.b.spread{spread}", tmp_path / "a.b.coil_images.npy"} < set(written)
    assert sorted(written) == sorted(tmp_path.iterdir())
    assert np.array_equal(np.load(tmp_path / "a.b.coil_images.npy"), objects["coil_images"])


def test_beside_a_pair_of_bart_lie_pairs_with_the_dimensions_of_the_scan(tmp_path, volume):
    maps = coil_images()[:, None]
    save_scan(
        tmp_path / "a.cfl", volume, replace(scan_of(), bart_axes=(13, 1, 2)), {"spread": abs(volume), "maps": maps}
    )
    assert read_cfl(tmp_path / "a.cfl").shape == (1, 24, 20, *[1] * 10, 3, 1, 1)
    assert read_cfl(tmp_path / "a.spread.cfl").shape == (1, 24, 20, *[1] * 10, 3, 1, 1)
    assert read_cfl(tmp_path / "a.maps.cfl").shape == (1, 24, 20, 2, *[1] * 9, 3, 1, 1)
    assert np.array_equal(maps_of_cfl(tmp_path / "a.maps.cfl"), maps)


def test_numpy_holds_the_volume(tmp_path, volume):
    save_scan(tmp_path / "a.npy", volume, scan_of(), {})
    assert np.array_equal(np.load(tmp_path / "a.npy"), volume)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_has_the_width_first(tmp_path, volume, suffix):
    save_scan(tmp_path / f"a{suffix}", volume, scan_of(), {})
    image = nibabel.load(tmp_path / f"a{suffix}")
    assert image.shape == (20, 24, 3)
    assert image.get_data_dtype() == np.float32
    assert np.array_equal(np.asarray(image.dataobj), np.abs(volume).transpose(2, 1, 0))
    assert image.header.get_xyzt_units()[0] == "mm"
    assert image.header.get_zooms() == (0.75, 1.25, 5.0)
    assert (image.header["sform_code"], image.header["qform_code"]) == (0, 0)


def test_voxels_that_are_not_known_are_cubes(tmp_path, volume):
    save_scan(tmp_path / "a.nii", volume, scan_of(voxel=None), {})
    assert nibabel.load(tmp_path / "a.nii").header.get_zooms() == (1, 1, 1)


def test_gzipped_nifti_is_compressed(tmp_path):
    save_scan(tmp_path / "a.nii.gz", np.zeros((3, 24, 20), np.float32), scan_of(), {})
    assert (tmp_path / "a.nii.gz").read_bytes().startswith(b"\x1f\x8b")


def test_a_pair_of_bart_is_read_back(tmp_path, volume):
    written = save_scan(tmp_path / "a.cfl", volume, scan_of(), {})
    assert sorted(written) == [tmp_path / "a.cfl", tmp_path / "a.hdr"]
    array = read_cfl(tmp_path / "a.cfl")
    assert array.shape == (24, 20, *[1] * 11, 3, 1, 1)
    assert np.array_equal(array.squeeze(), np.moveaxis(volume, 0, 2))


@pytest.mark.parametrize("order", [(13, 3, 0, 1), (13, 3, 1, 2), (3, 13, 2, 0), (0, 1, 3, 13)], ids=str)
def test_pairs_of_bart_round_trip_whatever_the_order_of_their_axes(tmp_path, order):
    array = coil_images()
    values, header = encode_cfl(array, order)
    (tmp_path / "a.cfl").write_bytes(values)
    (tmp_path / "a.hdr").write_bytes(header)
    found = read_cfl(tmp_path / "a.cfl")
    assert [found.shape[axis] for axis in order] == list(array.shape)
    assert np.array_equal(found.squeeze(), array.transpose(np.argsort(order)))


def test_kspace_round_trips_through_bart(tmp_path):
    array = coil_images()
    values, header = encode_cfl(array, (13, 3, 1, 2))
    (tmp_path / "a.cfl").write_bytes(values)
    (tmp_path / "a.hdr").write_bytes(header)
    kspace, axes = kspace_of_cfl(tmp_path / "a.cfl")
    assert axes == (13, 1, 2)
    assert np.array_equal(kspace, array)


def test_a_png_has_16_bits_and_its_slices_below_each_other(tmp_path, volume):
    save_scan(tmp_path / "a.png", volume, scan_of(), {})
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture).astype(np.float64)
    assert pixels.shape == (72, 20)
    assert pixels.max() == 65535
    magnitude = np.abs(volume)
    assert np.abs(pixels / 65535 - magnitude.reshape(72, 20) / magnitude.max()).max() <= 0.5 / 65535 + 1e-7


def test_a_black_volume_is_a_black_png(tmp_path):
    save_scan(tmp_path / "a.png", np.zeros((1, 24, 20), np.float32), scan_of((0,)), {})
    with Image.open(tmp_path / "a.png") as picture:
        assert not np.asarray(picture).any()


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_known_by_its_name(tmp_path, suffix):
    assert check_scan_output(tmp_path / f"a.b{suffix}") == suffix


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.gz", "a.dcm"])
def test_other_formats_are_one_sentence(tmp_path, name):
    with pytest.raises(OptionError) as failure:
        check_scan_output(tmp_path / name)
    assert str(failure.value) == f"{tmp_path / name}: end the name in .h5, .nii, .npy, .cfl, .png, or .nii.gz."


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_output_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, volume, suffix):
    def fails(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OutputError, match="No space left on device"):
        save_scan(path, volume, scan_of(), {"spread": volume})
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_volume_gives_the_same_bytes(tmp_path, volume, suffix):
    for name in ("a", "b"):
        save_scan(tmp_path / f"{name}{suffix}", volume, scan_of(), {})
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def preview(path, pictures):
    save_preview(path, pictures)
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_the_preview_shows_pictures_side_by_side_with_white_between_them(tmp_path):
    ramp = np.linspace(0, 1, 480, dtype=np.float32).reshape(24, 20)
    pixels = preview(tmp_path / "a.png", {"one": ramp / 2, "last": ramp})
    assert pixels.shape == (24, 44)
    assert pixels.dtype == np.uint8
    assert (pixels[:, 20:24] == 255).all()
    assert np.abs(pixels[:, :20].astype(int) * 2 - pixels[:, 24:]).max() <= 2


def test_the_window_of_the_preview_is_that_of_the_last_picture(tmp_path):
    ramp = np.linspace(0, 1, 480, dtype=np.float32).reshape(24, 20)
    pixels = preview(tmp_path / "a.png", {"brighter": 3 * ramp, "last": ramp})
    assert (pixels[:, :20] == 255).mean() > 0.6
    assert (pixels[:, 24:] == 255).mean() < 0.02


def test_a_black_preview_is_black(tmp_path):
    assert not preview(tmp_path / "a.png", {"last": np.zeros((24, 20), np.float32)}).any()
