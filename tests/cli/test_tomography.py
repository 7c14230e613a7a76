"""`dipcli tomography`: what is said, what is written, and what the options do."""

import json

import numpy as np
import pytest
import tifffile
from projections import as_exchange, noisy_sinogram, photon_counts, true_slice

from tests.commands import QUICK, pixels_of, record_of, sentence_of

FBP = ("--angles", "180", "--method", "fbp", "--threads", "1")


@pytest.fixture
def tomography(program):
    return lambda *arguments: program("tomography", *arguments)


@pytest.fixture
def sinogram(tmp_path):
    np.save(tmp_path / "sino.npy", noisy_sinogram())
    return tmp_path / "sino.npy"


def test_a_slice_comes_out_with_its_record_and_preview(tomography, sinogram, tmp_path):
    done = tomography(
        sinogram, "--angles", "180", "--preset", "instant", "--threads", "1", "-o", tmp_path / "s.tif"
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 's.tif'}\n"
    image = tifffile.imread(tmp_path / "s.tif")
    assert (image.shape, image.dtype) == ((48, 48), np.float32)
    assert np.sqrt(np.square(image - true_slice()).mean()) < 0.08
    assert pixels_of(tmp_path / "s.preview.png").shape == (48, 4 * 48 + 3 * 4)
    record = record_of(tmp_path / "s.tif")
    assert record["decisions"]["views"] == "30 from 0 to 174 degrees"
    assert "by the object's mass" in record["decisions"]["centre"]
    assert record["ending"] == "classical"


def test_a_network_has_the_share_that_is_asked_for(tomography, sinogram, tmp_path):
    flags = ("--angles", "180", "--classical", "0.5", "--width", "4", "-o", tmp_path / "s.npy", *QUICK)
    assert tomography(sinogram, *flags).exit_code == 0
    assert record_of(tmp_path / "s.npy")["iterations"] == 4


def test_a_trial_says_what_the_network_is_worth(tomography, sinogram, tmp_path):
    flags = ("--angles", "180", "--width", "4", "-o", tmp_path / "s.npy", *QUICK)
    assert tomography(sinogram, *flags).exit_code == 0
    assert "in a trial" in record_of(tmp_path / "s.npy")["decisions"]["network"]


def test_fewer_views_are_scored_against_all(tomography, sinogram, tmp_path):
    done = tomography(sinogram, *FBP, "--simulate", "10", "-o", tmp_path / "s.npy")
    assert done.exit_code == 0, done.stderr
    record = record_of(tmp_path / "s.npy")
    assert record["decisions"]["views"] == "10 from 0 to 162 degrees"
    assert 10 < record["metrics"]["psnr_db"] < 40
    assert "leave some" in sentence_of(tomography(sinogram, *FBP, "--simulate", "30", "-o", tmp_path / "t.npy"), 2)


@pytest.mark.parametrize("ending", ["tif", "npy", "h5", "png"])
def test_stacks_are_written_in_every_format(tomography, tmp_path, ending):
    counts = np.stack([photon_counts(), photon_counts()], axis=1)
    scan = as_exchange(tmp_path / "scan.h5", counts, flat=2e4, theta=np.arange(30) * 6.0)
    done = tomography(scan, "--method", "fbp", "-o", tmp_path / f"out.{ending}")
    assert done.exit_code == 0, done.stderr
    assert len(record_of(tmp_path / f"out.{ending}")["frames"]) == 2


def test_a_true_slice_scores_the_result(tomography, sinogram, tmp_path):
    np.save(tmp_path / "truth.npy", true_slice())
    tomography(sinogram, *FBP, "--reference", tmp_path / "truth.npy", "-o", tmp_path / "s.npy")
    error = np.square(np.load(tmp_path / "s.npy")[0] - true_slice()).mean()
    expected = 10 * np.log10(true_slice().max() ** 2 / error)
    assert record_of(tmp_path / "s.npy")["metrics"]["psnr_db"] == pytest.approx(expected, abs=1e-3)
    np.save(tmp_path / "truth.npy", np.ones((40, 40)))
    flags = ("--reference", tmp_path / "truth.npy", "-o", tmp_path / "t.npy")
    assert "1x40x40" in sentence_of(tomography(sinogram, *FBP, *flags), 2)


def test_inspect_says_what_a_scan_holds(tomography, sinogram):
    done = tomography(sinogram, "--angles", "180", "--inspect")
    assert done.exit_code == 0
    assert "30 views, 48 pixels of the detector" in done.stdout
    seen = json.loads(tomography(sinogram, "--angles", "180", "--inspect", "--json").stdout)
    assert seen["angles"] == "0 to 174 degrees"


def test_what_does_not_fit_is_one_sentence(tomography, sinogram, tmp_path):
    assert "end it in .tif" in sentence_of(tomography(sinogram, *FBP, "-o", tmp_path / "s.jpg"), 2)
    assert "not among" in sentence_of(tomography(sinogram, *FBP, "--centre", "80", "-o", tmp_path / "s.npy"), 2)
    assert "--angles 180" in sentence_of(tomography(sinogram, "-o", tmp_path / "s.npy"), 2)
