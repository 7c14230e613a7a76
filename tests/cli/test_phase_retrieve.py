"""`dipcli phase-retrieve` and `dipcli simulate`, from file to files."""

import csv
import json

import numpy as np
import pytest
import tifffile
from patterns import as_cxi, read_h5, simulated

from dipcli.io.locks import locked
from tests.commands import pixels_of, record_of, sentence_of

FEW = ("--starts", "3", "--cycles", "100", "--rounds", "1", "--threads", "1")


@pytest.fixture
def phase(program):
    """`phase(path, ...)` with few starts and cycles."""
    return lambda *arguments: program("phase-retrieve", *FEW, *arguments)


@pytest.fixture
def counts():
    return simulated()[0]


@pytest.fixture
def scan(tmp_path):
    return as_cxi(tmp_path / "scan.cxi", *simulated())


def test_an_object_is_retrieved_and_everything_written(phase, scan, tmp_path):
    done = phase(scan, "-o", tmp_path / "object.cxi", "--reference", scan, "--starts", "6", "--cycles", "300")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'object.cxi'}\n"
    record = record_of(tmp_path / "object.cxi")
    assert record["metrics"]["error"] < 0.15
    assert record["metrics"]["classical_error"] < 0.15
    assert set(record["outputs"]) == {"object", "runs", "prtf", "preview"}
    image = read_h5(tmp_path / "object.cxi", "entry_1/image_1/data")
    assert image.shape == (16, 16)
    assert image.dtype == np.complex64
    assert read_h5(tmp_path / "object.cxi", "cxi_version") == 140
    assert read_h5(tmp_path / "object.cxi", "entry_1/data_1/mask").sum() > 50
    assert read_h5(tmp_path / "object.cxi", "entry_1/image_1/process_1/results/fft_sign") == b"-1"
    assert read_h5(tmp_path / "object.cxi", "entry_1/image_1/process_1/configuration/seed") == 0
    assert pixels_of(tmp_path / "object.preview.png").shape[2] == 3
    rows = list(csv.DictReader((tmp_path / "object.runs.csv").read_text().splitlines()))
    assert len(rows) == 6
    assert float(rows[0]["free_chi"]) <= float(rows[1]["free_chi"])


def test_a_volume_is_retrieved_and_written_for_paraview(phase, tmp_path):
    counts, truth = simulated(n_axes=3)
    scan = as_cxi(tmp_path / "scan.cxi", counts, truth)
    done = phase(scan, "-o", tmp_path / "object.npz")
    assert done.exit_code == 0, done.stderr
    with np.load(tmp_path / "object.npz") as found:
        assert found["object"].shape == (16, 16, 16)
        assert found["support"].any()
        assert found["modes"].shape[1:] == (16, 16, 16)
        assert found["spread"].shape == (16, 16, 16)
        assert found["weights"].sum() == pytest.approx(1, abs=1e-4)
    text = (tmp_path / "object.vti").read_text()
    assert 'WholeExtent="0 15 0 15 0 15"' in text
    assert all(f'Name="{name}"' in text for name in ("magnitude", "phase", "support", "spread"))


def test_the_same_command_gives_the_same_object(phase, scan, tmp_path):
    for name in ("a", "b"):
        phase(scan, "-o", tmp_path / f"{name}.npz")
    first, second = (np.load(tmp_path / f"{name}.npz")["object"] for name in ("a", "b"))
    assert np.array_equal(first, second)


def test_the_other_sign_of_the_transform_gives_the_conjugate(phase, scan, tmp_path):
    phase(scan, "-o", tmp_path / "minus.npz")
    phase(scan, "-o", tmp_path / "plus.npz", "--fft-sign", "+1")
    minus, plus = (np.load(tmp_path / f"{name}.npz")["object"] for name in ("minus", "plus"))
    assert np.array_equal(minus.conj(), plus)


def test_what_lies_under_the_mask_has_no_influence(phase, tmp_path):
    counts, truth = simulated()
    bad = np.zeros(counts.shape, bool)
    bad[3:6, 10:20] = True
    for name, hidden in (("a", 0), ("b", 12345)):
        as_cxi(tmp_path / f"{name}.cxi", np.where(bad, hidden, counts), truth, bad)
        phase(tmp_path / f"{name}.cxi", "-o", tmp_path / f"{name}.npz", "--seed", "1")
    # The name of a file enters its seed.
    (tmp_path / "b.cxi").replace(tmp_path / "a.cxi")
    phase(tmp_path / "a.cxi", "-o", tmp_path / "b.npz", "--seed", "1", "--overwrite")
    first, second = (np.load(tmp_path / f"{name}.npz")["object"] for name in ("a", "b"))
    assert np.array_equal(first, second)


