"""`dipcli mri`: what is said, what is written, and what the options do."""

import csv
import json
import re

import h5py
import nibabel
import numpy as np
import pytest
from scan_files import as_cfl, as_fastmri, as_npy, header
from scans import full_kspace, sampled_kspace, some_lines, to_images, to_kspace, true_maps

from tests.commands import QUICK, pixels_of, record_of, sentence_of

METRICS = {"psnr_db", "ssim", "nmse", "foreground_psnr_db", "foreground_ssim"}
BY_MAPS = ("", "classical_", "zero_filled_", "cg_sense_", "tv_")
UNDERSAMPLED = ("--undersample", "3", "--center-fraction", "0.3")


@pytest.fixture
def mri(program):
    """`mri(path, ...)` with small networks and few iterations, which have a fifth of the result."""
    return lambda *arguments: program("mri", "--classical", "0.8", "--width", "4,4", *QUICK, *arguments)


@pytest.fixture
def scan(tmp_path):
    return as_npy(tmp_path / "scan.npy", sampled_kspace()[0])


@pytest.fixture
def full(tmp_path):
    return as_npy(tmp_path / "full.npy", full_kspace()[0])


def decided(path):
    """What was decided before the fit."""
    decisions = record_of(path)["decisions"]
    assert re.fullmatch(r"changed the classical picture by \d+\.\d\d%", decisions.pop("network"))
    return decisions


def test_the_path_of_the_output_is_all_that_stdout_says(mri, scan, tmp_path):
    done = mri(scan, "-o", tmp_path / "recon.h5")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'recon.h5'}\n"
    with h5py.File(tmp_path / "recon.h5") as file:
        assert file["reconstruction"].shape == (1, 24, 20)
        assert np.isfinite(file["reconstruction"][()]).all()


