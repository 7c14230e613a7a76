"""A few damaged files for every reader: each is read, or refused in a sentence; `tests.bench fuzz` tries more."""

import pytest

from tests.bench.fuzz import FAULTS, try_file
from tests.bench.seeds import SEEDS, SLOW

FILES = 12


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_files_are_read_or_refused_in_a_sentence(tmp_path, name):
    for number in range(2 if name in SLOW else FILES):
        outcome, place = try_file(name, 0, number, tmp_path)
        assert outcome not in FAULTS, f"{name}, file {number}: {outcome}, {place}"


@pytest.mark.parametrize("name", SEEDS)
def test_the_files_that_are_damaged_were_good(tmp_path, name):
    SEEDS[name].make(tmp_path / SEEDS[name].name)
    SEEDS[name].read(tmp_path / SEEDS[name].name)
