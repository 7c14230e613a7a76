"""`--dry-run` of every command: nothing is computed or written; what would fail is said as the real run does."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from patterns import simulated
from scan_files import as_npy
from scans import sampled_kspace

from dipcli.errors import Interrupted
from tests.commands import save_hole, save_noisy

# Every command on its own kind of input, with what makes it quick; OUT is the output's ending.
COMMANDS = {
    "denoise": ("noisy.png", "OUT.png", "--iterations", "2"),
    "inpaint": ("noisy.png", "OUT.png", "--mask", "mask.png", "--iterations", "2"),
    "upscale": ("noisy.png", "OUT.png", "--iterations", "2"),
    "deblur": ("large.png", "OUT.png", "--kernel", "gauss:1", "--method", "wiener"),
    "mri": ("scan.npy", "OUT.h5", "--iterations", "2", "--width", "4,4"),
    "phase-retrieve": ("pattern.npy", "OUT.npz", "--starts", "2", "--cycles", "20", "--rounds", "1"),
    "simulate": ("cdi", "OUT.npz", "--size", "32"),
}
WITH_INPUTS = [name for name in COMMANDS if name != "simulate"]
COMPUTE = (
    "dipcli.pictures.medium.Pictures.state",
    "dipcli.mri.medium.Scans.state",
    "dipcli.diffraction.medium.Patterns.state",
    "dipcli.diffraction.simulation.simulate_crystal",
    "dipcli.pipeline.computing.fit",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An input for every command, to stand beside."""
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / "noisy.png")
    save_noisy(tmp_path / "large.png", (48, 52, 3))
    save_noisy(tmp_path / "other.png", (30, 31, 3))
    save_hole(tmp_path / "mask.png")
    as_npy(tmp_path / "scan.npy", sampled_kspace()[0])
    np.save(tmp_path / "pattern.npy", simulated()[0])
    np.save(tmp_path / "other.npy", np.zeros((3, 7, 9), np.float32))
    return tmp_path


def arguments_of(command, *flags, output="out"):
    source, ending, *rest = COMMANDS[command]
    return (command, source, "-o", ending.replace("OUT", output), *rest, *flags)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_computed_or_written(program, folder, monkeypatch, command):
    for name in COMPUTE:
        monkeypatch.setattr(name, lambda *arguments, **options: pytest.fail("a dry run computes"))
    before = contents(folder)
    done = program(*arguments_of(command, "--dry-run"))
    assert done.exit_code == 0, done.stderr
    assert "would be" in done.stdout.splitlines()[0]
    assert contents(folder) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_that_exists_stays_as_it_is(program, folder, command):
    output = folder / arguments_of(command)[3]
    output.write_bytes(b"somebody's own")
    assert program(*arguments_of(command, "--dry-run", "--overwrite")).exit_code == 0
    assert output.read_bytes() == b"somebody's own"


@pytest.mark.parametrize("command", WITH_INPUTS)
def test_time_and_memory_are_forecast(program, folder, command):
    row = json.loads(program(*arguments_of(command, "--dry-run", "--json")).stdout.splitlines()[-1])
    assert 0 < row["forecast"]["least_seconds"] <= row["forecast"]["seconds"] < 600
    assert 300 < row["forecast"]["mebibytes"] < 2000


@pytest.mark.parametrize(
    ("command", "flags", "code"),
    [
        *((command, ("-o", "out.gif"), 2) for command in COMMANDS),
        *((command, ("--reference", "missing.png"), 1) for command in WITH_INPUTS),
        *((command, ("--reference", "other.npy"), None) for command in WITH_INPUTS),
        *((command, ("--device", "cuda:77"), 2) for command in WITH_INPUTS),
        *((command, ("--seed-kind", "meshgrid", "--prior", "decoder"), 2) for command in WITH_INPUTS),
        ("denoise", ("--volume",), 2),
        ("upscale", ("--factor", "1.001"), 2),
        ("inpaint", ("--mask", "other.png"), 2),
        ("deblur", ("--kernel", "gauss:50"), 2),
        ("mri", ("--slices", "7"), 2),
        ("mri", ("--undersample", "2"), 2),
        ("phase-retrieve", ("--crop", "400"), 2),
        ("phase-retrieve", ("--support", "other.npy"), 2),
        ("simulate", ("--size", "33"), 2),
        ("denoise", ("--jpeg",), 1),
    ],
)
def test_what_would_fail_is_said_as_the_real_run_says_it(program, folder, command, flags, code):
    real = program(*arguments_of(command, *flags))
    dry = program(*arguments_of(command, *flags, "--dry-run"))
    assert real.exit_code in ((1, 2) if code is None else (code,)), real.stderr
    assert dry.exit_code == real.exit_code
    assert dry.stderr.splitlines()[-1] == real.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", WITH_INPUTS)
def test_a_damaged_input_fails_as_it_would(program, folder, command):
    (folder / arguments_of(command)[1]).write_bytes(b"no such file")
    real, dry = (program(*arguments_of(command, *flags)) for flags in ((), ("--dry-run",)))
    assert (dry.exit_code, dry.stderr) == (real.exit_code, real.stderr)
    assert dry.exit_code == 1
    assert "would fail" in dry.stdout


def test_of_several_inputs_those_that_would_fail_are_named(program, folder):
    (folder / "scans").mkdir()
    save_noisy(folder / "scans" / "a.png")
    (folder / "scans" / "b.png").write_text("no picture")
    done = program("denoise", "-r", "scans", "-o", "clean", "--dry-run")
    assert done.exit_code == 1
    assert [line.split(": ")[1] for line in done.stdout.splitlines()[:2]] == ["would be done", "would fail"]
    assert "forecast" in done.stdout
    assert "b.png" in done.stderr


@pytest.mark.parametrize("command", WITH_INPUTS)
def test_sigterm_ends_it_at_once(folder, command):
    """A named pipe is opened for writing as soon as the program reads it, and then it waits for ever."""
    source = arguments_of(command)[1]
    (folder / source).unlink()
    os.mkfifo(folder / source)
    process = subprocess.Popen([sys.executable, "-m", "dipcli", *arguments_of(command, "--dry-run")])
    with (folder / source).open("wb"):
        process.send_signal(signal.SIGTERM)
        assert process.wait() == Interrupted.exit_code


def test_a_batch_forecasts_its_total_by_the_processes_at_a_time(program, folder):
    (folder / "scans").mkdir()
    for name in "abcd":
        save_noisy(folder / "scans" / f"{name}.png")

    def told(*flags):
        done = program("denoise", "-r", "scans", "-o", "clean", "--dry-run", "--json", "--threads", "1", *flags)
        return json.loads(done.stdout.splitlines()[-1])["forecast"]

    alone, together = told(), told("--jobs", "2")
    assert alone["seconds"] == pytest.approx(4 * alone["largest_seconds"], rel=0.3)
    assert together["seconds"] == pytest.approx(alone["seconds"] / 2, rel=0.3)
    assert together["mebibytes"] == pytest.approx(2 * alone["mebibytes"], rel=0.1)
