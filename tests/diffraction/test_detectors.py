"""What detectors write where they measured nothing: gap values, bits of masks of either sense, hot pixels."""

import h5py
import numpy as np
import pytest
import tifffile
from patterns import simulated

from dipcli.diffraction.crystals import Crystal, simulate_counts, simulate_crystal
from dipcli.diffraction.detectors import CXI_BAD, hot_pixels
from dipcli.diffraction.options import PatternOptions
from dipcli.diffraction.readers import load_object, load_recording
from dipcli.errors import InputError

GAP = np.zeros((32, 32), bool)
GAP[:, 5:7] = GAP[25] = True
HAS_SIGNAL, CORRECTED, SATURATED, MISSING = 0x1000, 0x800, 2, 0x200


@pytest.fixture(scope="module")
def counts():
    return simulated(photons=2e5)[0].astype(np.int64)  # below the largest of 16 bits


def load(path, **options):
    return load_recording(path, PatternOptions(**options))


def npy(folder, array):
    np.save(folder / "a.npy", array)
    return folder / "a.npy"


def h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = array
    return path


GAPS = [
    *((dtype, value) for dtype in ("uint32", "int64", "float32", "float64") for value in (2**32 - 1, 2**32 - 2)),
    *((dtype, value) for dtype in ("int32", "uint32", "uint64", "float32") for value in (2**31 - 1,)),
    *((dtype, value) for dtype in ("uint64", "float64") for value in (2**64 - 1,)),
    *((dtype, value) for dtype in ("int64", "float32") for value in (2**63 - 1,)),
    *((dtype, value) for dtype in ("uint16", ">u2", "int32", "float32") for value in (65535,)),
    *((dtype, value) for dtype in ("int16", "int32", "float32") for value in (-1, -2)),
]


@pytest.mark.parametrize(("dtype", "value"), GAPS)
def test_gap_values_do_not_count(counts, tmp_path, dtype, value):
    array = counts.astype(dtype)
    array[GAP] = value
    found = load(npy(tmp_path, array))
    assert np.array_equal(found.mask, ~GAP)
    assert np.array_equal(found.intensity, np.where(GAP, 0, counts).astype(np.float32))


def test_several_gap_values_are_named(counts, tmp_path):
    array = counts.astype(np.uint32)
    array[GAP], array[25] = 2**32 - 1, 2**32 - 2
    (warning,) = load(npy(tmp_path, array)).warnings
    assert f"{GAP.sum()} of 32x32 pixels hold gap values (4294967295, 4294967294) and do not count" in warning


def test_gaps_stay_gaps_behind_dark_and_flat_fields(counts, tmp_path):
    np.save(tmp_path / "dark.npy", np.full(counts.shape, 3))
    np.save(tmp_path / "flat.npy", np.ones(counts.shape))
    path = npy(tmp_path, np.where(GAP, -1, counts).astype(np.int32))
    assert np.array_equal(load(path, dark=tmp_path / "dark.npy", flat=tmp_path / "flat.npy").mask, ~GAP)


def test_gaps_are_found_in_frames(tmp_path):
    counts = simulated(n_axes=3)[0]
    for number, frame in enumerate(counts):
        tifffile.imwrite(tmp_path / f"f{number}.tif", np.where(GAP, 2**32 - 1, frame).astype(np.uint32))
    found = load(tmp_path)
    assert np.array_equal(found.mask, np.broadcast_to(~GAP, counts.shape))
    assert np.array_equal(found.intensity, np.where(GAP, 0, counts).astype(np.float32))


def dectris(gap):
    """Bits of `pixel_mask`: gaps, a pixel around the beamstop, and two that are tagged and good."""
    mask = gap.astype(np.uint32)
    mask[3, 20], mask[4, 20], mask[5, 20] = 1 << 8, 1 << 31, 1 << 16
    good = ~gap
    good[3, 20] = False
    return mask, good


@pytest.mark.parametrize(
    ("data", "mask"),
    [
        ("entry__data__data", "entry__instrument__detector__detectorSpecific__pixel_mask"),
        ("entry__instrument__detector__data", "entry__instrument__detector__pixel_mask"),
        ("entry__data__data_000001", "entry__instrument__detector__pixel_mask"),
    ],
)
def test_the_pixel_mask_of_a_detector_is_found(counts, tmp_path, data, mask):
    bits, good = dectris(GAP)
    found = load(h5(tmp_path / "a.h5", **{data: counts[None], mask: bits}))
    assert np.array_equal(found.mask, good)
    assert found.warnings == ()


