"""Streams that are full, closed, or whose reader has gone away: one sentence, and no work is lost."""

import os
import subprocess
import sys

import pytest

from tests.commands import QUICK, save_noisy

FULL = "/dev/full"
pytestmark = pytest.mark.skipif(not os.path.exists(FULL), reason="there is no full device here")  # noqa: PTH110
DENOISE = f"denoise --classical 0.5 {' '.join(QUICK)}"


@pytest.fixture
def shell(tmp_path):
    """`shell(line)` runs a line of shell in which `dipcli` is this program, beside scans/a.png, b.png, c.png."""
    (tmp_path / "scans").mkdir()
    for index, name in enumerate("abc"):
        save_noisy(tmp_path / "scans" / f"{name}.png", seed=index)

    def run(line):
        script = f"set -o pipefail; dipcli() {{ '{sys.executable}' -P -m dipcli \"$@\"; }}; {line}"
        return subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_a_batch_whose_reader_goes_away_is_finished_and_says_so(shell, tmp_path):
    done = shell(f"dipcli {DENOISE} -r scans -o out | true")
    assert done.returncode == 1
    assert len(list((tmp_path / "out").glob("*.run.json"))) == 3
    assert done.stderr.count("stdout takes no more") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        f"dipcli {DENOISE} scans/a.png -o out.png > {FULL}",
        f"dipcli {DENOISE} scans/a.png -o - > {FULL}",
        f"dipcli denoise --help > {FULL}",
    ],
)
def test_a_full_stdout_is_one_sentence(shell, line):
    done = shell(line)
    assert done.returncode == 1
    assert "stdout takes no more: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("stderr", [FULL, ">(true)"])
def test_a_stderr_that_takes_no_more_costs_messages_only(shell, stderr):
    done = shell(f"dipcli {DENOISE} scans/a.png -o out.png 2> {stderr}")
    assert (done.returncode, done.stdout) == (0, "out.png\n")


def test_closed_streams_are_none(shell, tmp_path):
    """Nor is a file opened under their numbers, which libraries write to."""
    done = shell(f"dipcli {DENOISE} scans/a.png -o out.png <&- >&- 2>&-")
    assert done.returncode == 0
    assert (tmp_path / "out.run.json").is_file()


@pytest.mark.parametrize(("line", "code"), [("- -o out.png <&-", 1), ("scans/a.png -o - >&-", 2)])
def test_a_closed_stream_that_is_needed_is_one_sentence(shell, line, code):
    done = shell(f"dipcli {DENOISE} {line}")
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_temporary_folder_that_is_full_is_one_sentence(shell):
    done = shell(f"head -c 100000 /dev/zero > big; ulimit -f 16; dipcli {DENOISE} - -o out.npy < big")
    assert done.returncode == 1
    assert "no temporary file can be written" in done.stderr


def test_a_full_disk_leaves_nothing_torn(shell, tmp_path):
    """As a limit on the size of files, which a picture of floats exceeds and its record does not."""
    make = "import numpy; numpy.save('a.npy', numpy.random.default_rng(0).random((64, 64)).astype('f4'))"
    done = shell(f"'{sys.executable}' -c \"{make}\"; ulimit -f 8; dipcli {DENOISE} a.npy -o out.npy")
    assert done.returncode == 1
    assert "out.npy: cannot be written" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "out"))] == []
