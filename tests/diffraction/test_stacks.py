"""Stacks as detectors leave them: frames that are missing or empty, exposures, pages, saturated values."""

import numpy as np
import pytest
import tifffile
from patterns import simulated

from dipcli.diffraction.options import PatternOptions
from dipcli.diffraction.readers import load_recording
from dipcli.diffraction.stacks import dropped_frames, with_missing_frames
from dipcli.errors import InputError


@pytest.fixture(scope="module")
def volume():
    return simulated(n_axes=3)[0].astype(np.int32)


@pytest.fixture(scope="module")
def flat():
    return simulated()[0].astype(np.int32)


def load(path, array, **options):
    np.save(path / "a.npy", array)
    return load_recording(path / "a.npy", PatternOptions(**options))


def test_a_frame_whose_file_is_missing_was_not_measured(volume, tmp_path):
    for number in set(range(32)) - {12}:
        tifffile.imwrite(tmp_path / f"f{number:03}_scan54.tif", volume[number])
    found = load_recording(tmp_path, PatternOptions())
    assert found.intensity.shape == volume.shape
    assert np.flatnonzero(~found.mask.any((1, 2))).tolist() == [12]
    assert np.array_equal(found.intensity[13], volume[13])
    said, counted = found.warnings
    assert "between f011_scan54.tif and f013_scan54.tif a step seems to be missing" in said
    assert "1 frame(s) that are missing count as not measured" in counted


def test_frames_go_where_numbers_are_missing(tmp_path):
    files = [tmp_path / f"f{number}" for number in range(1, 25) if number not in (9, 10)]
    frames, there = with_missing_frames(files, np.ones((22, 2, 2)))
    assert frames.shape == (24, 2, 2)
    assert np.flatnonzero(~there).tolist() == [8, 9]


def test_an_empty_frame_between_others_does_not_count_and_is_not_called_under_sampled(volume, tmp_path):
    broken = volume.copy()
    broken[15] = 0
    found = load(tmp_path, broken)
    assert np.flatnonzero(~found.mask.any((1, 2))).tolist() == [15]
    (warning,) = found.warnings
    assert "1 frame(s) are empty between others (15, counted from 0) and do not count." in warning


@pytest.mark.parametrize(
    ("light", "dropped"),
    [
        ([0, 0, 500, 900, 500, 0, 0], []),
        ([0, 500, 0, 0, 700, 0], [2, 3]),
        ([500, 0, 50, 0, 900], []),
        ([0, 0, 0], []),
    ],
)
def test_frames_are_dropped_where_light_is_on_both_sides(light, dropped):
    assert np.flatnonzero(dropped_frames(np.array(light, float), 1.0)).tolist() == dropped


def test_exposures_of_one_pattern_are_summed(flat, tmp_path):
    exposures = np.random.default_rng(0).poisson(np.broadcast_to(flat, (20, *flat.shape)))
    exposures[3, 5, 5] = -1
    found = load(tmp_path, exposures)
    assert found.intensity.shape == flat.shape
    assert not found.mask[5, 5]
    assert np.array_equal(found.intensity[found.mask], exposures.sum(0)[found.mask])
    assert "its 20 frames are alike" in found.warnings[-1]


def test_a_rocking_curve_is_no_exposure(volume, tmp_path):
    assert load(tmp_path, volume).intensity.ndim == 3
    assert load(tmp_path, volume[8:24] + 100).intensity.ndim == 3


def test_pages_that_were_written_one_by_one_are_one_stack(volume, tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for frame in volume:
            file.write(frame, contiguous=False)
    assert np.array_equal(load_recording(tmp_path / "a.tif", PatternOptions()).intensity, volume)


def test_a_folder_of_stacks_is_one_sentence(volume, tmp_path):
    np.save(tmp_path / "s1.npy", volume)
    np.save(tmp_path / "s2.npy", volume)
    with pytest.raises(InputError, match="32x32x32 are no frame, and a folder has a file for each step; -r takes"):
        load_recording(tmp_path, PatternOptions())


@pytest.mark.parametrize("limit", [1000, 8191, 65435.0])
def test_pixels_side_by_side_of_the_largest_value_are_saturated(tmp_path, limit):
    full = np.minimum(simulated(photons=5e7)[0].astype(float), limit)
    found = load(tmp_path, full)
    assert np.array_equal(found.mask, full < limit)
    assert f"{int((full == limit).sum())} pixels of {limit:.6g} are saturated" in found.warnings[0]


def test_saturated_pixels_are_so_behind_a_dark_field(flat, tmp_path):
    dark = np.random.default_rng(0).integers(90, 110, flat.shape)
    np.save(tmp_path / "dark.npy", dark)
    full = np.minimum(50 * flat + dark, 65535).astype(np.uint16)
    for options in ({}, {"saturation": 65535.0}):
        found = load(tmp_path, full, dark=tmp_path / "dark.npy", **options)
        assert np.array_equal(found.mask, full < 65535)


def test_square_roots_of_counts_are_noticed(flat, tmp_path):
    (warning,) = load(tmp_path, np.sqrt(flat).astype(np.float32)).warnings
    assert "look like square roots of counts; see --input-is amplitude" in warning
    assert load(tmp_path, np.sqrt(flat), input_is="amplitude").warnings == ()


def test_infinite_values_of_half_precision_do_not_count(flat, tmp_path):
    half = (flat // 4).astype(np.float16)
    half[3] = np.inf
    assert np.array_equal(load(tmp_path, half).mask, np.isfinite(half))


FEW = ("--starts", "2", "--cycles", "20", "--rounds", "1", "--threads", "1")


def test_a_volume_of_three_different_sides_is_done_with_its_truth(program, tmp_path, monkeypatch):
    monkeypatch.setenv("DIPCLI_REPORT", "1")
    random = np.random.default_rng(0)
    truth = np.zeros((25, 40, 32), np.complex64)
    truth[8:16, 14:26, 11:21] = np.exp(1j * random.uniform(0, 1, (8, 12, 10)))
    intensity = np.abs(np.fft.fftshift(np.fft.fftn(truth))) ** 2
    counts = random.poisson(intensity * (1e6 / intensity.sum())).astype(np.int32)
    np.savez(tmp_path / "a.npz", data=counts, object=truth)
    done = program(
        "phase-retrieve", tmp_path / "a.npz", "-o", tmp_path / "o.cxi", "--reference", tmp_path / "a.npz", *FEW
    )
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "o.preview.png").is_file()
    assert (tmp_path / "o.report.png").is_file()
