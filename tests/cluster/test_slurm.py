"""A batch on a real Slurm: pre-empted, killed, and in the end as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cluster.conftest import pids_with, wait_for

from dipcli.batch.scripts import write_script
from tests.commands import save_noisy

ROOT = Path(__file__).parents[2]
N = 12
FLAGS = ["--iterations", "500", "--stop", "never", "--runs", "1", "--threads", "1", "--checkpoint-every", "0.5"]


@pytest.fixture
def scans(tmp_path):
    (tmp_path / "scans").mkdir()
    for index in range(N):
        save_noisy(tmp_path / "scans" / f"{index:02}.png", (32, 32, 3), seed=index)
    return tmp_path / "scans"


def dipcli(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "dipcli", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pictures(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


@pytest.mark.slurm
def test_an_array_that_is_preempted_and_killed_ends_like_an_undisturbed_run(slurm, scans, tmp_path):
    out = tmp_path / "clean"
    batch = ("denoise", "--classical", "0.5", "-r", scans, "-o", out, *FLAGS)
    submit = (*batch, "--submit", "slurm", "--sbatch", "--partition=low")
    assert "Submitted batch job" in dipcli(*submit)

    # A more important job takes both nodes while two elements are in their fits.
    wait_for(lambda: len(list(out.glob("*.checkpoint/*.pt"))) >= 2, 120)
    slurm("sbatch", "--partition=high", "--nodes=2", "--output=/dev/null", "--wrap", "sleep 1")
    wait_for(lambda: "Restarts=1" in slurm("scontrol", "show", "job"), 120)
    assert list(out.glob("*.checkpoint"))

    # The machine kills a third one.
    wait_for(lambda: pids_with("--shard", f"9/{N}"), 180)
    os.kill(pids_with("--shard", f"9/{N}")[0], signal.SIGKILL)
    wait_for(lambda: not slurm("squeue", "-h").strip(), 240)
    counts = json.loads(dipcli("status", out, "--json"))["counts"]
    assert counts["done"] == N - 1

    # What is left is submitted again; nothing else is touched.
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    dipcli(*submit, "--resume")
    wait_for(lambda: not slurm("squeue", "-h").strip(), 120)
    assert {path: path.stat().st_mtime_ns for path in before} == before

    dipcli("denoise", "--classical", "0.5", "-r", scans, "-o", tmp_path / "local", *FLAGS)
    assert len(pictures(out)) == N
    assert pictures(out) == pictures(tmp_path / "local")
    assert not list(out.glob("*.checkpoint"))


@pytest.mark.slurm
def test_logs_lie_in_the_folder_that_was_named_whatever_it_is_called(slurm, tmp_path, monkeypatch):
    logs = tmp_path / "it's 50% #1: $(done) %A" / "logs"
    logs.mkdir(parents=True)
    monkeypatch.chdir(logs.parent)
    (tmp_path / "job.sh").write_text(write_script("slurm", ["echo"], ["$(hostname)"], n=2, logs=logs))
    number = slurm("sbatch", "--parsable", tmp_path / "job.sh").strip()
    wait_for(lambda: not slurm("squeue", "-h").strip(), 60)
    said = {path.name: path.read_text() for path in logs.iterdir()}
    assert said == {f"{number}_{index}.log": f"--shard {index}/2 $(hostname)\n" for index in (1, 2)}
