"""The same scan through every format is the same k-space."""

import shutil

import h5py
import numpy as np
import pytest
from laws import assert_matches
from scan_files import (
    HEADS,
    as_cfl,
    as_fastmri,
    as_ismrmrd,
    as_matlab_5,
    as_matlab_73,
    as_npy,
    as_pairs,
    header,
    readouts,
)
from scans import full_kspace, sampled_kspace, some_lines, to_images, true_maps

from dipcli.mri.options import ReadingOptions
from dipcli.mri.readers import load_maps, load_reconstruction, load_scan
from dipcli.mri.scan import acceleration, padding_of


def load(path, **options):
    return load_scan(path, ReadingOptions(**options))


def as_archive(path, kspace):
    np.savez(path, kspace=kspace, shape=np.array(kspace.shape))
    return path


def as_records(layout):
    def write(path, kspace):
        records = [record for index, one in enumerate(kspace) for record in readouts(one, slice=index)]
        return as_ismrmrd(path, records, header(), layout=layout)

    return write


WRITERS = {
    "npy": (as_npy, "a.npy", "NumPy array"),
    "pairs": (as_pairs, "a.npy", "NumPy array"),
    "npz": (as_archive, "a.npz", "NumPy archive"),
    "cfl": (as_cfl, "a.cfl", "BART"),
    "fastmri": (as_fastmri, "a.h5", "fastMRI"),
    "matlab-5": (as_matlab_5, "a.mat", "MATLAB"),
    "matlab-7.3": (as_matlab_73, "a.mat", "MATLAB"),
    **{f"ismrmrd-{layout}": (as_records(layout), "a.mrd", "ISMRMRD") for layout in HEADS},
}
every_format = pytest.mark.parametrize(("write", "name", "origin"), WRITERS.values(), ids=WRITERS)


@every_format
def test_full_kspace_is_the_same_through_every_format(tmp_path, write, name, origin):
    kspace = full_kspace()
    scan = load(write(tmp_path / name, kspace))
    assert scan.kspace.dtype == np.complex64
    assert np.array_equal(scan.kspace, kspace)
    assert scan.sampled.all()
    assert scan.origin == origin
    assert scan.slices == (0,)
    assert scan.warnings == ()


@every_format
def test_what_was_not_measured_is_seen_through_every_format(tmp_path, write, name, origin):
    kspace = sampled_kspace()
    scan = load(write(tmp_path / name, kspace))
    assert np.array_equal(scan.kspace, kspace)
    assert np.array_equal(scan.sampled, np.broadcast_to(some_lines(), (1, 24, 20)))


# MATLAB's four axes are guessed otherwise, see test_scan_axes.
@pytest.mark.parametrize("key", sorted(WRITERS.keys() - {"matlab-5", "matlab-7.3"}))
def test_several_slices_are_the_same_through_every_format(tmp_path, key):
    write, name, _ = WRITERS[key]
    kspace = full_kspace(slices=3)
    scan = load(write(tmp_path / name, kspace))
    assert np.array_equal(scan.kspace, kspace)
    assert scan.slices == (0, 1, 2)


@pytest.mark.parametrize("key", ["npy", "cfl", "fastmri", "ismrmrd-packed"])
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("all", (0, 1, 2, 3, 4)), ("middle", (2,)), ("1", (1,)), ("1:3", (1, 2)), (":2", (0, 1)), ("4:", (4,))],
)
def test_slices_are_chosen_by_number(tmp_path, key, wanted, expected):
    write, name, _ = WRITERS[key]
    kspace = full_kspace(slices=5)
    scan = load(write(tmp_path / name, kspace), slices=wanted)
    assert scan.slices == expected
    assert np.array_equal(scan.kspace, kspace[list(expected)])
    assert len(scan.sampled) == len(expected)


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".mrd", ".dat"])
def test_the_content_tells_the_format_not_the_name(tmp_path, suffix):
    for key in ("npy", "fastmri", "ismrmrd-packed", "matlab-7.3"):
        write, name, _ = WRITERS[key]
        write(tmp_path / name, full_kspace())
        shutil.move(tmp_path / name, tmp_path / f"b{suffix}")
        assert np.array_equal(load(tmp_path / f"b{suffix}").kspace, full_kspace())


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_doubles_become_floats(tmp_path, dtype):
    scan = load(as_npy(tmp_path / "a.npy", full_kspace().astype(dtype)))
    assert scan.kspace.dtype == np.complex64


@pytest.mark.parametrize("position", [0, 1, 2])
def test_the_singleton_of_bart_may_be_anywhere(tmp_path, position):
    kspace = full_kspace()
    as_cfl(tmp_path / "a.cfl", kspace)
    shape = [24, 20]
    shape.insert(position, 1)
    (tmp_path / "a.hdr").write_text(f"# Dimensions\n{' '.join(map(str, shape))} 4\n# Command\nphantom\n")
    assert np.array_equal(load(tmp_path / "a.cfl").kspace, kspace)


