"""The program as a process: terminal, pipes, signals, help."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dipcli import __version__
from dipcli.cli.app import app
from tests.commands import save_noisy, until_saved

PROGRAM = [sys.executable, "-m", "dipcli"]


def test_version_is_printed():
    for flag in ("--version", "-v"):
        assert CliRunner().invoke(app, [flag]).stdout == f"dipcli {__version__}\n"


def test_no_arguments_show_help():
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 2
    assert "Usage" in done.output


def test_doctor_names_torch_device_threads_and_extras():
    text = CliRunner().invoke(app, ["doctor"]).stdout
    assert all(word in text for word in ("torch", "device", "threads"))


def test_doctor_names_every_extra_library_and_what_it_is_for(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "h5py" else find(name))
    lines = CliRunner().invoke(app, ["doctor"]).stdout.splitlines()
    facts = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert {"h5py", "nibabel", "imagecodecs", "jpeglib", "matplotlib"} <= set(facts)
    assert facts["h5py"] == "missing, pip install 'dipcli[formats]' (HDF5: fastMRI, ISMRMRD, MATLAB 7.3)"
    assert facts["nibabel"].endswith("(NIfTI volumes)")


def test_completion_can_be_shown():
    script = CliRunner().invoke(app, ["--show-completion", "bash"], prog_name="dipcli")
    assert script.exit_code in (0, 1)


def test_quiet_says_nothing(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "clean.png", "--quiet")
    assert done.stderr == ""


def test_the_decisions_are_said(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "clean.png")
    assert "noise Gaussian" in done.stderr
    assert "loss" in done.stderr


def test_log_level_warning_hides_the_decisions(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "clean.png", "--log-level", "warning")
    assert "loss" not in done.stderr


@pytest.fixture
def long_run(tmp_path: Path) -> subprocess.Popen[str]:
    save_noisy(tmp_path / "noisy.png", (48, 48, 3))
    flags = ["--iterations", "100000", "--stop", "never", "--threads", "1", "--compile", "off"]
    flags += ["-o", str(tmp_path / "clean.png"), "--checkpoint-every", "0.1"]
    process = subprocess.Popen(
        [*PROGRAM, "denoise", "--classical", "0.5", str(tmp_path / "noisy.png"), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    until_saved(process, tmp_path)
    return process


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_leaves_a_checkpoint_and_code_75(long_run, tmp_path, name):
    long_run.send_signal(getattr(signal, name))
    out, err = long_run.communicate(timeout=60)
    assert long_run.returncode == 75
    assert f"{name}: writing a checkpoint" in err
    assert "--resume goes on" in err
    assert out == ""
    assert not (tmp_path / "clean.png").exists()
    assert (tmp_path / "clean.checkpoint" / "0.pt").is_file()


def test_progress_outside_a_terminal_is_a_plain_line(tmp_path):
    save_noisy(tmp_path / "noisy.png", (48, 48, 3))
    flags = ["-o", str(tmp_path / "clean.png"), "--iterations", "100000", "--stop", "never", "--max-time", "12"]
    done = subprocess.run(
        [*PROGRAM, "denoise", "--classical", "0.5", str(tmp_path / "noisy.png"), *flags, "--threads", "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if "iteration" in line and "left" in line]
    assert 1 <= len(lines) <= 3
    assert re.search(r"iteration \d+/100000, loss [\d.]+.*, at most [\d.]+ s left", lines[0])
    assert "\x1b" not in done.stderr
