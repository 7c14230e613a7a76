"""Scans that nobody arranged for dipcli: axes of one entry, half-shifted, spokes, holes, masks of any format."""

import h5py
import numpy as np
import pytest
from scan_files import as_npy
from scans import full_kspace, sampled_kspace, some_lines

from dipcli.errors import InputError, OptionError
from dipcli.mri.cfl import encode_cfl
from dipcli.mri.options import ReadingOptions
from dipcli.mri.readers import load_scan


def load(path, **options):
    return load_scan(path, ReadingOptions(**options))


def npy(path, array):
    with path.open("wb") as file:
        np.save(file, array)
    return path


def h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


@pytest.mark.parametrize("write", [npy, lambda path, array: h5(path, kspace=array)], ids=["npy", "h5"])
@pytest.mark.parametrize(
    "order", ["1,y,x,coil", "y,x,coil,1", "y,x,1,coil", "1,1,coil,y,x", "1,coil,y,x", "y,1,x,coil", "1,y,x,coil,1"]
)
def test_axes_of_one_entry_are_passed_over(tmp_path, write, order):
    kspace = full_kspace()
    array = np.moveaxis(kspace[0], 0, -1) if order.index("y") < order.index("coil") else kspace[0]
    ones = [axis for axis, name in enumerate(order.split(",")) if name == "1"]
    assert np.array_equal(load(write(tmp_path / "a.h5", np.expand_dims(array, ones))).kspace, kspace)


@pytest.mark.parametrize("order", ["slice,y,x,coil", "y,x,coil,slice", "slice,coil,y,x"])
def test_four_axes_of_hdf5_are_guessed_as_any_others(tmp_path, order):
    kspace = full_kspace(3, slices=5)
    axes = [("slice", "coil", "y", "x").index(name) for name in order.split(",")]
    assert np.array_equal(load(h5(tmp_path / "a.h5", kspace=kspace.transpose(axes))).kspace, kspace)


@pytest.mark.parametrize("write", [npy, lambda path, array: h5(path, kspace=array)], ids=["npy", "h5"])
def test_an_order_that_is_not_the_usual_one_is_said(tmp_path, write):
    path = write(tmp_path / "a.h5", full_kspace(3, slices=5).transpose(2, 3, 1, 0))
    (warning,) = load(path).warnings
    assert "its axes are thought to be y,x,coil,slice; --axes names others, such as y,x,slice,coil." in warning


def test_more_slices_than_lines_are_slices(tmp_path):
    kspace = full_kspace(slices=30)
    assert np.array_equal(load(as_npy(tmp_path / "a.npy", kspace)).kspace, kspace)


def test_slices_of_one_coil_are_said(tmp_path):
    scan = load(as_npy(tmp_path / "a.npy", full_kspace(1, slices=4)))
    assert scan.kspace.shape == (4, 1, 24, 20)
    assert "is thought to hold 4 slices of one coil; --axes names others" in scan.warnings[0]


@pytest.mark.parametrize(("axis", "name"), [(1, "readout"), (2, "phase")])
def test_frequency_0_at_the_edge_of_one_axis_is_moved(tmp_path, axis, name):
    kspace = sampled_kspace()
    scan = load(as_npy(tmp_path / "a.npy", np.fft.ifftshift(kspace[0], axis)))
    assert np.array_equal(scan.kspace, kspace)
    assert f"frequency 0 was at the edge along {name} and was moved to the centre." in scan.warnings[0]


def test_half_an_echo_is_not_moved(tmp_path):
    half = full_kspace(height=48)[0][:, 24:]
    scan = load(as_npy(tmp_path / "a.npy", half))
    assert np.array_equal(scan.kspace[0], half)
    assert "48% and" in scan.warnings[0] or "50% and" in scan.warnings[0]