def test_a_single_coil_of_fastmri_has_no_axis_for_it(tmp_path):
    kspace = full_kspace(1, slices=3)
    scan = load(as_fastmri(tmp_path / "a.h5", kspace[:, 0]))
    assert np.array_equal(scan.kspace, kspace)


def test_the_mask_of_fastmri_says_what_was_measured(tmp_path):
    scan = load(as_fastmri(tmp_path / "a.h5", full_kspace(), mask=some_lines()))
    assert np.array_equal(scan.sampled[0, 0], some_lines())
    assert np.array_equal(scan.kspace, full_kspace() * some_lines())


def test_the_header_of_fastmri_names_matrix_and_voxel(tmp_path):
    scan = load(as_fastmri(tmp_path / "a.h5", full_kspace(), head=header(24, 16)))
    assert scan.crop == (24, 16)
    assert scan.voxel_mm == (5, 10, 12.5)


@pytest.mark.parametrize("head", ["<ismrmrdHeader/>", header(0, 0)], ids=["empty", "zeros"])
def test_a_header_without_a_matrix_leaves_the_image_whole(tmp_path, head):
    scan = load(as_fastmri(tmp_path / "a.h5", full_kspace(), head=head))
    assert (scan.crop, scan.voxel_mm) == (None, None)


def test_the_reconstruction_of_fastmri_tells_the_matrix(tmp_path):
    reference = np.random.default_rng(0).random((3, 18, 16), dtype=np.float32)
    path = as_fastmri(tmp_path / "a.h5", full_kspace(slices=3), head=header(24, 20), reference=reference)
    assert load(path, slices="1:3").crop == (18, 16)


def test_the_readouts_oversampling_of_fastmri_is_removed(tmp_path):
    kspace = sampled_kspace(height=48)
    scan = load(as_fastmri(tmp_path / "a.h5", kspace, head=header(24, 20)))
    assert scan.kspace.shape == (1, 4, 24, 20)
    assert_matches(to_images(scan.kspace), to_images(kspace)[:, :, 12:36], tolerance=1e-5)
    assert np.array_equal(scan.sampled, np.broadcast_to(some_lines(), (1, 24, 20)))
    assert not scan.kspace[:, :, ~scan.sampled[0]].any()


def test_oversampling_can_be_kept(tmp_path):
    path = as_fastmri(tmp_path / "a.h5", sampled_kspace(height=48), head=header(24, 20))
    assert load(path, keep_oversampling=True).kspace.shape == (1, 4, 48, 20)


def test_a_readout_of_which_points_are_missing_is_not_cropped(tmp_path):
    kspace = full_kspace(height=48)
    kspace[:, :, 1::2, ::2] = 0
    path = as_fastmri(tmp_path / "a.h5", kspace, head=header(24, 20))
    assert np.array_equal(load(path).kspace, kspace)


@pytest.mark.parametrize("name", ["ksp", "data", "only"])
def test_other_hdf5_files_are_read_by_a_usual_or_only_name(tmp_path, name):
    scan = load(as_fastmri(tmp_path / "a.h5", full_kspace(), name=name))
    assert np.array_equal(scan.kspace, full_kspace())
    assert scan.origin == f"HDF5 array {name}"


def test_a_key_names_the_array_of_hdf5(tmp_path):
    path = as_fastmri(tmp_path / "a.h5", full_kspace())
    with h5py.File(path, "a") as file:
        file["deep/other"] = 2 * full_kspace()
    assert np.array_equal(load(path, key="deep/other").kspace, 2 * full_kspace())


@pytest.mark.parametrize(("write", "shape"), [(as_matlab_5, (24, 20, 4)), (as_matlab_73, (4, 20, 24))])
def test_a_key_names_the_array_of_matlab(tmp_path, write, shape):
    path = write(tmp_path / "a.mat", full_kspace(), other=np.full(shape, 1 + 2j))
    assert np.array_equal(load(path).kspace, full_kspace())
    assert np.array_equal(load(path, key="other").kspace, np.full((1, 4, 24, 20), 1 + 2j))


def test_a_key_names_the_array_of_an_archive(tmp_path):
    np.savez(tmp_path / "a.npz", one=full_kspace(), other=2 * full_kspace())
    assert np.array_equal(load(tmp_path / "a.npz", key="other").kspace, 2 * full_kspace())


def test_a_mask_from_a_file_hides_the_rest(tmp_path):
    path = as_npy(tmp_path / "a.npy", full_kspace(slices=2))
    for mask in (some_lines(), np.broadcast_to(some_lines(), (24, 20)), some_lines()[None].astype(np.float32)):
        np.save(tmp_path / "m.npy", mask)
        scan = load(path, mask=tmp_path / "m.npy")
        assert np.array_equal(scan.sampled, np.broadcast_to(some_lines(), (2, 24, 20)))
        assert np.array_equal(scan.kspace, full_kspace(slices=2) * some_lines())


