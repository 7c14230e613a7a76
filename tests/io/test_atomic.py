import os
import stat

import pytest

from dipcli.errors import OutputError
from dipcli.io.atomic import write_atomically


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
