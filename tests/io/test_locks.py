"""Two processes that write one output notice each other; a dead one is no obstacle."""

import os
import signal
import subprocess
import sys

import pytest

from dipcli.errors import InUseError
from dipcli.io.locks import lock_of, locked, sweep_locks

HOLD = """
import sys
from pathlib import Path
from dipcli.io.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of clean.png until it is told to go on."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "clean.png")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("name", ["clean.png", "clean.tif"])
def test_another_process_is_noticed_and_named(holder, tmp_path, name):
    """Whatever the endings: both have one record."""
    with (
        pytest.raises(InUseError, match=rf"{name}: process {holder.pid} on .* is writing it"),
        locked(tmp_path / name),
    ):
        pass
    with locked(tmp_path / "other.png"):
        pass


def test_a_lock_is_given_back_without_a_trace(holder, tmp_path):
    holder.communicate(b"\n")
    with locked(tmp_path / "clean.png"):
        assert lock_of(tmp_path / "clean.png").is_file()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_process_that_was_killed_is_no_obstacle(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with locked(tmp_path / "clean.png"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_locks_of_killed_processes_are_swept_and_others_are_not(holder, tmp_path):
    lock_of(tmp_path / "dead.png").write_text("1 on this machine")
    sweep_locks(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".clean.dipcli-lock"]


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine")
    lock_of(tmp_path / "clean.png").symlink_to(tmp_path / "precious")
    with locked(tmp_path / "clean.png"):
        pass
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("name", ["no/such/folder.png", f"{'x' * 250}.png"])
def test_where_there_can_be_no_lock_there_is_none(tmp_path, name):
    with locked(tmp_path / name):
        pass


def test_where_the_file_system_knows_no_locks_there_is_none(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with locked(tmp_path / "clean.png"):
        pass
