"""Slices of which nothing is fitted are reconstructed at the same time, and come out as one by one."""

import itertools
import json
import threading

import numpy as np
import pytest
import torch
from scans import full_kspace, some_lines

from dipcli.engine.forecast import PROCESS_BYTES, Forecast
from dipcli.mri import medium
from dipcli.pipeline.tiling import SHARE, side_by_side

LINES = some_lines(40, centre=10)


@pytest.fixture
def volume(tmp_path):
    """Three slices of four coils."""
    path = tmp_path / "volume.npy"
    np.save(path, LINES * full_kspace(height=48, width=40, slices=3))
    return path


@pytest.fixture
def reconstruct(program, volume, tmp_path):
    """`reconstruct(name, *flags)` returns what was written of the volume, and the record."""

    def run(name, *flags):
        done = program("mri", volume, "--axes", "slice,coil,y,x", "-o", tmp_path / f"{name}.npy", *flags)
        assert done.exit_code == 0, done.stderr
        return np.load(tmp_path / f"{name}.npy"), json.loads((tmp_path / f"{name}.run.json").read_text())

    return run


def test_two_threads_find_what_one_does(reconstruct):
    alone, record = reconstruct("one", "--threads", "1")
    together, other = reconstruct("two", "--threads", "2")
    assert len(alone) == 3
    assert np.abs(together - alone).max() < 1e-5 * alone.max()
    assert other["decisions"] == record["decisions"]


def test_as_many_slices_as_threads_are_under_way_together(reconstruct, monkeypatch):
    state, both, numbers = medium.state_mri, threading.Barrier(2), itertools.count(1)

    def together(*arguments):
        if next(numbers) < 3:  # the last one of three has no partner
            both.wait(60)
        assert torch.get_num_threads() == 1
        return state(*arguments)

    monkeypatch.setattr(medium, "state_mri", together)
    reconstruct("two", "--threads", "2")
    assert next(numbers) == 4


@pytest.mark.parametrize("flags", [("--max-time", "100"), ("--model", "coil", "--iterations", "3", "--runs", "1")])
def test_one_follows_the_other_where_each_has_its_time_or_its_network(reconstruct, monkeypatch, flags):
    state, under_way = medium.state_mri, threading.Lock()

    def alone(*arguments):
        assert under_way.acquire(blocking=False)
        try:
            return state(*arguments)
        finally:
            under_way.release()

    monkeypatch.setattr(medium, "state_mri", alone)
    reconstruct("two", "--threads", "2", *flags)


def test_a_forecast_has_the_memory_of_all_that_are_under_way(program, volume, tmp_path):
    needed = []
    for threads in (1, 2, 8):
        flags = ("--threads", threads, "--dry-run", "--json")
        done = program("mri", volume, "--axes", "slice,coil,y,x", "-o", tmp_path / "out.npy", *flags)
        assert done.exit_code == 0, done.stderr
        needed.append(json.loads(done.stdout.splitlines()[0])["forecast"]["mebibytes"])
    assert needed[0] < needed[1] < needed[2]
    assert needed[2] - needed[1] == pytest.approx(needed[1] - needed[0], abs=2)


def test_no_more_are_under_way_than_there_is_memory_for():
    one = Forecast(1.0, 2.0, PROCESS_BYTES + 1e9)
    assert side_by_side(one, 4, None) == Forecast(1.0, 2.0, PROCESS_BYTES + 4e9, at_once=4)
    assert side_by_side(one, 4, (PROCESS_BYTES + 2.5e9) / SHARE).at_once == 2
    assert side_by_side(one, 4, 1e9) == one
    assert side_by_side(Forecast(1.0, 2.0, PROCESS_BYTES), 4, 1e9).at_once == 4  # of which nothing is computed
