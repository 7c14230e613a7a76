"""Patterns from files: formats, masks, corrections, centre, and what is wrong with them in one sentence."""

import h5py
import numpy as np
import pytest
import scipy.io
import tifffile
from patterns import as_cxi, simulated

from dipcli.diffraction.options import PatternOptions
from dipcli.diffraction.readers import load_object, load_recording, load_support, split_name
from dipcli.errors import InputError, OptionError


def options(**told):
    return PatternOptions(**told)


@pytest.fixture(scope="module")
def counts():
    return simulated()[0].astype(np.float32)


@pytest.fixture(scope="module")
def wide():
    """A pattern of 64 x 64."""
    return simulated(side=64)[0].astype(np.float32)


def npy(folder, array):
    np.save(folder / "a.npy", array)
    return folder / "a.npy"


def npz(folder, array):
    np.savez(folder / "a.npz", iobs=array)
    return folder / "a.npz"


def tif(folder, array):
    tifffile.imwrite(folder / "a.tif", array.astype(np.int32))
    return folder / "a.tif"


def mat(folder, array):
    scipy.io.savemat(folder / "a.mat", {"data": array})
    return folder / "a.mat"


def h5(folder, array):
    with h5py.File(folder / "a.h5", "w") as file:
        file["some/where"] = array
    return folder / "a.h5"


def cxi(folder, array):
    return as_cxi(folder / "a.cxi", array, simulated()[1])


@pytest.mark.parametrize("save", [npy, npz, tif, mat, h5, cxi])
def test_a_pattern_is_read_from(save, counts, tmp_path):
    path = save(tmp_path, np.round(counts))
    found = load_recording(path, options())
    assert np.array_equal(found.intensity, np.round(counts))
    assert found.mask.all()
    assert found.warnings == ()


def test_frames_of_a_folder_are_stacked_by_name(tmp_path):
    counts = simulated(n_axes=3)[0]
    for number in range(32):
        tifffile.imwrite(tmp_path / f"f{number:02}.tif", counts[number].astype(np.int32))
    found = load_recording(tmp_path, options())
    assert np.array_equal(found.intensity, counts)
    assert len(found.files) == 32


def test_a_stranger_among_the_frames_is_one_sentence(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((20, 20)))
    np.save(tmp_path / "dark.npy", np.ones((10, 20)))
    with pytest.raises(InputError, match=r"dark.npy: is not a frame like a.npy"):
        load_recording(tmp_path, options())


