"""Several processes at a time: the same bytes, and a process that dies costs nothing but one try."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dipcli.batch.run import _devices
from dipcli.errors import OptionError
from dipcli.options.batch import BatchOptions
from dipcli.options.files import FileOptions
from tests.commands import save_noisy, until_saved

PROGRAM = [sys.executable, "-m", "dipcli"]
FLAGS = [
    "--runs",
    "1",
    "--checkpoint-every",
    "0.1",
    "--threads",
    "1",
    "--compile",
    "off",
    "--memory-format",
    "contiguous",
]


@pytest.fixture
def scans(tmp_path):
    (tmp_path / "scans").mkdir()
    for index in range(4):
        save_noisy(tmp_path / "scans" / f"{index}.png", seed=index)
    return tmp_path / "scans"


def start(scans, out, *flags):
    return subprocess.Popen(
        [*PROGRAM, "denoise", "--classical", "0.5", "-r", str(scans), "-o", str(out), *FLAGS, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def pictures(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def children(pid):
    """The processes that another one started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_number_of_jobs_does_not_change_a_byte(scans, denoise, tmp_path):
    process = start(scans, tmp_path / "two", "--iterations", "4", "--jobs", "2")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert sorted(out.splitlines()) == [str(tmp_path / "two" / f"{index}.png") for index in range(4)]
    denoise("-r", scans, "-o", tmp_path / "one")
    assert pictures(tmp_path / "one") == pictures(tmp_path / "two")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_worker_that_is_killed_costs_one_try(scans, tmp_path):
    process = start(scans, tmp_path / "out", "--iterations", "1000", "--stop", "never", "--jobs", "2")
    until_saved(process, tmp_path / "out", 2)
    os.kill(children(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "was killed by signal 9; once more" in err
    assert len(out.splitlines()) == 4
    assert len(pictures(tmp_path / "out")) == 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_signal_reaches_all_workers_and_resume_goes_on(scans, tmp_path):
    flags = ["--iterations", "3000", "--stop", "never", "--jobs", "2"]
    process = start(scans, tmp_path / "out", *flags)
    busy = until_saved(process, tmp_path / "out", 2)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 75
    assert "--resume goes on" in err
    folders = {path.stem for path in (tmp_path / "out").glob("*.checkpoint")}
    assert folders == busy
    status = subprocess.run([*PROGRAM, "status", tmp_path / "out", "--json"], capture_output=True, check=True)
    assert json.loads(status.stdout)["counts"] == {"begun": 2, "waiting": 2}


def test_an_option_that_does_not_fit_is_said_once(scans, tmp_path):
    process = start(scans, tmp_path / "out", "--precision", "bf16", "--device", "cpu", "--jobs", "2")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert len(err.splitlines()) == 1


def test_each_gpu_gets_a_process(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert _devices(FileOptions(device="cuda:all")) == ["cuda:0", "cuda:1"]
    three = FileOptions(device="cuda:all", batch=BatchOptions(jobs=3))
    assert _devices(three) == ["cuda:0", "cuda:1", "cuda:0"]
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(OptionError, match="found no GPU"):
        _devices(FileOptions(device="cuda:all"))