def test_a_known_support_is_kept(phase, scan, tmp_path):
    support = np.abs(simulated()[1]) > 0.1
    np.save(tmp_path / "support.npy", support)
    phase(scan, "-o", tmp_path / "object.npz", "--support", tmp_path / "support.npy", "--reference", scan)
    assert np.load(tmp_path / "object.npz")["support"].sum() == support.sum()
    assert record_of(tmp_path / "object.npz")["metrics"]["error"] < 0.2


def test_a_support_of_another_size_is_a_usage_error(phase, scan, tmp_path):
    np.save(tmp_path / "support.npy", np.ones((7, 7)))
    done = phase(scan, "-o", tmp_path / "object.npz", "--support", tmp_path / "support.npy")
    assert "--support is 7x7 and must be 32x32 or half" in sentence_of(done, 2)


def test_a_folder_of_frames_is_one_input(phase, tmp_path):
    counts, _ = simulated(n_axes=3)
    (tmp_path / "scan").mkdir()
    for number, frame in enumerate(counts):
        tifffile.imwrite(tmp_path / "scan" / f"step_{number:03}.tif", frame.astype(np.int32))
    done = phase(tmp_path / "scan", "-o", tmp_path / "object.npz")
    assert done.exit_code == 0, done.stderr
    assert np.load(tmp_path / "object.npz")["object"].shape == (16, 16, 16)
    assert len(record_of(tmp_path / "object.npz")["input"]["files"]) == 31


def test_a_folder_of_scans_is_many_inputs(phase, scan, tmp_path):
    (tmp_path / "in").mkdir()
    scan.rename(tmp_path / "in" / "a.cxi")
    (tmp_path / "in" / "b.npy").write_bytes(b"damaged")
    done = phase("-r", tmp_path / "in", "-o", tmp_path / "out", "--reference", tmp_path / "in")
    assert done.exit_code == 1
    assert done.stdout == f"{tmp_path / 'out' / 'a.cxi'}\n"
    assert "b.npy: is no pattern that is known" in done.stderr
    assert "error" in record_of(tmp_path / "out" / "a.cxi")["metrics"]


def test_an_array_in_a_file_can_be_named(phase, scan, tmp_path):
    done = phase(f"{scan}:entry_1/instrument_1/detector_1/data", "-o", tmp_path / "object.npz")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("method", ["double-dip", "hybrid"])