def test_an_array_is_named_behind_a_colon(counts, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["other"], file["scan/first"] = np.ones((40, 40)), counts
    assert split_name(tmp_path / "a.h5:scan/first") == (tmp_path / "a.h5", "scan/first")
    assert np.array_equal(load_recording(tmp_path / "a.h5:scan/first", options()).intensity, counts)
    with pytest.raises(InputError, match="name the array"):
        load_recording(tmp_path / "a.h5", options())


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_what_is_not_finite_or_negative_is_not_good(counts, tmp_path, bad):
    changed = counts.copy()
    changed[3, 4] = bad
    found = load_recording(npy(tmp_path, changed), options())
    assert not found.mask[3, 4]
    assert found.mask.sum() == counts.size - 1
    assert np.isfinite(found.intensity).all()


def test_the_mask_of_a_file_and_a_given_one_add_up(counts, tmp_path):
    bad = np.zeros(counts.shape, bool)
    bad[2, 2] = True
    path = as_cxi(tmp_path / "a.cxi", counts, simulated()[1], bad)
    np.save(tmp_path / "mask.npy", np.eye(32))
    found = load_recording(path, options(mask=tmp_path / "mask.npy"))
    assert np.array_equal(found.mask, ~(np.eye(32, dtype=bool) | bad))


def test_saturated_pixels_are_found_or_told(counts, tmp_path):
    full = np.minimum(counts, 4095)
    found = load_recording(npy(tmp_path, full), options())
    assert np.array_equal(found.mask, full < 4095)
    assert "are saturated and do not count" in found.warnings[0]
    told = load_recording(npy(tmp_path, counts), options(saturation=1000))
    assert np.array_equal(told.mask, counts < 1000)


def test_zeros_may_be_bad(counts, tmp_path):
    found = load_recording(npy(tmp_path, counts), options(zero_is_bad=True))
    assert np.array_equal(found.mask, counts > 0)


def test_amplitudes_are_squared(counts, tmp_path):
    found = load_recording(npy(tmp_path, np.sqrt(counts)), options(input_is="amplitude"))
    assert np.allclose(found.intensity, counts, rtol=1e-5)


def test_dark_and_flat_fields_are_corrected(counts, tmp_path):
    flat = np.random.default_rng(0).uniform(0.5, 1.5, counts.shape)
    flat[0, 0] = 0
    np.save(tmp_path / "dark.npy", np.full(counts.shape, 5.0))
    np.save(tmp_path / "flat.npy", flat)
    measured = counts * flat + 5
    found = load_recording(
        npy(tmp_path, measured), options(dark=tmp_path / "dark.npy", flat=tmp_path / "flat.npy")
    )
    ratio = found.intensity[found.mask & (counts > 10)] / counts[found.mask & (counts > 10)]
    assert np.allclose(ratio, ratio[0], rtol=1e-3)
    assert not found.mask[0, 0]


def test_a_correction_of_another_size_is_one_sentence(counts, tmp_path):
    np.save(tmp_path / "dark.npy", np.ones((3, 3)))
    with pytest.raises(OptionError, match=r"dark.npy: has the shape \(3, 3\)"):
        load_recording(npy(tmp_path, counts), options(dark=tmp_path / "dark.npy"))


def test_a_centre_in_the_corner_is_moved(counts, tmp_path):
    found = load_recording(npy(tmp_path, np.fft.ifftshift(counts)), options())
    assert np.array_equal(found.intensity, counts)
    assert "was in the corner" in found.warnings[0]


def test_a_pattern_off_its_centre_is_moved_and_what_comes_in_is_not_good(wide, tmp_path):
    found = load_recording(npy(tmp_path, np.roll(wide, 12, 0)), options())
    assert "of a side away from the centre and was moved there" in found.warnings[0]
    peak = np.unravel_index(found.intensity.argmax(), found.intensity.shape)
    assert abs(peak[0] - np.unravel_index(wide.argmax(), wide.shape)[0]) <= 3
    assert not found.mask.all()
    kept = load_recording(npy(tmp_path, np.roll(wide, 12, 0)), options(center="none"))
    assert np.array_equal(kept.intensity, np.roll(wide, 12, 0))


def test_the_brightest_pixel_may_become_the_centre(wide, tmp_path):
    found = load_recording(npy(tmp_path, np.roll(wide, (2, -3), (0, 1))), options(center="max"))
    assert np.unravel_index(found.intensity.argmax(), (64, 64)) == (32, 32)


def test_crops_keep_the_centre(wide, tmp_path):
    found = load_recording(npy(tmp_path, wide), options(crop="48,32"))
    assert np.array_equal(found.intensity, wide[8:56, 16:48])


def test_bins_sum_and_keep_the_centre_in_the_middle(tmp_path):
    spot = np.zeros((66, 64), np.float32)
    spot[33, 32] = 100
    spot[33, 30] = 7
    found = load_recording(npy(tmp_path, spot), options(bin="3,1", center="none"))
    assert found.intensity.shape == (22, 64)
    assert found.intensity[11, 32] == 100
    assert found.intensity.sum() == 107


def test_a_block_with_a_bad_pixel_is_bad(wide, tmp_path):
    wide = wide.copy()
    wide[5, 5] = np.nan
    assert load_recording(npy(tmp_path, wide), options(bin="2")).mask.sum() == 32 * 32 - 1


def test_odd_sides_lose_a_row(wide, tmp_path):
    found = load_recording(npy(tmp_path, wide[:63, :]), options(center="none"))
    assert found.intensity.shape == (62, 64)
    assert "sides of 63 are odd" in found.warnings[0]


def test_an_object_that_is_too_large_for_its_pattern_is_said_to_be(wide, tmp_path):
    found = load_recording(npy(tmp_path, wide[::2, ::2]), options())
    assert "under-sampled along axes 0 and 1" in found.warnings[0]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((32, 32)), "the pattern is empty"),
        (np.full((32, 32), np.nan), "every pixel is masked, negative or not finite"),
        (np.ones((8, 8)), "8x8 is too small"),
        (np.ones(100), "a pattern has two or three axes"),
        (np.ones((32, 32), complex), "holds complex values"),
    ],
)
def test_what_is_no_pattern_is_one_sentence(tmp_path, array, said):
    with pytest.raises(InputError, match=said):
        load_recording(npy(tmp_path, array), options())


def test_what_is_no_file_of_a_pattern_is_one_sentence(tmp_path):
    (tmp_path / "a.txt").write_text("counts")
    with pytest.raises(InputError, match=r"a.txt: is no pattern that is known"):
        load_recording(tmp_path / "a.txt", options())
    with pytest.raises(InputError, match="cannot be read"):
        load_recording(tmp_path / "nowhere.npy", options())


@pytest.mark.parametrize("told", [{"crop": "a"}, {"bin": "0"}, {"bin": "2,,2"}])
def test_counts_that_are_none_are_refused(told):
    with pytest.raises(OptionError, match="is no list of counts"):
        options(**told)


def test_the_object_of_a_simulated_file_is_found(tmp_path):
    counts, truth = simulated()
    assert np.array_equal(load_object(as_cxi(tmp_path / "a.cxi", counts, truth)), truth)
    with pytest.raises(InputError, match="holds no complex object"):
        load_object(npy(tmp_path, counts))


def test_a_support_is_read(tmp_path):
    np.savez(tmp_path / "a.npz", support=np.eye(16))
    assert np.array_equal(load_support(tmp_path / "a.npz"), np.eye(16, dtype=bool))
