import hashlib
import os
import stat
import subprocess
import sys

import pytest

from dipcli.errors import OutputError
from dipcli.io.atomic import hashes_of_written, sweep, write_atomically
from dipcli.io.processes import HOST


def test_writes_the_bytes_and_leaves_nothing_else(tmp_path):
    write_atomically(tmp_path / "out.bin", b"new")
    assert (tmp_path / "out.bin").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["out.bin"]


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "out.bin", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.bin").stat().st_mode) == 0o640


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_failing_write_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch, call):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    (tmp_path / "out.bin").write_bytes(b"old")
    monkeypatch.setattr(call, fail)
    with pytest.raises(OutputError, match=r"out\.bin: cannot be written, No space left on device; .*\.$"):
        write_atomically(tmp_path / "out.bin", b"new")
    assert (tmp_path / "out.bin").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.bin"]


def test_an_interruption_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "out.bin", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"there is no folder .*nowhere; create it first\.$"):
        write_atomically(tmp_path / "nowhere" / "out.bin", b"new")


def test_a_folder_of_that_name_is_an_error(tmp_path):
    (tmp_path / "out.bin").mkdir()
    with pytest.raises(OutputError, match="a folder has this name"):
        write_atomically(tmp_path / "out.bin", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["out.bin"]


def test_a_file_that_is_written_over_keeps_its_permissions(tmp_path):
    (tmp_path / "out.bin").write_bytes(b"old")
    (tmp_path / "out.bin").chmod(0o604)
    write_atomically(tmp_path / "out.bin", b"new")
    assert stat.S_IMODE((tmp_path / "out.bin").stat().st_mode) == 0o604


def test_what_takes_the_place_of_a_private_file_is_private_from_the_beginning(tmp_path, monkeypatch):
    seen = []

    def look(number):
        seen.append(stat.S_IMODE(os.fstat(number).st_mode))

    monkeypatch.setattr("os.fsync", look)
    (tmp_path / "out.bin").write_bytes(b"old")
    (tmp_path / "out.bin").chmod(0o600)
    write_atomically(tmp_path / "out.bin", b"new")
    assert seen == [0o600]


def test_hashes_are_of_the_bytes_that_were_written(tmp_path):
    with hashes_of_written() as written:
        write_atomically(tmp_path / "out.bin", b"new")
        (tmp_path / "out.bin").write_bytes(b"of another process")
    write_atomically(tmp_path / "later.bin", b"")
    assert written == {tmp_path / "out.bin": hashlib.sha256(b"new").hexdigest()}


def test_temporary_files_of_dead_processes_are_swept(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    of_dead, of_living = f".dipcli-{HOST}-{dead.pid}-0a1b2c3d.tmp", f".dipcli-{HOST}-{os.getpid()}-0a1b2c3d.tmp"
    elsewhere, old = ".dipcli-01234567-1-0a1b2c3d.tmp", ".dipcli-01234567-2-0a1b2c3d.tmp"
    for name in (of_dead, of_living, elsewhere, old, ".dipcli-odd.tmp", ".mine.tmp"):
        (tmp_path / name).touch()
    os.utime(tmp_path / old, (0, 0))
    sweep(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {of_living, elsewhere, ".dipcli-odd.tmp", ".mine.tmp"}


def test_parts_are_written_as_one_file_and_hashed_together(tmp_path):
    with hashes_of_written() as written:
        write_atomically(tmp_path / "parts.bin", (part for part in (b"one ", b"and ", b"two")))
    assert (tmp_path / "parts.bin").read_bytes() == b"one and two"
    assert written[tmp_path / "parts.bin"] == hashlib.sha256(b"one and two").hexdigest()
