"""Every format of projections, and the sentences of those that are none."""

import numpy as np
import pytest
import scipy.io
import tifffile
from laws import assert_matches
from projections import as_exchange, photon_counts, sinogram

from dipcli.errors import DipcliError
from dipcli.tomography.options import ReadingOptions
from dipcli.tomography.readers import load_projections, load_volume

HALF_TURN = ReadingOptions(angles="180")


def saved(path, array):
    np.save(path, array)
    return path


def sentence(path, **options):
    with pytest.raises(DipcliError) as caught:
        load_projections(path, ReadingOptions(**options))
    text = str(caught.value)
    assert text.endswith(".")
    return text


def test_a_sinogram_of_numpy_and_matlab_is_read_as_it_is(tmp_path):
    values = sinogram()
    np.savez(tmp_path / "a.npz", sinogram=values)
    scipy.io.savemat(tmp_path / "a.mat", {"sino": values})
    tifffile.imwrite(tmp_path / "a.tif", values)
    for path in (saved(tmp_path / "a.npy", values), *(tmp_path / f"a.{kind}" for kind in ("npz", "mat", "tif"))):
        scan = load_projections(path, HALF_TURN)
        assert np.array_equal(scan.integrals, values[None])
        assert_matches(scan.angles, np.arange(30) * 6.0)


def test_data_exchange_brings_its_fields_and_angles(tmp_path):
    counts = np.stack([photon_counts(), photon_counts(photons=1e4)], axis=1)
    flat = np.array([2e4, 1e4])[:, None] * np.ones(48) + 100
    path = as_exchange(tmp_path / "s.h5", counts + 100, flat=flat, dark=100.0, theta=np.arange(30) * 6.0)
    scan = load_projections(path, ReadingOptions())
    assert scan.values == "counts"
    assert scan.integrals.shape == (2, 30, 48)
    assert np.abs(scan.integrals[0] - sinogram() * 2 / sinogram().max()).mean() < 0.02
    assert load_projections(path, ReadingOptions(slices="1")).slices == (1,)


def test_fields_may_lie_in_other_files(tmp_path):
    path = saved(tmp_path / "counts.npy", photon_counts())
    flat, dark = saved(tmp_path / "flat.npy", np.full((5, 48), 2e4)), saved(tmp_path / "dark.npy", np.zeros(48))
    scan = load_projections(path, ReadingOptions(angles="180", flat=flat, dark=dark))
    assert scan.values == "counts"
    assert "flat" in sentence(path, angles="180", flat=saved(tmp_path / "small.npy", np.ones(40)))


def test_radians_are_degrees(tmp_path):
    counts = photon_counts()[:, None]
    path = as_exchange(tmp_path / "s.h5", counts, flat=2e4, theta=np.radians(np.arange(30) * 6.0))
    assert_matches(load_projections(path, ReadingOptions()).angles, np.arange(30) * 6.0, tolerance=1e-5)


def test_a_folder_of_views_is_a_stack_in_the_order_of_their_numbers(tmp_path):
    folder = tmp_path / "views"
    folder.mkdir()
    values = sinogram(views=12)
    for number, row in enumerate(values):
        tifffile.imwrite(folder / f"view_{number}.tif", np.stack([row, 2 * row]))
    scan = load_projections(folder, HALF_TURN)
    assert np.array_equal(scan.integrals, np.stack([values, 2 * values]))


@pytest.mark.parametrize(("stored", "order"), [("detector,view", (1, 0)), ("view,detector", (0, 1))])
def test_a_transposed_sinogram_is_noticed_or_named(tmp_path, stored, order):
    path = saved(tmp_path / "a.npy", sinogram().transpose(order))
    scan = load_projections(path, HALF_TURN)
    assert np.array_equal(scan.integrals[0], sinogram())
    assert bool(scan.warnings) == (stored == "detector,view")
    named = load_projections(path, ReadingOptions(angles="180", axes=stored))
    assert not named.warnings
    assert np.array_equal(named.integrals[0], sinogram())


def test_the_number_of_angles_tells_the_axis_of_the_views(tmp_path):
    np.savetxt(tmp_path / "angles.txt", np.arange(30) * 6.0)
    stack = np.stack([sinogram()] * 2)  # slices first
    scan = load_projections(saved(tmp_path / "a.npy", stack), ReadingOptions(angles=str(tmp_path / "angles.txt")))
    assert scan.integrals.shape == (2, 30, 48)
    assert "slice, view, detector" in scan.warnings[0]


def test_a_range_has_both_ends_where_both_are_named(tmp_path):
    path = saved(tmp_path / "a.npy", sinogram(views=5))
    assert load_projections(path, ReadingOptions(angles="-60:60")).angles.tolist() == [-60, -30, 0, 30, 60]


def test_rays_without_counts_are_left_out_and_said(tmp_path):
    counts = photon_counts()
    counts[:, 7] = 0
    counts[3, 8] = -5
    path = as_exchange(tmp_path / "s.h5", counts[:, None], flat=2e4, theta=np.arange(30) * 6.0)
    scan = load_projections(path, ReadingOptions())
    assert not scan.known[0, :, 7].any()
    assert not scan.known[0, 3, 8]
    assert "no counts" in scan.warnings[0]


def test_counts_without_a_flat_field_take_the_air(tmp_path):
    path = saved(tmp_path / "a.npy", photon_counts())
    scan = load_projections(path, ReadingOptions(angles="180", values="counts"))
    assert "air" in scan.warnings[0]
    assert np.abs(scan.integrals[0] - sinogram() * 2 / sinogram().max()).mean() < 0.02


def test_what_is_wrong_is_one_sentence(tmp_path):
    good = saved(tmp_path / "a.npy", sinogram())
    few = tmp_path / "few.txt"
    few.write_text("0 10 20")
    words = tmp_path / "words.txt"
    words.write_text("zero, one")
    assert "3 angles for 30 views" in sentence(good, angles=str(few))
    assert "one number for each view" in sentence(good, angles=str(words))
    assert "neither a range" in sentence(good, angles="many.txt")
    assert "no range of degrees" in sentence(good, angles="0")
    assert "does not say its angles" in sentence(good)
    assert "--axes" in sentence(good, angles="180", axes="view,pixel")
    assert "names 3 axes" in sentence(good, angles="180", axes="view,slice,detector")
    assert "brightest where there is only air" in sentence(
        saved(tmp_path / "b.npy", photon_counts()), angles="180"
    )
    assert "mostly negative" in sentence(saved(tmp_path / "c.npy", -sinogram()), angles="180")
    assert "complex" in sentence(saved(tmp_path / "d.npy", sinogram() * 1j), angles="180")
    assert "empty" in sentence(saved(tmp_path / "e.npy", np.zeros((30, 48))), angles="180")
    assert "no set of projections" in sentence(saved(tmp_path / "f.npy", np.ones(48)), angles="180")
    (tmp_path / "g.npy").write_bytes(b"nothing")
    assert "no projections that are known" in sentence(tmp_path / "g.npy", angles="180")


def test_a_reference_is_a_slice_or_several(tmp_path):
    path = saved(tmp_path / "truth.npy", np.ones((48, 48)))
    assert load_volume(path, (0,)).shape == (1, 48, 48)
    with pytest.raises(DipcliError, match="no slices"):
        load_volume(saved(tmp_path / "line.npy", np.ones(48)), (0,))
