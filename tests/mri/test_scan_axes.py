"""Which axis is what: guessed where it can be, told where it cannot; and where frequency 0 lies."""

import numpy as np
import pytest
from scan_files import as_matlab_5, as_matlab_73, as_npy
from scans import full_kspace, sampled_kspace, some_lines

from dipcli.errors import InputError, OptionError
from dipcli.mri.axes import to_slices
from dipcli.mri.options import ReadingOptions
from dipcli.mri.readers import load_scan


def load(path, **options):
    return load_scan(path, ReadingOptions(**options))


@pytest.mark.parametrize(
    ("axes", "guessed"),
    [
        *((axes, True) for axes in ("y,x", "coil,y,x", "y,x,coil", "y,coil,x", "slice,coil,y,x")),
        *((axes, False) for axes in ("y,x,coil,slice", "coil,slice,y,x", "x,y,coil", "slice,y,x")),
    ],
)
def test_axes_can_be_named_and_the_usual_orders_need_not_be(tmp_path, axes, guessed):
    """Of (3 slices, 2 coils, 24, 20)."""
    names = axes.split(",")
    kspace = full_kspace(2 if "coil" in names else 1, slices=3 if "slice" in names else 1)
    kept = [("slice", "coil", "y", "x").index(name) for name in names]
    dropped = tuple(axis for axis in range(4) if axis not in kept)
    order = [sorted(kept).index(axis) for axis in kept]
    path = as_npy(tmp_path / "a.npy", kspace.squeeze(dropped).transpose(order))
    assert np.array_equal(load(path, axes=axes).kspace, kspace)
    assert np.array_equal(load(path, axes=axes.replace(",", ", ")).kspace, kspace)
    if guessed:
        assert np.array_equal(load(path).kspace, kspace)


@pytest.mark.parametrize("write", [as_matlab_5, as_matlab_73])
def test_axes_of_matlab_are_named_in_matlabs_order(tmp_path, write):
    kspace = full_kspace(slices=3)
    assert np.array_equal(load(write(tmp_path / "a.mat", kspace), axes="y,x,coil,slice").kspace, kspace)


def test_many_slices_behind_few_coils_are_guessed(tmp_path):
    kspace = full_kspace(3, slices=7)
    path = as_npy(tmp_path / "a.npy", kspace.transpose(2, 3, 1, 0))
    assert np.array_equal(load(path).kspace, kspace)


def test_real_and_imaginary_parts_may_be_a_last_axis_of_integers():
    pairs = np.random.default_rng(0).integers(-99, 99, (4, 24, 20, 2), dtype=np.int16)
    found = to_slices("a.npy", pairs, None)
    assert np.array_equal(found[0], pairs[..., 0] + 1j * pairs[..., 1])


def sentence(path, **options):
    """What is said of a scan that cannot be understood: one line that begins with its path."""
    with pytest.raises((InputError, OptionError)) as failure:
        load(path, **options)
    text = str(failure.value)
    assert text.startswith(str(path))
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.ones((24, 20)), "holds float64 values, but k-space is complex; give the raw data."),
        (np.ones(500, np.complex64), r"an array of shape (500,) is not understood; name them with --axes"),
        (np.ones((2, 3, 4, 5, 6), np.complex64), "is not understood; name them with --axes, for example"),
        (np.ones((4, 4, 24, 20), np.complex64), "cannot be distinguished; name them with --axes"),
    ],
    ids=["real", "line", "five-axes", "as-many-coils-as-slices"],
)
def test_an_array_that_is_no_kspace_is_one_sentence(tmp_path, array, expected):
    assert expected in sentence(as_npy(tmp_path / "a.npy", array))


def test_axes_settle_what_cannot_be_told_apart(tmp_path):
    kspace = full_kspace(4, slices=4)
    path = as_npy(tmp_path / "a.npy", kspace)
    assert np.array_equal(load(path, axes="slice,coil,y,x").kspace, kspace)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (
            "coil,y,w",
            "--axes coil,y,w is not understood; it takes each of repetition, contrast, slice, average, coil,",
        ),
        ("y,y,x", "is not understood"),
        ("coil,slice,y", "is not understood"),
        ("", "cannot be distinguished"),
        ("y,x", "--axes names 2 axes, but the array has 4: (4, 4, 24, 20)."),
    ],
)
def test_axes_that_do_not_fit_are_one_sentence(tmp_path, axes, expected):
    path = as_npy(tmp_path / "a.npy", np.ones((4, 4, 24, 20), np.complex64))
    assert expected in sentence(path, axes=axes)


def test_too_many_coils_to_be_true_are_one_sentence(tmp_path):
    path = as_npy(tmp_path / "a.npy", np.ones((130, 200, 180), np.complex64))
    assert "130 coils are too many to be true; name them with --axes" in sentence(path)


@pytest.mark.parametrize("shape", [(24, 20), (25, 21)], ids=str)
def test_frequency_0_in_the_corner_is_moved_to_the_centre_and_said(tmp_path, shape):
    kspace = sampled_kspace(4, *shape)
    path = as_npy(tmp_path / "a.npy", np.fft.ifftshift(kspace, (2, 3)))
    scan = load(path)
    assert np.array_equal(scan.kspace, kspace)
    assert np.array_equal(scan.sampled[0, 0], some_lines(shape[1]))
    assert scan.warnings == (f"{path}: frequency 0 was in the corner and was moved to the centre.",)


def test_a_centre_somewhere_else_is_warned_about(tmp_path):
    kspace = np.roll(full_kspace(), 6, 2)
    path = as_npy(tmp_path / "a.npy", kspace)
    scan = load(path)
    assert np.array_equal(scan.kspace, kspace)
    (warning,) = scan.warnings
    assert (
        warning
        == f"{path}: the strongest frequency is 25% and 0% of the sides away from the centre; check --axes."
    )


def test_swapped_axes_are_warned_about(tmp_path):
    """Coils taken for lines: the strongest coil is anywhere."""
    kspace = full_kspace(16) * np.linspace(0.1, 3, 16)[:, None, None]
    path = as_npy(tmp_path / "a.npy", kspace[0].astype(np.complex64))
    (warning,) = load(path, axes="y,coil,x").warnings
    assert "check --axes" in warning


@pytest.mark.parametrize(
    "wanted",
    ["5", "-1", "3:9", "2:2", "3:1", "first", "1:x", "1:2:3"],
)
def test_slices_that_are_not_there_are_one_sentence(tmp_path, wanted):
    path = as_npy(tmp_path / "a.npy", full_kspace(slices=5))
    assert f"--slices {wanted} is not among its 5; give all, middle, 17, or 10:20." in sentence(
        path, slices=wanted
    )
