"""Published methods from the command line: each leaves what it promises beside its result."""

import csv

import numpy as np
import pytest
import tifffile
from scan_files import as_npy
from scans import sampled_kspace

from tests.commands import QUICK, record_of, save_hole, save_noisy

OWN = ("--classical", "0", "--width", "4,4", "--no-report", "--threads", "1")


@pytest.fixture
def masked(tmp_path):
    save_hole(tmp_path / "mask.png")
    return save_noisy(tmp_path / "holed.png"), "--mask", tmp_path / "mask.png"


def test_samples_of_one_run_leave_their_spread(program, tmp_path):
    noisy, out = save_noisy(tmp_path / "noisy.png"), tmp_path / "clean.png"
    done = program("denoise", noisy, "-o", out, "--samples", "2", "--iterations", "30", *OWN)
    assert done.exit_code == 0, done.stderr
    spread = tifffile.imread(tmp_path / "clean.spread.tif")
    assert spread.shape == (20, 24, 3)
    assert np.isfinite(spread).all()
    assert spread.max() > 0
    assert len(record_of(out)["runs"]) == 1


@pytest.mark.parametrize(
    "flags",
    [
        ("--descent", "self-diffusion", "--diffusion-steps", "2", "--diffusion-iterations", "2"),
        ("--samples", "2", "--iterations", "30"),
        ("--prior", "spectral", "--iterations", "4"),
        ("--stop", "self-validation", "--iterations", "4"),
        ("--prior", "free", "--iterations", "4"),
    ],
    ids=lambda flags: flags[1],
)
def test_inpainting_knows_the_methods_too(program, masked, tmp_path, flags):
    done = program("inpaint", *masked, "-o", tmp_path / "whole.png", *flags, *OWN)
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "whole.png")["ending"] in ("early_stop", "max_iterations")


@pytest.mark.parametrize("loss", ["sure", "sparse"])
def test_the_history_has_the_terms_of_the_loss(program, tmp_path, loss):
    noisy, out = save_noisy(tmp_path / "noisy.png"), tmp_path / "clean.png"
    done = program("denoise", noisy, "-o", out, "--loss", loss, *QUICK, *OWN)
    assert done.exit_code == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "clean.history.csv").read_text().splitlines()))
    assert len(rows) == 4
    assert ("divergence" in rows[0]) == (loss == "sure")
    assert record_of(out)["decisions"]["loss"] == loss


def test_a_risk_that_nobody_estimates_is_refused_at_once(program, tmp_path):
    done = program(
        "denoise", save_noisy(tmp_path / "noisy.png"), "-o", tmp_path / "a.png", "--stop", "zero-crossing"
    )
    assert done.exit_code == 2
    assert "--loss sure" in done.stderr


@pytest.mark.parametrize(("method", "name"), [("tv", "total variation"), ("pnp", "patch groups")])
def test_a_hole_is_filled_by_one_classical_method_by_its_name(program, masked, tmp_path, method, name):
    done = program("inpaint", *masked, "-o", tmp_path / "whole.png", "--method", method, "--no-report")
    assert done.exit_code == 0, done.stderr
    record = record_of(tmp_path / "whole.png")
    assert record["ending"] == "classical"
    assert f"100% {name}" in str(record["decisions"])
    assert f"100% {name}" in done.stderr


@pytest.mark.parametrize(("method", "name"), [("tv", "total variation"), ("pnp", "patch groups")])
def test_a_scan_is_reconstructed_by_one_classical_method_by_its_name(program, tmp_path, method, name):
    as_npy(tmp_path / "scan.npy", sampled_kspace()[0])
    out = tmp_path / "image.npy"
    flags = ("--axes", "coil,y,x", "--no-report", "--threads", "1", "--method", method)
    done = program("mri", tmp_path / "scan.npy", "-o", out, *flags)
    assert done.exit_code == 0, done.stderr
    assert record_of(out)["ending"] == "classical"
    assert f"{name}, no network" in done.stderr
    shared = program("mri", tmp_path / "scan.npy", "-o", tmp_path / "b.npy", *flags, "--classical", "0.5")
    assert shared.exit_code == 2
    assert "leave --classical out" in shared.stderr
