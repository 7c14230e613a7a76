"""What files may ask for: no more memory than they can need, and to be files."""

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from dipcli.errors import InputError
from dipcli.io import limits
from dipcli.io.failures import explain_failures, reader
from dipcli.io.hdf5 import array_names, find_array, has_array, open_hdf5, read_stored, read_text
from dipcli.io.limits import refuse_oversized, refuse_special
from dipcli.io.numpy_files import read_numpy
from dipcli.io.run_record import load_record, sha256_of


def test_devices_and_pipes_are_never_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    for read in (sha256_of, load_record, refuse_special):
        for name in ("pipe.png", "zero.png"):
            with pytest.raises(InputError, match=rf"{name}: is a device, a pipe or a socket"):
                read(tmp_path / name)


def test_folders_and_missing_files_are_left_to_who_opens_them(tmp_path):
    refuse_special(tmp_path)
    refuse_special(tmp_path / "missing")


def test_values_that_do_not_fit_into_free_memory_are_not_read(tmp_path, monkeypatch):
    (tmp_path / "a.raw").write_bytes(bytes(10**6))
    monkeypatch.setattr(limits, "free_memory", lambda: 2e8)
    refuse_oversized(tmp_path / "a.raw", 1e8)
    with pytest.raises(InputError, match=r"a.raw: its values take 0.3 GB, but 0.2 GB are free"):
        refuse_oversized(tmp_path / "a.raw", 3e8)


def test_a_small_file_of_large_hdf5_arrays_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", (40_000, 40_000), "f4", chunks=(100, 100))  # of which nothing was written
    with open_hdf5(tmp_path / "a.h5") as file, pytest.raises(InputError, match=r"promises 6.4 GB of values"):
        read_stored(tmp_path / "a.h5", file[find_array(tmp_path / "a.h5", file, None, ())])


def test_only_the_part_that_is_read_counts(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", (40_000, 40_000), "f4", chunks=(100, 100))
    with open_hdf5(tmp_path / "a.h5") as file:
        assert read_stored(tmp_path / "a.h5", file["data"], slice(3, 5)).shape == (2, 40_000)


@pytest.mark.parametrize("value", [np.ones((2, 3)), ["a", "b"], np.bytes_(b"x" * 5)[:0]])
def test_a_header_that_is_no_text_is_one_sentence(tmp_path, value):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["header"] = value if len(value) else h5py.Empty("S1")
    with open_hdf5(tmp_path / "a.h5") as file, pytest.raises(InputError, match="has no text where its header"):
        read_text(tmp_path / "a.h5", file["header"])


def test_arrays_of_other_files_are_not_there(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["mask"] = np.ones((4, 4))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["mask"] = h5py.ExternalLink("other.h5", "/mask")
    with open_hdf5(tmp_path / "a.h5") as file:
        assert not has_array(file, "mask")


def test_groups_in_groups_without_an_end_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file
        for _ in range(100):
            group = group.create_group("g")
    with open_hdf5(tmp_path / "a.h5") as file, pytest.raises(InputError, match="has too many groups"):
        array_names(file)


def test_a_message_lists_few_of_many_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"array{n:03}": np.ones(3) for n in range(200)})
    with pytest.raises(InputError, match="array019 and 180 more"):
        read_numpy(tmp_path / "a.npz", None, ())


def test_an_archive_that_inflates_beyond_memory_is_refused(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", data=np.zeros(2**24))
    monkeypatch.setattr(limits, "free_memory", lambda: 1e8)
    with pytest.raises(InputError, match=r"its values take 0.134 GB"):
        read_numpy(tmp_path / "a.npz", None, ())


def test_an_array_longer_than_its_file_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(10))
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content.replace(b"(10,)", b"(9e9)".replace(b"e", b"9")))
    with pytest.raises(InputError, match=r"a.npy: cannot be read as NumPy's"):
        read_numpy(tmp_path / "a.npy", None, ())


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 10_000, '{"a": ', "[1]", "null", "\0"])
def test_json_of_any_content_is_one_sentence(tmp_path, text):
    (tmp_path / "a.run.json").write_text(text)
    with pytest.raises(InputError, match=r"a.run.json: .*delete it and run again\."):
        load_record(tmp_path / "a.run.json")


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError("deep"), StopIteration(), json.JSONDecodeError("a", "", 0)]
)
def test_whatever_a_reader_raises_is_one_sentence(tmp_path, error, caplog):
    @reader
    def load_nothing(path):
        raise error

    caplog.set_level("DEBUG", "dipcli")
    with pytest.raises(InputError, match=r"a.dat: cannot be read \(.+\); copy or export it again\.") as failure:
        load_nothing(tmp_path / "a.dat")
    assert failure.value.__cause__ is error
    assert "Traceback" in caplog.text


def test_sentences_pass_unchanged():
    with pytest.raises(InputError, match=r"^said$"), explain_failures(InputError, Path("a"), "cannot be read"):
        raise InputError("said")
