"""Regular sampling that nothing can unfold is said, and only that."""

import numpy as np
import pytest
import torch
from scan_files import as_npy
from scans import as_slice, full_kspace, some_lines, true_maps

from dipcli.mri.folding import lattice, still_folded
from dipcli.mri.options import ReconstructionOptions

PLAIN = ReconstructionOptions()
EVERY = {every: (np.arange(48) - 24) % every == 0 for every in (2, 3, 4)}


def lines(period, *more):
    """Every so manieth of 48 lines, the centre's among them, and `more`, counted from the centre."""
    return EVERY[period] | np.isin(np.arange(48) - 24, more)


def said(kept, *, coils=4, options=PLAIN, **known):
    kspace = full_kspace(coils, 40, 48)[0]
    return still_folded(as_slice(kspace * kept, **known), options)


def shifted_points():
    """Every second row, and every second point of it, shifted from row to row (CAIPIRINHA)."""
    rows, columns = np.ogrid[-20:20, -24:24]
    return (rows % 2 == 0) & ((columns + rows // 2) % 2 == 0)


@pytest.mark.parametrize("kept", [lines(2), lines(3), lines(4), lines(3, 1), lines(4, 5)])
def test_regular_lines_stay_folded_where_too_little_lies_between(kept):
    (sentence,) = said(kept)
    assert "no calibration block" in sentence
    assert "stay folded" in sentence


def test_points_on_a_sheared_lattice_stay_folded():
    assert "1 in 4" in said(shifted_points())[0]


def test_zeros_that_were_appended_are_not_between():
    kept = lines(2)
    kspace = full_kspace(4, 40, 48)[0] * kept
    sampled = torch.from_numpy(np.broadcast_to(kept | (np.arange(48) > 42), (40, 48)).copy())
    scan = as_slice(kspace)
    assert still_folded(type(scan)(scan.kspace, sampled), PLAIN)


@pytest.mark.parametrize(
    "kept",
    [lines(2, 1), lines(3, -1, 1), lines(4, -1, 1), lines(4, -2, -1, 1), np.arange(48) > 15, some_lines(48, 6, 4)],
    ids=["one more", "two more", "three in the centre", "a block", "partial Fourier", "calibration"],
)
def test_what_can_be_unfolded_is_not_said(kept):
    assert said(kept) == ()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("coils", [1, 4])
def test_random_lines_are_not_regular(seed, coils):
    kept = np.random.default_rng(seed).random(48) < 0.4
    kept[24] = True
    assert said(kept, coils=coils) == ()


def test_given_maps_unfold():
    assert said(lines(2), maps=torch.from_numpy(true_maps(4, 40, 48)[None])) == ()


@pytest.mark.parametrize("period", [2, 3, 4])
def test_one_coil_is_told_that_nothing_unfolds_it(period):
    assert "one coil" in said(lines(period), coils=1)[0]
    assert said(some_lines(48, 8, period), coils=1) == ()


@pytest.mark.parametrize("period", [2, 3, 4])
def test_a_lattice_has_its_period_and_kinds(period):
    assert lattice(np.broadcast_to(lines(period), (40, 48))) == (period, 1)
    assert lattice(np.broadcast_to(lines(period).reshape(-1, 1), (48, 40))) == (period, 1)


def test_the_program_says_it_once(program, tmp_path):
    path = as_npy(tmp_path / "a.npy", full_kspace(4, 40, 48)[0] * lines(3))
    done = program("mri", path, "-o", tmp_path / "r.npy", "--method", "tv", "--threads", "1")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("stay folded") == 1
    assert program("mri", path, "--inspect").stderr.count("stay folded") == 1