def test_one_pixel_mask_serves_all_frames(tmp_path):
    bits, good = dectris(GAP)
    stack = simulated(n_axes=3)[0]
    found = load(h5(tmp_path / "a.h5", entry__data__data=stack, entry__detector__pixel_mask=bits))
    assert np.array_equal(found.mask, np.broadcast_to(good, stack.shape))


def test_a_file_with_a_pixel_mask_is_a_mask(counts, tmp_path):
    bits, good = dectris(GAP)
    master = h5(tmp_path / "master.h5", entry__instrument__detector__pixel_mask=bits, entry__energy=[8.0])
    assert np.array_equal(load(npy(tmp_path, counts), mask=master).mask, good)


def test_in_cxi_files_signal_and_corrected_pixels_are_good(counts, tmp_path):
    bits = np.where(counts > 50, HAS_SIGNAL, 0) | np.where(GAP, SATURATED, 0)
    bits[8, 8] |= CORRECTED
    bits[9, 9] |= MISSING | HAS_SIGNAL
    good = ~GAP
    good[9, 9] = False
    detector = "entry_1__instrument_1__detector_1__"
    path = h5(tmp_path / "a.cxi", **{f"{detector}data": counts, f"{detector}mask": bits.astype(np.uint32)})
    found = load(path)
    assert np.array_equal(found.mask, good)
    assert found.warnings == ()
    assert np.array_equal(load(npy(tmp_path, counts), mask=path).mask, good)


@pytest.mark.parametrize("bit", range(11))
def test_every_bit_of_a_bad_pixel_counts_in_cxi_files(bit):
    assert CXI_BAD & 1 << bit


def as_npz(folder, counts, mask):
    np.savez(folder / "a.npz", data=counts, mask=mask)
    return {"path": folder / "a.npz"}


def as_hdf5(folder, counts, mask):
    return {"path": h5(folder / "a.h5", entry__data=counts, entry__mask=mask)}


def given(folder, counts, mask):
    np.save(folder / "mask.npy", mask)
    return {"path": npy(folder, counts), "mask": folder / "mask.npy"}


@pytest.mark.parametrize("save", [as_npz, as_hdf5, given])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_a_mask_that_is_1_on_good_pixels_is_read_so_and_said(counts, tmp_path, save, dtype):
    found = load(**save(tmp_path, counts, (~GAP).astype(dtype)))
    assert np.array_equal(found.mask, ~GAP)
    assert "count as the good ones; --mask-marks bad says otherwise" in found.warnings[0]
    usual = load(**save(tmp_path, counts, GAP.astype(dtype)))
    assert np.array_equal(usual.mask, ~GAP)
    assert usual.warnings == ()


def test_the_sense_of_a_mask_can_be_told(counts, tmp_path):
    options = given(tmp_path, counts, ~GAP)
    assert np.array_equal(load(**options, mask_marks="bad", center="none").mask, GAP)
    assert np.array_equal(load(**options, mask_marks="good").mask, ~GAP)


def test_a_mask_over_the_beam_is_believed_and_asked_about(counts, tmp_path):
    beam = np.zeros((32, 32), bool)
    beam[12:21, 12:21] = True
    found = load(**given(tmp_path, counts, beam), center="none")
    assert np.array_equal(found.mask, ~beam)
    assert "add --mask-marks good" in found.warnings[0]


@pytest.fixture(scope="module")
def wide():
    return simulated(side=64)[0].astype(np.float32)


@pytest.mark.parametrize("place", [(3, 4), (0, 0), (60, 5), (1, 33), (32, 12)])
@pytest.mark.parametrize("times", [0.5, 3, 1000])
def test_a_hot_pixel_moves_nothing_and_does_not_count(wide, tmp_path, place, times):
    hot = wide.copy()
    hot[place] = times * wide.max()
    found = load(npy(tmp_path, hot))
    assert np.argwhere(~found.mask).tolist() == [list(place)]
    assert np.array_equal(found.intensity, np.where(found.mask, wide, 0))
    assert "1 hot pixel(s), far brighter than all around them" in found.warnings[0]


def test_hot_pixels_are_found_in_any_unit(wide, tmp_path):
    for unit in (1e-6, 1.0, 16.0):
        hot = wide * np.float32(unit)
        hot[5, 40] = 2 * hot.max()
        assert np.argwhere(~load(npy(tmp_path, hot)).mask).tolist() == [[5, 40]]


