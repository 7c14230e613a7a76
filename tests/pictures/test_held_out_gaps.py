"""Which known values are hidden to choose how gaps are filled."""

import pytest
import torch
from holes import hole, random_holes

from dipcli.pictures.held_out_gaps import held_out_gaps


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_single_known_positions_are_hidden_where_some_are_missing(share):
    known = ~random_holes((80, 70), share)
    hidden = held_out_gaps(known[None], scattered=True)
    assert not bool((hidden & ~known).any())
    assert 0.04 < float(hidden.sum() / known.sum()) <= 0.11


def test_gaps_are_as_wide_as_a_hole():
    known = ~hole((200, 200), 24)
    hidden = held_out_gaps(known[None], scattered=False)
    assert not bool((hidden & ~known).any())
    rows = hidden[hidden.any(1).nonzero()[0, 0]].int()
    begins, ends = (rows.diff() == 1).nonzero().flatten(), (rows.diff() == -1).nonzero().flatten()
    width = int(ends[0] - begins[0]) if begins[0] < ends[0] else int(ends[0] + 1)
    assert 20 <= width <= 24


def test_gaps_are_narrower_where_there_is_no_room():
    known = torch.zeros(64, 64, dtype=torch.bool)
    known[::8] = True
    hidden = held_out_gaps(known[None], scattered=False)
    assert bool(hidden.any())
    assert not bool((hidden & ~known).any())


@pytest.mark.parametrize("shape", [(50,), (12, 13, 14)], ids=["line", "volume"])
def test_lines_and_volumes_have_gaps(shape):
    known = ~random_holes(shape, 0.3)
    hidden = held_out_gaps(known[None], scattered=False)
    assert hidden.shape == shape
    assert bool(hidden.any())
    assert not bool((hidden & ~known).any())


def test_a_channel_without_any_value_does_not_forbid_it():
    mask = torch.ones(3, 20, 20, dtype=torch.bool)
    mask[1] = False
    assert bool(held_out_gaps(mask, scattered=True).any())
