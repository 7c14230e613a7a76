"""What is said at the end of a call that was interrupted: that it goes on only where something was kept."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dipcli.errors import Interrupted
from dipcli.pipeline.item import Item
from dipcli.pipeline.progress_files import MARK, may_go_on
from tests.commands import QUICK, save_noisy, until_saved

# The program, whose work on inputs of one name is a long look at nothing.
STUCK = """
import runpy, sys, threading
from dipcli.{module} import {name} as work

def stuck(*arguments, **more):
    if "{at}" in str(arguments):
        print("begun", flush=True)
        threading.Event().wait()
    return work(*arguments, **more)

import dipcli.{module}
dipcli.{module}.{name} = stuck
sys.argv = ["dipcli", *sys.argv[1:]]
runpy.run_module("dipcli", run_name="__main__", alter_sys=True)
"""
GOES_ON, ANEW = "the same command with --resume goes on", "nothing was kept yet, so the same command begins anew"
LONG = ("--iterations", "100000", "--stop", "never", "--classical", "0.5", "--checkpoint-every", "0.1")


@pytest.fixture
def last_words():
    """`last_words(module, name, at, *arguments)`: what is said where that function is called with `at`."""

    def interrupted(module, name, at, *arguments):
        code = STUCK.format(module=module, name=name, at=at)
        with subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments), *QUICK],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while process.stdout.readline() != "begun\n":
                assert process.poll() is None, process.stderr.read()
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
        assert process.returncode == Interrupted.exit_code
        return err

    return interrupted


def test_the_search_for_a_kernel_keeps_nothing(last_words, tmp_path):
    shaken = save_noisy(tmp_path / "shaken.png", (64, 64))
    said = last_words("blur.deblurring", "choose_part", "", "deblur", shaken, "-o", tmp_path / "sharp.png")
    assert ANEW in said
    assert GOES_ON not in said


@pytest.mark.parametrize(("at", "words"), [("a.png", ANEW), ("b.png", GOES_ON)])
def test_of_a_batch_what_is_done_is_kept(last_words, scans, tmp_path, at, words):
    assert words in last_words("batch.run", "process", at, "denoise", "-r", scans, "-o", tmp_path / "out")


def test_what_was_done_before_is_kept(last_words, batch, scans, tmp_path):
    assert batch(*QUICK).exit_code == 0
    (tmp_path / "out" / "a.png").unlink()
    flags = ("-o", tmp_path / "out", "--resume", "--classical", "0.5")  # those of `batch`
    said = last_words("batch.run", "process", "a.png", "denoise", "-r", scans, *flags)
    assert GOES_ON in said


def test_what_is_written_over_was_not_kept(last_words, batch, scans, tmp_path):
    assert batch(*QUICK).exit_code == 0
    flags = ("-o", tmp_path / "out", "--overwrite", "--seed", "1")
    assert ANEW in last_words("batch.run", "process", "a.png", "denoise", "-r", scans, *flags)


def test_of_what_is_only_looked_at_nothing_is_said(last_words, tmp_path):
    (tmp_path / "scan.npy").touch()
    folder = Item(tmp_path / "scan.npy", tmp_path / "scan.npy", "scan.npy").beside("checkpoint")
    folder.mkdir()  # of another call, whose output would lie beside the scan
    for name in (MARK, "0.pt"):
        (folder / name).touch()
    said = last_words("batch.run", "attempt", "", "mri", tmp_path / "scan.npy", "--inspect")
    assert said.splitlines() == ["SIGTERM: leaving.", "Interrupted."]


def test_a_checkpoint_of_what_goes_to_stdout_is_not_kept(noisy, tmp_path):
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "dipcli", "denoise", noisy, "-o", "-", *LONG, "--threads", "1", "--compile", "off"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    ) as process:
        (folder,) = _first(process, tmp_path / "tmp")
        until_saved(process, folder)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (Interrupted.exit_code, "")
    assert ANEW in err
    assert "with a checkpoint" not in err
    assert not list((tmp_path / "tmp").iterdir())


def _first(process, place: Path):
    """The folders of a call's streams, once there is one."""
    while not (found := list(place.glob("dipcli-*"))):
        assert process.poll() is None, "ended before"
    return found


def test_the_mark_of_checkpoints_is_none(tmp_path):
    item = Item(tmp_path / "a.png", tmp_path / "b.png", "a.png")
    item.beside("checkpoint").mkdir()
    (item.beside("checkpoint") / MARK).touch()
    assert not may_go_on(item)
    (item.beside("checkpoint") / "0.pt").touch()
    assert may_go_on(item)
