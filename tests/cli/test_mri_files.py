"""`dipcli mri` with many slices, many files, and files that are none; and what `--inspect` says of them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scan_files import as_cfl, as_fastmri, as_ismrmrd, as_npy, header, readouts
from scans import full_kspace, noise_of, sampled_kspace, some_lines, to_images

from tests.commands import QUICK, pixels_of, record_of, sentence_of, until_saved


@pytest.fixture
def mri(program):
    """`mri(path, ...)` with small networks and few iterations."""
    return lambda *arguments: program("mri", "--width", "4,4", *QUICK, *arguments)


@pytest.fixture
def slices(tmp_path):
    """Three slices of a fastMRI file."""
    return as_fastmri(tmp_path / "scan.h5", sampled_kspace(slices=3), mask=some_lines())


def reconstruction(path):
    with h5py.File(path) as file:
        return file["reconstruction"][()]


def test_every_slice_is_reconstructed(mri, slices, tmp_path):
    done = mri(slices, "-o", tmp_path / "recon.h5")
    assert done.exit_code == 0, done.stderr
    volume = reconstruction(tmp_path / "recon.h5")
    assert volume.shape == (3, 24, 20)
    assert np.all(np.diff(volume.mean((1, 2))) > 0)  # each slice is brighter than the one before
    record = record_of(tmp_path / "recon.h5")
    assert len(record["frames"]) == 3
    assert record["iterations"] == 12
    assert "scan.h5 [2/3]: model sense" in done.stderr


def test_the_preview_shows_the_middle_slice(mri, slices, tmp_path):
    mri(slices, "-o", tmp_path / "all.h5")
    mri(slices, "-o", tmp_path / "one.h5", "--slices", "1")
    whole, single = (pixels_of(tmp_path / f"{name}.preview.png")[:, :20] for name in ("all", "one"))
    assert np.abs(whole.astype(int) - single).max() <= 3  # the window is that of the result


@pytest.mark.parametrize(("wanted", "expected"), [("1", [1]), ("middle", [1]), ("1:", [1, 2])])
def test_slices_can_be_chosen(mri, slices, tmp_path, wanted, expected):
    mri(slices, "-o", tmp_path / "recon.h5", "--slices", wanted)
    with h5py.File(tmp_path / "recon.h5") as file:
        assert file.attrs["slices"].tolist() == expected
        assert len(file["reconstruction"]) == len(expected)


def test_slices_that_are_not_there_are_one_sentence(mri, slices, tmp_path):
    assert "--slices 3 is not among its 3" in sentence_of(mri(slices, "-o", tmp_path / "r.h5", "--slices", "3"), 2)


def test_a_reference_of_all_slices_serves_the_chosen_ones(mri, slices, tmp_path):
    truth = np.linalg.norm(to_images(full_kspace(slices=3)), axis=1)
    np.save(tmp_path / "truth.npy", truth)
    flags = ("--reference", tmp_path / "truth.npy", "--slices", "2")
    mri(slices, "-o", tmp_path / "recon.npy", *flags)
    error = np.square(np.abs(np.load(tmp_path / "recon.npy")[0]) - truth[2]).mean()
    expected = 10 * np.log10(truth[2].max() ** 2 / error)
    assert record_of(tmp_path / "recon.npy")["metrics"]["psnr_db"] == pytest.approx(expected, abs=1e-3)


def test_metrics_of_a_volume_are_those_of_all_slices_together(mri, tmp_path):
    path = as_npy(tmp_path / "full.npy", full_kspace(slices=2))
    mri(
        path,
        "--axes",
        "slice,coil,y,x",
        "--undersample",
        "3",
        "--center-fraction",
        "0.3",
        "-o",
        tmp_path / "r.npy",
    )
    record = record_of(tmp_path / "r.npy")
    truth = np.linalg.norm(to_images(full_kspace(slices=2)), axis=1)
    error = np.square(np.abs(np.load(tmp_path / "r.npy")) - truth).mean()
    assert record["metrics"]["psnr_db"] == pytest.approx(10 * np.log10(truth.max() ** 2 / error), abs=1e-3)
    means = np.mean([frame["metrics"]["psnr_db"] for frame in record["frames"]])
    assert record["metrics"]["psnr_db"] != pytest.approx(means, abs=1e-6)


def test_a_slice_starts_from_its_neighbours_network_unless_told_otherwise(mri, slices, tmp_path):
    flags = ("--model", "coil", "--classical", "0", "--dc", "none")
    for name, more in (("warm", ()), ("cold", ("--cold-start",))):
        mri(slices, "-o", tmp_path / f"{name}.npy", *flags, *more)
    warm, cold = (np.load(tmp_path / f"{name}.npy") for name in ("warm", "cold"))
    assert np.array_equal(warm[0], cold[0])
    assert not np.array_equal(warm[1], cold[1])


def test_a_warm_start_begins_with_a_lower_loss(mri, slices, tmp_path):
    def first_losses(name, *more):
        flags = ("--model", "coil", "--iterations", "30", "--slices", "0:2")
        mri(slices, "-o", tmp_path / f"{name}.npy", *flags, *more)
        lines = (tmp_path / f"{name}.history.csv").read_text().splitlines()
        column = lines[0].split(",").index("data")
        rows = [line.split(",") for line in lines if not line.startswith(lines[0])]
        return [float(row[column]) for row in rows if row[lines[0].split(",").index("iteration")] == "1"]

    warm, cold = first_losses("warm"), first_losses("cold", "--cold-start")
    assert warm[0] == cold[0]
    assert warm[1] < 0.9 * cold[1]


@pytest.fixture
def folder(tmp_path):
    """Three scans of three formats, the second one damaged, and something that is no scan."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    as_npy(tmp_path / "in" / "a.npy", sampled_kspace()[0])
    as_fastmri(tmp_path / "in" / "b.h5", sampled_kspace())
    data = (tmp_path / "in" / "b.h5").read_bytes()
    (tmp_path / "in" / "b.h5").write_bytes(data[: len(data) // 2])
    as_cfl(tmp_path / "in" / "sub" / "c.cfl", sampled_kspace())
    (tmp_path / "in" / "notes.txt").write_text("of yesterday")
    return tmp_path / "in"


def test_a_damaged_scan_does_not_stop_the_others(mri, folder, tmp_path):
    done = mri("-r", folder, "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [str(tmp_path / "out" / name) for name in ("a.h5", "sub/c.h5")]
    assert "b.h5: cannot be read as HDF5" in done.stderr
    assert re.search(r"3 inputs: 2 done.*, 1 failed, ", done.stderr)
    assert not (tmp_path / "out" / "b.h5").exists()
    assert reconstruction(tmp_path / "out" / "sub" / "c.h5").shape == (1, 24, 20)


@pytest.mark.parametrize("format_", ["npy", "nii.gz"])
def test_the_format_of_a_batch_can_be_chosen(mri, folder, tmp_path, format_):
    done = mri("-r", folder, "-o", tmp_path / "out", "--format", format_)
    expected = [str(tmp_path / "out" / f"{name}.{format_}") for name in ("a", "sub/c")]
    assert done.stdout.splitlines() == expected
    assert all(Path(path).is_file() for path in expected)


def test_scans_of_one_name_are_not_written_over_each_other(mri, tmp_path):
    as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    as_fastmri(tmp_path / "a.h5", sampled_kspace())
    done = mri(tmp_path / "a.npy", tmp_path / "a.h5", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "would both be written to" in done.stderr


def test_an_output_that_exists_is_kept_unless_told_otherwise(mri, slices, tmp_path):
    (tmp_path / "recon.h5").write_bytes(b"mine")
    done = mri(slices, "-o", tmp_path / "recon.h5")
    assert done.exit_code == 2
    assert (tmp_path / "recon.h5").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["a.png", "a.h5", "a.cfl", "nowhere.npy"])
def test_what_is_no_scan_is_one_sentence(mri, tmp_path, name):
    if name == "a.png":
        Image.new("L", (20, 20)).save(tmp_path / name)
    elif name != "nowhere.npy":
        (tmp_path / name).write_text("not a scan")
    sentence = sentence_of(mri(tmp_path / name, "-o", tmp_path / "recon.h5"))
    assert name in sentence
    assert not list(tmp_path.glob("recon*"))


def test_a_moved_centre_is_warned_about_and_recorded(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", np.fft.ifftshift(sampled_kspace()[0], (1, 2)))
    done = mri(path, "-o", tmp_path / "recon.npy")
    assert "frequency 0 was in the corner and was moved to the centre." in done.stderr
    assert "frequency 0 was in the corner" in record_of(tmp_path / "recon.npy")["warnings"][0]


def test_a_noise_scan_is_used(mri, tmp_path):
    from scan_files import NOISE, readout

    records = [readout(noise_of((4, 200), 0.01), 0, flags=[NOISE]), *readouts(sampled_kspace()[0])]
    path = as_ismrmrd(tmp_path / "a.h5", [r for r in records if r["data"].any()], header())
    mri(path, "-o", tmp_path / "white.npy")
    mri(path, "-o", tmp_path / "as_it_is.npy", "--no-whitening")
    white, as_it_is = (np.abs(np.load(tmp_path / f"{name}.npy")) for name in ("white", "as_it_is"))
    assert 50 < white.mean() / as_it_is.mean() < 200


# --inspect


def facts(text):
    return {line[2:].split("  ")[0].strip(): line[2:].split("  ", 1)[1].strip() for line in text.splitlines()[1:]}


def test_inspecting_says_what_a_scan_holds_and_writes_nothing(mri, tmp_path):
    path = as_fastmri(tmp_path / "a.h5", sampled_kspace(slices=2), head=header(24, 20))
    done = mri(path, "--inspect")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{path}\n")
    said = facts(done.stdout)
    assert said["format"] == "fastMRI"
    assert said["stored"] == "2x4x24x20"
    assert said["axes"] == "2 slice(s), 4 coil(s), readout 24, phase 20"
    assert said["matrix"] == "24x20"
    assert said["voxel"] == "5.00 x 10.00 x 10.00 mm"
    assert said["acceleration"] == "1.54, lines (1D)"
    assert said["calibration"] == "24 x 7 values around the centre"
    assert said["frequency_0"] == "0.0% and 0.0% of the sides away from the centre"
    assert said["model"] == "sense, maps from 24x7 values around the centre"
    assert said["memory"].endswith("MiB")
    assert re.fullmatch(r"[\d.]+-[\d.]+ s on this cpu, [\d.]+-[\d.]+ s a slice", said["time"])
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


def test_inspecting_tells_points_from_lines(mri, tmp_path):
    kspace = full_kspace()
    kspace[:, :, ::2, ::3] = 0
    kspace[:, :, 8:16, 6:14] = full_kspace()[:, :, 8:16, 6:14]
    said = facts(mri(as_npy(tmp_path / "a.npy", kspace[0]), "--inspect").stdout)
    assert said["acceleration"].endswith("points (2D)")
    assert said["voxel"] == "unknown"


def test_inspecting_says_that_a_scan_is_complete(mri, tmp_path):
    path = as_fastmri(tmp_path / "a.h5", full_kspace())
    assert facts(mri(path, "--inspect").stdout)["acceleration"].startswith("none, k-space is complete")


def test_inspecting_tells_padding_from_what_is_missing(mri, tmp_path):
    kspace = sampled_kspace()
    kspace[..., :4] = kspace[..., 18:] = 0
    path = as_fastmri(tmp_path / "a.h5", kspace, head=header(24, 20, centre=6, measured=14))
    assert facts(mri(path, "--inspect").stdout)["acceleration"] == "1.40, lines (1D), 6 lines of padding"


@pytest.mark.parametrize("value", [0, np.nan])
def test_inspecting_what_cannot_be_reconstructed_says_so(mri, tmp_path, value):
    path = as_npy(tmp_path / "a.npy", np.full((4, 24, 20), value, np.complex64))
    done = mri(path, "--inspect")
    assert done.exit_code == 0, done.stderr
    assert facts(done.stdout)["values"] == "not finite, or all 0: this cannot be reconstructed"


def test_inspecting_as_json_prints_the_facts(mri, slices):
    found = json.loads(mri(slices, "--inspect", "--json").stdout)
    assert found["input"] == str(slices)
    assert found["format"] == "fastMRI"


def test_inspecting_what_is_no_scan_is_one_sentence(mri, tmp_path):
    (tmp_path / "a.h5").write_text("not a scan")
    assert "is no scan that is known" in sentence_of(mri(tmp_path / "a.h5", "--inspect"))


def test_ctrl_c_leaves_a_checkpoint_and_code_75(tmp_path):
    as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    flags = ["--iterations", "1000000", "--stop", "never", "--threads", "1", "--compile", "off", "--width", "4,4"]
    flags += ["--checkpoint-every", "0.1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dipcli", "mri", str(tmp_path / "a.npy"), "-o", str(tmp_path / "r.npy"), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    until_saved(process, tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "Interrupted" in err
    assert out == ""
    assert (tmp_path / "r.checkpoint" / "0.pt").is_file()