def test_record_history_and_preview_lie_beside_the_output(mri, scan, tmp_path):
    mri(scan, "-o", tmp_path / "recon.npy")
    names = {"scan.npy", "recon.npy", "recon.run.json", "recon.history.csv", "recon.preview.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    # zero-filled, cg-sense, tv, patch groups, and the result, 4 pixels apart
    assert pixels_of(tmp_path / "recon.preview.png").shape == (24, 5 * 20 + 4 * 4)


def test_without_an_output_it_lies_beside_the_input(mri, scan, tmp_path):
    assert mri(scan).stdout == f"{tmp_path / 'scan_restored.h5'}\n"
    assert mri(scan, "--format", "npy").stdout == f"{tmp_path / 'scan_restored.npy'}\n"


def test_the_history_has_a_row_for_each_iteration(mri, scan, tmp_path):
    mri(scan, "-o", tmp_path / "recon.npy")
    with (tmp_path / "recon.history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows] == [1, 2, 3, 4]


def test_the_record_says_what_was_decided(mri, scan, tmp_path):
    mri(scan, "-o", tmp_path / "recon.npy")
    record = record_of(tmp_path / "recon.npy")
    assert record["command"] == "mri"
    assert record["input"]["shape"] == [4, 24, 20]
    assert record["classical"]["method"] == "patch groups"
    assert record["decisions"]["model"] == "sense, maps from 24x7 values around the centre"
    assert record["decisions"]["measured"].startswith("1 in 1.54 values")
    assert record["options"]["dc"] == "hard"
    assert record["metrics"] == {}
    assert (record["iterations"], record["seed"]) == (4, 0)


def test_the_decisions_are_said(mri, scan, tmp_path):
    done = mri(scan, "-o", tmp_path / "recon.npy")
    assert "model sense, maps from 24x7 values around the centre" in done.stderr
    assert "noise σ" in done.stderr


def test_the_same_seed_gives_the_same_result(mri, scan, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        mri(scan, "-o", tmp_path / f"{name}.npy", "--seed", seed)
    first, again, other = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_json_prints_the_record(mri, scan, tmp_path):
    done = mri(scan, "-o", tmp_path / "recon.npy", "--json")
    assert json.loads(done.stdout) == record_of(tmp_path / "recon.npy")


def test_the_input_is_not_touched(mri, scan, tmp_path):
    before = scan.read_bytes()
    mri(scan, "-o", tmp_path / "recon.npy")
    assert scan.read_bytes() == before


def test_an_undersampled_full_scan_is_scored_against_itself(mri, full, tmp_path):
    done = mri(full, *UNDERSAMPLED, "-o", tmp_path / "recon.npy")
    assert done.exit_code == 0, done.stderr
    record = record_of(tmp_path / "recon.npy")
    metrics = record["metrics"]
    assert set(metrics) == {prefix + name for prefix in BY_MAPS for name in METRICS}
    truth = np.linalg.norm(to_images(full_kspace()[0]), axis=0)
    error = np.square(np.abs(np.load(tmp_path / "recon.npy")[0]) - truth).mean()
    assert metrics["psnr_db"] == pytest.approx(10 * np.log10(truth.max() ** 2 / error), abs=1e-3)
    assert record["options"]["undersample"] == 3
    with (tmp_path / "recon.history.csv").open() as file:
        assert float(list(csv.DictReader(file))[-1]["psnr_db"]) == pytest.approx(metrics["psnr_db"], abs=1e-3)


@pytest.mark.parametrize("sampling", ["random", "equispaced", "equispaced-fraction", "poisson"])
def test_the_kind_of_sampling_can_be_chosen(mri, full, tmp_path, sampling):
    mri(full, *UNDERSAMPLED, "--sampling", sampling, "-o", tmp_path / "recon.npy")
    measured = record_of(tmp_path / "recon.npy")["decisions"]["measured"]
    assert 1.4 < float(measured.split()[2]) < 3.5


def test_the_seed_of_the_mask_decides_what_is_kept(mri, full, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        mri(full, *UNDERSAMPLED, "--mask-seed", seed, "-o", tmp_path / f"{name}.npy")
    scores = [record_of(tmp_path / f"{name}.npy")["metrics"]["zero_filled_psnr_db"] for name in "abc"]
    assert scores[0] == scores[1] != scores[2]


def test_with_a_reference_the_result_is_scored(mri, scan, tmp_path):
    truth = np.linalg.norm(to_images(full_kspace()), axis=1)
    as_fastmri(tmp_path / "truth.h5", full_kspace(), reference=truth)
    np.save(tmp_path / "truth.npy", truth)
    for name in ("truth.h5", "truth.npy"):
        mri(scan, "-o", tmp_path / "recon.npy", "--reference", tmp_path / name, "--overwrite")
        assert record_of(tmp_path / "recon.npy")["metrics"]["psnr_db"] > 15


def test_without_maps_fewer_methods_are_scored(mri, full, tmp_path):
    mri(full, *UNDERSAMPLED, "--model", "coil", "-o", tmp_path / "recon.npy")
    expected = {prefix + name for prefix in ("", "classical_", "zero_filled_") for name in METRICS}
    assert set(record_of(tmp_path / "recon.npy")["metrics"]) == expected


@pytest.mark.parametrize(("dc", "is_kept"), [("hard", True), ("soft:5", False), ("none", False)])
@pytest.mark.parametrize("model", ["coil", "sense"])
def test_measured_values_return_where_consistency_is_hard(mri, scan, tmp_path, dc, is_kept, model):
    flags = ("--dc", dc, "--model", model, "--keep-coils")
    assert mri(scan, "-o", tmp_path / "recon.h5", *flags).exit_code == 0
    with h5py.File(tmp_path / "recon.h5") as file:
        coils, picture = file["coil_images"][()], file["reconstruction"][()]
    assert coils.shape == (1, 4, 24, 20)
    assert coils.dtype == np.complex64
    np.testing.assert_allclose(np.linalg.norm(coils, axis=1), picture, rtol=1e-4)
    there = sampled_kspace() != 0
    error = np.abs(to_kspace(coils) - sampled_kspace())[there].max() / np.abs(sampled_kspace()).max()
    assert (error < 1e-5) == is_kept


def test_coil_images_lie_beside_other_formats(mri, scan, tmp_path):
    mri(scan, "-o", tmp_path / "recon.npy", "--keep-coils")
    assert np.load(tmp_path / "recon.coil_images.npy").shape == (1, 4, 24, 20)


def test_several_runs_write_their_spread(mri, scan, tmp_path):
    assert mri(scan, "-o", tmp_path / "recon.h5", "--runs", "2").exit_code == 0
    with h5py.File(tmp_path / "recon.h5") as file:
        assert file["spread"].shape == (1, 24, 20)
        assert (file["spread"][()] >= 0).all()
        assert file["spread"][()].any()
    mri(scan, "-o", tmp_path / "recon.npy", "--runs", "2")
    assert np.load(tmp_path / "recon.spread.npy").any()
    assert len(record_of(tmp_path / "recon.npy")["runs"]) == 2


def test_given_maps_are_used(mri, scan, tmp_path):
    np.save(tmp_path / "maps.npy", true_maps())
    mri(scan, "-o", tmp_path / "recon.npy", "--maps", tmp_path / "maps.npy")
    record = record_of(tmp_path / "recon.npy")
    assert record["decisions"]["model"] == "sense, with 1 given set(s) of maps"
    assert record["options"]["maps"] == str(tmp_path / "maps.npy")


def test_a_mask_tells_what_was_measured(mri, full, tmp_path):
    np.save(tmp_path / "mask.npy", some_lines())
    assert mri(full, "-o", tmp_path / "a.npy", "--mask", tmp_path / "mask.npy").exit_code == 0
    mri(as_npy(tmp_path / "full_.npy", full_kspace()[0] * some_lines()), "-o", tmp_path / "b.npy")
    assert decided(tmp_path / "a.npy") == decided(tmp_path / "b.npy")


@pytest.mark.parametrize("format_", ["h5", "nii", "nii.gz", "npy", "cfl", "png"])
def test_every_format_is_written(mri, scan, tmp_path, format_):
    done = mri(scan, "-o", tmp_path / f"recon.{format_}")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / f"recon.{format_}").stat().st_size > 300
    if format_ == "png":
        assert pixels_of(tmp_path / "recon.png").shape == (24, 20)
    if format_.startswith("nii"):
        assert nibabel.load(tmp_path / f"recon.{format_}").shape == (20, 24, 1)


def test_the_matrix_of_the_header_is_what_is_shown(mri, tmp_path):
    path = as_fastmri(tmp_path / "scan.h5", sampled_kspace(), head=header(16, 12))
    mri(path, "-o", tmp_path / "a.npy")
    mri(path, "-o", tmp_path / "b.npy", "--no-crop", "--keep-oversampling")
    assert (np.load(tmp_path / "a.npy").shape, np.load(tmp_path / "b.npy").shape) == ((1, 16, 12), (1, 24, 20))


def test_a_readout_with_its_oversampling_removed_is_scored_against_its_own_size(mri, tmp_path):
    path = as_fastmri(tmp_path / "full.h5", full_kspace(height=48), head=header(24, 20))
    done = mri(path, *UNDERSAMPLED, "-o", tmp_path / "recon.npy")
    assert done.exit_code == 0, done.stderr
    assert np.load(tmp_path / "recon.npy").shape == (1, 24, 20)


def test_bart_and_numpy_give_the_same_decisions(mri, scan, tmp_path):
    mri(scan, "-o", tmp_path / "a.npy")
    mri(as_cfl(tmp_path / "scan.cfl", sampled_kspace()), "-o", tmp_path / "b.npy")
    assert decided(tmp_path / "a.npy") == decided(tmp_path / "b.npy")


def test_a_scan_that_is_whole_is_its_coils_combined(mri, full, tmp_path):
    done = mri(full, "-o", tmp_path / "recon.npy", "--keep-coils")
    assert done.exit_code == 0, done.stderr
    assert "full.npy: was measured whole, so nothing is recovered" in done.stderr
    expected = np.sqrt((np.abs(to_images(full_kspace()[0])) ** 2).sum(0))
    np.testing.assert_allclose(np.abs(np.load(tmp_path / "recon.npy")[0]), expected, rtol=1e-5)
    record = record_of(tmp_path / "recon.npy")
    assert (record["ending"], record["classical"]["method"]) == ("classical", "root-sum-of-squares")
    assert len(record["warnings"]) == 1


def test_noise_is_removed_from_a_whole_scan_where_that_is_asked_for(mri, full, tmp_path):
    done = mri(full, "-o", tmp_path / "recon.npy", "--dc", "soft:1")
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "recon.npy")["classical"]["method"] == "patch groups"


def test_undersampling_what_is_not_whole_is_one_sentence(mri, scan, tmp_path):
    sentence = sentence_of(mri(scan, "--undersample", "4", "-o", tmp_path / "recon.npy"), 2)
    assert "scan.npy: is not fully sampled, so --undersample has no truth." in sentence


def test_a_reference_of_another_size_is_one_sentence(mri, scan, tmp_path):
    np.save(tmp_path / "truth.npy", np.ones((20, 24), np.float32))
    done = mri(scan, "-o", tmp_path / "recon.npy", "--reference", tmp_path / "truth.npy", "--log-level", "error")
    assert "the reference is 20x24, but the reconstruction will be 24x20" in sentence_of(done, 2)


@pytest.mark.parametrize("name", ["recon.jpg", "recon.dcm"])
def test_an_output_of_another_format_is_one_sentence(mri, scan, tmp_path, name):
    done = mri(scan, "-o", tmp_path / name)
    assert "end it in .h5, .nii, .npy, .cfl, .png, .nii.gz, or in / for a folder." in sentence_of(done, 2)


@pytest.mark.parametrize(
    "flags",
    [
        ("--dc", "soft"),
        ("--model", "grappa"),
        ("--undersample", "many"),
        ("--format", "dcm"),
        ("--classical", "2"),
    ],
)
def test_options_that_do_not_fit_are_a_usage_error(mri, scan, tmp_path, flags):
    assert mri(scan, "-o", tmp_path / "recon.npy", *flags).exit_code == 2
    assert not (tmp_path / "recon.npy").exists()