@pytest.mark.parametrize("n_spokes", [16, 40])
def test_spokes_are_no_cartesian_lines(tmp_path, n_spokes):
    random = np.random.default_rng(0)
    along = np.exp(-np.abs(np.arange(64) - 32) / 4)[:, None]
    spokes = (random.normal(size=(4, 64, n_spokes)) + 1j * random.normal(size=(4, 64, n_spokes))) * along
    with pytest.raises(InputError, match=f"its {n_spokes} lines have alike energy, as spokes, spirals and noise"):
        load(as_npy(tmp_path / "a.npy", spokes))
    assert load(as_npy(tmp_path / "a.npy", spokes), axes="coil,y,x").kspace.shape == (1, 4, 64, n_spokes)


def test_lines_without_the_centre_are_no_spokes(tmp_path):
    kspace = full_kspace() * (np.abs(np.arange(20) - 10) > 3)
    assert load(as_npy(tmp_path / "a.npy", kspace)).kspace.shape == (1, 4, 24, 20)


@pytest.mark.parametrize(
    "noise", [np.zeros((4, 100)), np.ones((4, 1)) * np.arange(100.0), np.full((4, 100), np.nan)]
)
def test_noise_that_whitens_nothing_is_one_sentence(tmp_path, noise):
    np.save(tmp_path / "n.npy", noise + 0j)
    with pytest.raises(OptionError, match="its noise is not finite, or of some coils 0 or that of others"):
        load(as_npy(tmp_path / "a.npy", full_kspace()), noise=tmp_path / "n.npy")


def test_an_acceleration_that_keeps_nothing_is_a_usage_error(program, tmp_path):
    path = as_npy(tmp_path / "a.npy", full_kspace())
    done = program("mri", path, "-o", tmp_path / "r.npy", "--undersample", "1000", "--preset", "instant")
    assert done.exit_code == 2
    assert "--undersample 1000 keeps no value of this scan; give a smaller one." in done.stderr


def test_values_that_are_not_finite_were_not_measured(tmp_path):
    kspace = full_kspace()
    kspace[0, 2, :, 3] = np.nan
    kspace[0, 1, 5, 7] = np.inf
    scan = load(as_npy(tmp_path / "a.npy", kspace))
    assert not scan.sampled[0, :, 3].any()
    assert int((~scan.sampled).sum()) == 25
    assert np.isfinite(scan.kspace).all()
    assert "25 of 480 values are not finite and count as not measured" in scan.warnings[0]


def test_a_mask_beside_kspace_is_named_where_it_would_hide_values(tmp_path):
    kspace, mask = full_kspace(), np.broadcast_to(some_lines(), (24, 20))
    np.savez(tmp_path / "a.npz", kspace=kspace, mask=mask)
    for path in (tmp_path / "a.npz", h5(tmp_path / "a.h5", kspace=kspace, mask=mask)):
        scan = load(path)
        assert scan.sampled.all()
        assert (
            f"has a mask without 35% of the values, which are used; --mask {path} hides them." in scan.warnings[0]
        )
        assert np.array_equal(load(path, mask=path).sampled[0], mask)


def test_a_mask_may_be_a_pattern_of_bart(tmp_path):
    mask = np.broadcast_to(some_lines(), (24, 20))
    values, header = encode_cfl(mask.astype(np.complex64), (1, 2))
    (tmp_path / "m.cfl").write_bytes(values)
    (tmp_path / "m.hdr").write_bytes(header)
    path = as_npy(tmp_path / "a.npy", full_kspace())
    assert np.array_equal(load(path, mask=tmp_path / "m.cfl").sampled[0], mask)


@pytest.mark.parametrize("unit", [1e-20, 1e20, 1e35])
def test_the_unit_of_kspace_is_that_of_the_image(unit, program, tmp_path):
    kspace = sampled_kspace(3, 48, 40, slices=1, centre=16)
    images = []
    for number, factor in enumerate((1.0, unit)):
        np.save(tmp_path / "scan.npy", (kspace * factor).astype(np.complex64))
        output = tmp_path / f"image{number}.npy"
        done = program(
            "mri", tmp_path / "scan.npy", "-o", output, "--preset", "instant", "--no-report", "--overwrite"
        )
        assert done.exit_code == 0, done.stderr
        images.append(np.load(output).astype(np.complex128) / factor)
    np.testing.assert_allclose(images[1], images[0], atol=1e-4 * np.abs(images[0]).max())
