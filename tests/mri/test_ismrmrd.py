"""ISMRMRD, readout by readout: what is noise, what belongs to the image, and where it goes."""

import numpy as np
import pytest
from laws import assert_matches
from scan_files import (
    CALIBRATION,
    CALIBRATION_AND_IMAGE,
    HEADS,
    NAVIGATOR,
    NOISE,
    PHASE_CORRECTION,
    REVERSE,
    as_ismrmrd,
    header,
    readout,
    readouts,
)
from scans import full_kspace, noise_of, to_images

from dipcli.mri.options import ReadingOptions
from dipcli.mri.preparation import whiten
from dipcli.mri.readers import load_scan

every_layout = pytest.mark.parametrize("layout", HEADS)


@pytest.fixture
def kspace():
    return full_kspace()[0]


@pytest.fixture
def load(tmp_path):
    """`load(records)` writes them and reads them back."""

    def through_a_file(records, head=None, layout="packed", **options):
        path = as_ismrmrd(tmp_path / "a.h5", records, header() if head is None else head, layout=layout)
        return load_scan(path, ReadingOptions(**options))

    return through_a_file


def test_both_layouts_of_the_head_are_the_published_ones():
    assert (HEADS["packed"].itemsize, HEADS["aligned"].itemsize) == (340, 352)


@every_layout
def test_lines_that_were_not_measured_stay_empty(load, kspace, layout):
    lines = [1, 4, 8, 9, 10, 11, 12, 17]
    scan = load(readouts(kspace, lines), layout=layout)
    assert np.flatnonzero(scan.sampled[0].any(0)).tolist() == lines
    assert (scan.sampled.all(1) == scan.sampled.any(1)).all()
    assert np.array_equal(scan.kspace[0][..., lines], kspace[..., lines])
    assert np.count_nonzero(scan.kspace) == 4 * 24 * 8


def test_the_order_of_the_readouts_does_not_matter(load, kspace):
    records = readouts(kspace)
    np.random.default_rng(0).shuffle(records)
    assert np.array_equal(load(records).kspace[0], kspace)


def test_averages_are_averaged(load, kspace):
    others = kspace + noise_of(kspace.shape)
    records = readouts(kspace, average=0) + readouts(others, average=1)
    assert_matches(load(records).kspace[0], (kspace + others) / 2)


def test_a_line_that_was_measured_more_often_has_a_mean_of_its_own(load, kspace):
    records = readouts(kspace) + readouts(3 * kspace, [10])
    expected = kspace.copy()
    expected[..., 10] *= 2
    assert_matches(load(records).kspace[0], expected)


def test_reversed_readouts_are_turned_round(load, kspace):
    records = readouts(kspace, range(0, 20, 2))
    records += [readout(kspace[:, ::-1, line], line, flags=[REVERSE]) for line in range(1, 20, 2)]
    assert np.array_equal(load(records).kspace[0], kspace)


@pytest.mark.parametrize("flag", [CALIBRATION, CALIBRATION_AND_IMAGE])
def test_calibration_lines_belong_to_the_image(load, kspace, flag):
    records = readouts(kspace, range(0, 20, 4))
    records += [readout(kspace[:, :, line], line, flags=[flag]) for line in range(8, 13) if line % 4]
    scan = load(records)
    assert np.flatnonzero(scan.sampled[0, 0]).tolist() == [0, 4, 8, 9, 10, 11, 12, 16]
    assert np.array_equal(scan.kspace[0][..., 8:13], kspace[..., 8:13])


@pytest.mark.parametrize("flag", [NAVIGATOR, PHASE_CORRECTION, 25, 26, 27])
def test_navigators_and_the_like_are_left_out(load, kspace, flag):
    records = [readout(99 * kspace[:, :, 3], 3, flags=[flag]), *readouts(kspace)]
    assert np.array_equal(load(records).kspace[0], kspace)


