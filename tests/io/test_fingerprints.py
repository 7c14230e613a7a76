"""The hash of a file is of the bytes that were read."""

import hashlib
import os

import pytest

from dipcli.errors import InputError
from dipcli.io.fingerprints import Fingerprints


@pytest.fixture
def taken(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    fingerprints = Fingerprints()
    fingerprints.of(tmp_path / "a")
    return fingerprints


def test_it_is_the_sha256(taken, tmp_path):
    assert taken.of(tmp_path / "a") == hashlib.sha256(b"old").hexdigest()


def test_a_file_that_was_written_into_is_said(taken, tmp_path):
    (tmp_path / "a").write_bytes(b"newer")
    with pytest.raises(InputError, match="was changed while it was read"):
        taken.of(tmp_path / "a")


def test_a_file_that_was_replaced_is_said(taken, tmp_path):
    (tmp_path / "b").write_bytes(b"new")
    times = (tmp_path / "a").stat()
    os.utime(tmp_path / "b", ns=(times.st_atime_ns, times.st_mtime_ns))
    (tmp_path / "b").replace(tmp_path / "a")
    with pytest.raises(InputError, match="was changed while it was read"):
        taken.of(tmp_path / "a")


def test_a_file_that_is_gone_is_said(taken, tmp_path):
    (tmp_path / "a").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        taken.of(tmp_path / "a")