@pytest.mark.parametrize("part", [np.s_[3, 4:6], np.s_[:, 5], np.s_[7, :]], ids=["pair", "column", "row"])
def test_pairs_and_lines_of_hot_pixels_are_found(wide, tmp_path, part):
    hot = wide.copy()
    hot[part] = 2 * wide.max()
    expected = np.ones(wide.shape, bool)
    expected[part] = False
    assert np.array_equal(load(npy(tmp_path, hot)).mask, expected)


def test_a_pixel_that_is_hot_in_all_frames_is_found(tmp_path):
    counts = simulated(n_axes=3)[0].astype(np.float32)
    hot = counts.copy()
    hot[:, 4, 5] = 2 * counts.max()
    found = load(npy(tmp_path, hot))
    assert not found.mask[:, 4, 5].any()
    assert found.mask.sum() == counts.size - len(counts)


def test_a_block_of_hot_pixels_does_not_move_the_centre(wide, tmp_path):
    hot = wide.copy()
    hot[2:5, 3:6] = 3 * wide.max()
    assert not [warning for warning in load(npy(tmp_path, hot)).warnings if "moved" in warning]


def test_a_hot_pixel_in_the_centre_keeps_no_pattern_in_its_corners(wide, tmp_path):
    hot = np.fft.ifftshift(wide)
    hot[34, 35] = 5 * wide.max()
    found = load(npy(tmp_path, hot))
    assert np.array_equal(found.intensity, np.where(found.mask, wide, 0))
    assert "frequency 0 was in the corner and was moved to the centre" in found.warnings[1]


@pytest.mark.parametrize("place", [(3, 4), (60, 5), (1, 33)])
def test_a_faint_hot_pixel_in_the_dark_does_not_count(tmp_path, place):
    counts = simulated(side=64, photons=1e5)[0].astype(np.float32)
    hot = counts.copy()
    hot[place] = 0.03 * counts.max()
    found = load(npy(tmp_path, hot))
    assert np.argwhere(~found.mask).tolist() == [list(place)]


@pytest.mark.parametrize("part", [np.s_[:, 5], np.s_[7, :]], ids=["column", "row"])
def test_a_faint_streak_does_not_count(tmp_path, part):
    counts = simulated(side=64, photons=1e5)[0].astype(np.float32)
    streaked = counts.copy()
    streaked[part] += 0.02 * counts.max()
    expected = np.ones(counts.shape, bool)
    expected[part] = False
    assert np.array_equal(load(npy(tmp_path, streaked)).mask, expected)


def test_the_flares_of_a_box_are_no_streaks():
    box = np.zeros((64, 64))
    box[22:43, 26:39] = 1
    intensity = np.abs(np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(box)))) ** 2
    counts = simulate_counts(intensity, 1e6, np.random.default_rng(0)).astype(np.float32)
    assert not hot_pixels(counts, np.ones(counts.shape, bool)).any()


@pytest.mark.parametrize("photons", [1e3, 1e5, 1e7, 1e9])
@pytest.mark.parametrize("phase_range", [0, 8])
def test_no_light_is_taken_for_hot_pixels(photons, phase_range):
    random = np.random.default_rng(2)
    truth = np.pad(simulate_crystal(Crystal(32, 2, phase_range), random), 16)
    intensity = np.abs(np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(truth)))) ** 2
    counts = simulate_counts(intensity, photons, random).astype(np.float32)
    assert not hot_pixels(counts, np.ones(counts.shape, bool)).any()


def test_the_spots_of_a_box_are_not_hot():
    box = np.zeros((64, 64))
    box[16:48, 16:48] = 1
    pattern = (np.abs(np.fft.fftshift(np.fft.fft2(box))) ** 2).astype(np.float32)
    assert not hot_pixels(pattern, np.ones(pattern.shape, bool)).any()


@pytest.mark.parametrize("axis", [0, -1])
def test_an_object_may_be_stored_in_parts(tmp_path, axis):
    truth = simulated()[1]
    path = h5(tmp_path / "a.h5", object=np.stack([truth.real, truth.imag], axis))
    assert np.array_equal(load_object(path), truth.astype(np.complex64))


def test_frames_are_stacked_as_their_numbers_count(tmp_path):
    counts = simulated(n_axes=3)[0]
    for number, frame in enumerate(counts):
        np.save(tmp_path / f"frame_{number}.npy", frame.astype(np.float32))
    assert np.array_equal(load(tmp_path).intensity, counts.astype(np.float32))


def test_text_is_no_pattern(tmp_path):
    with pytest.raises(InputError, match="which are no numbers"):
        load(npy(tmp_path, np.full((32, 32), "abc")))