@pytest.mark.parametrize("counter", ["slice", "repetition", "contrast", "phase", "set"])
def test_every_other_counter_makes_a_slice_of_its_own(load, kspace, counter):
    scan = load(readouts(kspace, **{counter: 0}) + readouts(2 * kspace, **{counter: 1}))
    assert np.array_equal(scan.kspace, np.stack([kspace, 2 * kspace]))
    assert scan.slices == (0, 1)


def test_interleaved_slices_are_sorted(load, kspace):
    records = [record for index in (2, 0, 1) for record in readouts((index + 1) * kspace, slice=index)]
    assert np.array_equal(load(records).kspace, np.stack([kspace, 2 * kspace, 3 * kspace]))


def test_the_readouts_oversampling_is_removed(load):
    kspace = full_kspace(height=48)[0]
    scan = load(readouts(kspace), header(24, 20, columns=48))
    assert scan.kspace.shape == (1, 4, 24, 20)
    assert scan.crop == (24, 20)
    assert scan.voxel_mm == (5, 10, 10)
    assert_matches(to_images(scan.kspace[0]), to_images(kspace)[:, 12:36], tolerance=1e-5)
    assert load(readouts(kspace), header(24, 20, columns=48), keep_oversampling=True).kspace.shape[2] == 48


def test_partial_fourier_lines_lie_where_the_header_puts_their_centre(load, kspace):
    """The first eight of twenty lines are left out, and counting starts behind them: the centre is line 2."""
    records = [readout(kspace[:, :, line], line - 8) for line in range(8, 20)]
    scan = load(records, header(centre=2))
    assert np.flatnonzero(scan.sampled[0, 0]).tolist() == list(range(8, 20))
    assert np.array_equal(scan.kspace[0][..., 8:], kspace[..., 8:])


def test_a_partial_echo_lies_where_the_head_puts_its_centre(load, kspace):
    records = [readout(kspace[:, 7:, line], line, centre=5) for line in range(20)]
    scan = load(records)
    assert np.array_equal(scan.kspace[0][:, 7:], kspace[:, 7:])
    assert np.array_equal(scan.sampled[0].any(1), np.arange(24) >= 7)


def test_a_matrix_larger_than_the_lines_is_filled_around_the_centre(load, kspace):
    records = [readout(kspace[:, :, line], line) for line in range(20)]
    scan = load(records, header(24, 26, lines=26, centre=10))
    assert np.array_equal(scan.kspace[0][..., 3:23], kspace)
    assert not scan.sampled[..., :3].any()


def test_a_noise_scan_is_no_line_and_whitens_the_coils(load, kspace):
    mixing = np.linalg.cholesky(np.eye(4) + 0.5).astype(np.complex64)
    noise = mixing @ noise_of((4, 600), 0.2)
    records = [readout(noise, 10, flags=[NOISE], dwell=5.0), *readouts(kspace, dwell=5.0)]
    scan = load(records)
    assert_matches(scan.kspace, whiten(kspace[None], noise), tolerance=1e-5)
    assert_matches(scan.noise, noise)
    assert np.array_equal(load(records, no_whitening=True).kspace[0], kspace)


def test_several_noise_scans_are_taken_together(load, kspace):
    noise = noise_of((4, 600))
    parts = [readout(part, 0, flags=[NOISE]) for part in np.split(noise, 3, axis=1)]
    assert_matches(load([*parts, *readouts(kspace)]).noise, noise)


def test_the_dwell_time_of_the_noise_scan_counts(load, kspace):
    noise = noise_of((4, 600))
    records = [readout(noise, 0, flags=[NOISE], dwell=2.5), *readouts(kspace, dwell=10.0)]
    scan = load(records)
    assert scan.dwell_ratio == 4
    assert_matches(scan.kspace, whiten(kspace[None], noise, 4.0), tolerance=1e-5)


@pytest.mark.parametrize("group", ["dataset", "other"])
def test_the_group_can_be_named(tmp_path, kspace, group):
    path = as_ismrmrd(tmp_path / "a.h5", readouts(kspace), header(), group=group)
    assert np.array_equal(load_scan(path, ReadingOptions(key=group)).kspace[0], kspace)