def test_a_mask_may_differ_from_slice_to_slice(tmp_path):
    path = as_npy(tmp_path / "a.npy", full_kspace(slices=2))
    mask = np.stack([np.broadcast_to(some_lines(), (24, 20)), np.broadcast_to(some_lines(every=3), (24, 20))])
    np.save(tmp_path / "m.npy", mask)
    assert np.array_equal(load(path, mask=tmp_path / "m.npy").sampled, mask)


def test_a_zero_among_measured_values_counts_as_measured(tmp_path):
    kspace = full_kspace()
    kspace[0, :, 3, 4] = 0
    assert load(as_npy(tmp_path / "a.npy", kspace)).sampled.all()


def test_maps_are_read_from_numpy_and_from_bart(tmp_path):
    maps = true_maps()
    np.save(tmp_path / "m.npy", maps)
    assert np.array_equal(load_maps(tmp_path / "m.npy"), maps[None, None])
    np.save(tmp_path / "two.npy", np.stack([maps, 2 * maps]))
    assert np.array_equal(load_maps(tmp_path / "two.npy"), np.stack([maps, 2 * maps])[None])
    stored = np.stack([maps, 2 * maps]).transpose(2, 3, 1, 0)[None]  # 1, y, x, coils, sets
    (tmp_path / "m.hdr").write_text("# Dimensions\n1 24 20 4 2\n")
    (tmp_path / "m.cfl").write_bytes(stored.tobytes(order="F"))
    assert np.array_equal(load_maps(tmp_path / "m.cfl"), np.stack([maps, 2 * maps])[None])


def test_a_reconstruction_is_read_from_hdf5_and_from_numpy(tmp_path):
    volume = np.random.default_rng(0).random((3, 24, 20), dtype=np.float32)
    as_fastmri(tmp_path / "a.h5", full_kspace(slices=3), reference=volume)
    np.save(tmp_path / "a.npy", volume)
    np.save(tmp_path / "one.npy", volume[1])
    for name in ("a.h5", "a.npy"):
        assert np.array_equal(load_reconstruction(tmp_path / name, (0, 1, 2)), volume)
        assert np.array_equal(load_reconstruction(tmp_path / name, (1,)), volume[1:2])
    assert np.array_equal(load_reconstruction(tmp_path / "one.npy", (1,)), volume[1:2])


def padded(left=4, right=2, **options):
    """A scan whose first and last lines were never measured, but appended as zeros."""
    kspace = full_kspace(**options)
    kspace[..., :left] = kspace[..., 20 - right :] = 0
    return kspace


def with_limits(left=4, right=2):
    """A header that names lines `left` to 20 - `right`: frequency 0 is line 10 of 20, and the first one is 0."""
    return header(24, 20, centre=10 - left, measured=20 - left - right)


def test_zeros_that_the_header_of_fastmri_calls_padding_count_as_measured(tmp_path):
    scan = load(as_fastmri(tmp_path / "a.h5", padded(), head=with_limits()))
    assert scan.sampled.all()
    assert acceleration(scan) == 1


def test_zeros_that_the_attributes_of_fastmri_call_padding_count_as_measured(tmp_path):
    path = as_fastmri(tmp_path / "a.h5", padded())
    assert not load(path).sampled.all()
    with h5py.File(path, "a") as file:
        file.attrs["padding_left"], file.attrs["padding_right"] = 4, 18
    assert load(path).sampled.all()


def test_lines_that_are_missing_between_paddings_stay_missing(tmp_path):
    lines = some_lines()
    scan = load(as_fastmri(tmp_path / "a.h5", padded() * lines, head=with_limits(), mask=lines))
    expected = lines.copy()
    expected[:4] = expected[18:] = True
    assert np.array_equal(scan.sampled[0, 0], expected)
    assert acceleration(scan) == 14 / lines[4:18].sum()


def test_measured_values_where_the_header_says_padding_are_kept(tmp_path):
    scan = load(as_fastmri(tmp_path / "a.h5", full_kspace(), head=with_limits()))
    assert np.array_equal(scan.kspace, full_kspace())
    assert not padding_of(scan.kspace, scan.sampled).any()


def test_voxels_are_those_of_the_encoding_where_the_header_asks_for_a_larger_matrix(tmp_path):
    """The image is not resized: 20 lines over 200 mm are 10 mm each, whatever size is asked for."""
    scan = load(as_fastmri(tmp_path / "a.h5", full_kspace(), head=header(24, 40, lines=20)))
    assert scan.crop == (24, 40)
    assert scan.voxel_mm == (5, 10, 10)
