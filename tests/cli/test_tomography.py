"""`dipcli tomography`: what is said, what is written, and what the options do."""

import json
import math

import numpy as np
import pytest
import tifffile
import torch
from projections import as_exchange, noisy_sinogram, photon_counts, true_slice
from projections import sinogram as sinogram_of_ellipses

from dipcli.tomography.beam import projection_of
from dipcli.tomography.projection import Geometry
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


def test_a_fan_is_reconstructed_and_one_that_nobody_spoke_of_is_named(tomography, tmp_path):
    geometry = Geometry(torch.arange(60) * (math.pi / 30), 48, 23.5, source=60.0)
    np.save(tmp_path / "fan.npy", projection_of(geometry)(torch.from_numpy(true_slice())[None])[0].numpy())
    np.save(tmp_path / "truth.npy", true_slice())
    flags = ("--angles", "360", "--method", "fbp", "--threads", "1", "--reference", tmp_path / "truth.npy")
    wrong = tomography(tmp_path / "fan.npy", *flags, "-o", tmp_path / "wrong.npy")
    assert "--source-distance" in wrong.stderr
    right = tomography(tmp_path / "fan.npy", *flags, "--source-distance", "60", "-o", tmp_path / "right.npy")
    assert right.exit_code == 0, right.stderr
    assert "--source-distance" not in right.stderr
    scores = [record_of(tmp_path / f"{name}.npy")["metrics"]["psnr_db"] for name in ("wrong", "right")]
    assert scores[1] > scores[0] + 2
    near = ("--source-distance", "20", "-o", tmp_path / "near.npy")
    assert "half of the detector" in sentence_of(tomography(tmp_path / "fan.npy", *flags, *near), 2)


def test_an_emission_is_reconstructed_from_its_counts(tomography, tmp_path):
    np.save(tmp_path / "prompts.npy", np.random.default_rng(0).poisson(20 * sinogram_of_ellipses() + 5))
    np.save(tmp_path / "kept.npy", np.full((30, 48), 20.0))
    np.save(tmp_path / "randoms.npy", np.full((30, 48), 5.0))
    np.save(tmp_path / "truth.npy", true_slice())
    beside = ("--attenuation", tmp_path / "kept.npy", "--randoms", tmp_path / "randoms.npy")
    flags = ("--angles", "180", "--preset", "instant", "--threads", "1", "--reference", tmp_path / "truth.npy")
    done = tomography(
        tmp_path / "prompts.npy", "--values", "emission", *beside, *flags, "-o", tmp_path / "pet.npy"
    )
    assert done.exit_code == 0, done.stderr
    record = record_of(tmp_path / "pet.npy")
    assert "expectation maximisation" in record["decisions"]["rounds"]
    assert "of counts" in record["decisions"]["noise"]
    assert record["metrics"]["psnr_db"] > 22
    assert np.load(tmp_path / "pet.npy").min() >= 0
    assert "--values emission" in sentence_of(tomography(tmp_path / "prompts.npy", *beside, *flags), 2)