@pytest.mark.parametrize("flags", [(), ("--unknowns", "magnitude-phase"), ("--uniform-magnitude",)])
def test_two_networks_are_fitted(phase, scan, tmp_path, method, flags):
    flags = (*flags, "--width", "4", "--iterations", "4", "--runs", "1", "--reference", scan)
    done = phase(scan, "-o", tmp_path / "object.cxi", "--method", method, *flags)
    assert done.exit_code == 0, done.stderr
    record = record_of(tmp_path / "object.cxi")
    assert record["iterations"] == 4
    assert record["metrics"]["error"] <= record["metrics"]["classical_error"] + 0.1
    assert len((tmp_path / "object.history.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("flags", "said", "code"),
    [
        (("--crop", "8"), "8x8 is too small", 1),
        (("--crop", "64"), "cannot be cropped to 64x64", 2),
        (("--crop", "8,8,8"), "has 2 axes, but --crop names 3", 2),
    ],
)
def test_sides_that_do_not_fit_are_one_sentence(phase, scan, tmp_path, flags, said, code):
    assert said in sentence_of(phase(scan, "-o", tmp_path / "o.npz", *flags), code)
    assert not (tmp_path / "o.npz").exists()


@pytest.mark.parametrize("flags", [("--crop", "many"), ("--method", "guess"), ("--free-pixels", "2")])
def test_options_that_have_no_meaning_are_a_usage_error(phase, scan, tmp_path, flags):
    assert phase(scan, "-o", tmp_path / "o.npz", *flags).exit_code == 2


def test_a_reference_that_is_no_object_is_one_sentence(phase, scan, tmp_path, counts):
    np.save(tmp_path / "counts.npy", counts)
    done = phase(scan, "-o", tmp_path / "o.npz", "--reference", tmp_path / "counts.npy")
    assert "counts.npy: holds no complex object" in sentence_of(done)


def test_an_output_of_another_format_is_one_sentence(phase, scan, tmp_path):
    assert "end it in .cxi, .npz, or in / for a folder." in sentence_of(
        phase(scan, "-o", tmp_path / "object.png"), 2
    )


def test_a_pattern_that_does_not_fit_into_memory_is_one_sentence(phase, scan, tmp_path, monkeypatch):
    monkeypatch.setattr("dipcli.pipeline.computing.free_bytes", lambda device: 1e8)
    monkeypatch.setattr("dipcli.pipeline.computing.SMALL", 0)
    said = sentence_of(phase(scan, "-o", tmp_path / "o.npz"))
    assert "needs about 0.4 GB, and 0.1 GB are free; use --crop or --bin" in said


# simulate


@pytest.mark.parametrize(("sample", "n_axes"), [("cdi", 2), ("bcdi", 3)])
@pytest.mark.parametrize("suffix", ["cxi", "npz"])
def test_a_pattern_is_simulated_with_its_truth(program, tmp_path, sample, n_axes, suffix):
    path = tmp_path / f"scan.{suffix}"
    done = program("simulate", sample, "--size", "32", "--photons", "1e6", "--beamstop", "3", "--output", path)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{path}\n"
    if suffix == "cxi":
        names = (
            "entry_1/instrument_1/detector_1/data",
            "entry_1/instrument_1/detector_1/mask",
            "entry_1/truth/data",
        )
        data, mask, truth = (read_h5(path, name) for name in names)
    else:
        data, mask, truth = (np.load(path)[name] for name in ("data", "mask", "truth"))
        assert json.loads(str(np.load(path)["options"]))["sample"] == sample
    assert data.shape == (32,) * n_axes
    assert data.dtype == np.int32
    assert mask.sum() == 3**n_axes
    assert not data[mask > 0].any()
    assert truth.shape == (16,) * n_axes


def test_a_simulation_is_the_same_for_the_same_seed(program, tmp_path):
    for name, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        program("simulate", "cdi", "--size", "32", "--seed", seed, "--output", tmp_path / f"{name}.npz")
    a, b, c = (np.load(tmp_path / f"{name}.npz")["data"] for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--output", "scan.png"), 2, "end the name in .cxi or .npz."),
        (("--output", "scan.npz", "--size", "33"), 2, "--size 33 is odd; give an even number."),
        (("--beamstop", "70"), 2, "--beamstop 70 hides half of 64 pixels and more; give a smaller one."),
        (("--gap", "32"), 2, "--gap 32 hides half of 64 pixels and more; give a smaller one."),
        (("--photons", "1e30"), 2, "more than 1e+18 photons cannot be drawn; give fewer, or inf for no noise."),
    ],
)
def test_a_simulation_that_cannot_be_is_one_sentence(program, tmp_path, monkeypatch, flags, code, said):
    monkeypatch.chdir(tmp_path)
    done = program("simulate", "cdi", *flags)
    assert done.exit_code == code
    assert said in done.stderr


def test_more_counts_than_32_bits_hold_are_written(program, tmp_path):
    done = program("simulate", "cdi", "--size", "32", "--photons", "1e13", "--output", tmp_path / "scan.npz")
    assert done.exit_code == 0, done.stderr
    assert np.load(tmp_path / "scan.npz")["data"].sum(dtype=np.float64) == pytest.approx(1e13, rel=1e-3)


def test_a_simulation_is_not_written_over(program, tmp_path):
    (tmp_path / "scan.npz").write_bytes(b"mine")
    assert program("simulate", "cdi", "--size", "32", "--output", tmp_path / "scan.npz").exit_code == 2
    assert (tmp_path / "scan.npz").read_bytes() == b"mine"


def test_the_unit_of_the_counts_is_of_no_account(phase, counts, tmp_path):
    found = []
    for factor in (1, 1024):  # a power of two: of others, rounding may let another start win
        np.save(tmp_path / "scan.npy", (factor * counts).astype(np.float64))
        done = phase(tmp_path / "scan.npy", "-o", tmp_path / "object.npz", "--method", "classical", "--overwrite")
        assert done.exit_code == 0, done.stderr
        found.append(np.load(tmp_path / "object.npz")["object"])
    np.testing.assert_array_equal(*found)


def test_two_simulations_of_one_output_notice_each_other(program, tmp_path):
    path = tmp_path / "scan.npz"
    with locked(path):
        sentence = sentence_of(program("simulate", "cdi", "--size", "32", "--output", path))
    assert "is writing it; wait for it, or name another --output." in sentence
    assert program("simulate", "cdi", "--size", "32", "--output", path).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["scan.npz"]
