"""Arrays on the disk: as those in memory, and a sentence where there is no room."""

import errno
import os

import numpy as np
import pytest

from dipcli.errors import OutputError
from dipcli.io import scratch
from dipcli.io.scratch import energy, pieces, scratch_array


def test_large_arrays_lie_on_the_disk_and_are_zeros(monkeypatch):
    monkeypatch.setattr(scratch, "SMALL", 100)
    small, large = scratch_array((5, 5)), scratch_array((6, 5), np.float64)
    assert not isinstance(small, np.memmap)
    assert isinstance(large, np.memmap)
    for array in (small, large):
        assert not array.any()
        array[2] = 3
        assert float(array.sum()) == 15


def test_a_full_disk_is_one_sentence(monkeypatch):
    def refuse(number, begin, length):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scratch, "SMALL", 100)
    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    with pytest.raises(OutputError, match="TMPDIR"):
        scratch_array((1000,))


def test_pieces_are_all_of_it_once(monkeypatch):
    monkeypatch.setattr(scratch, "PIECE", 7)
    values = np.arange(20.0)
    assert np.concatenate([values[part] for part in pieces(20)]).tolist() == values.tolist()
    assert energy(values) == pytest.approx(np.square(values).mean())
    assert energy(values[:0]) == 0
