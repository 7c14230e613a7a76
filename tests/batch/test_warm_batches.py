"""--warm-start: a picture's network begins where that of the picture before ended, and the record says so."""

import numpy as np
import pytest

from tests.commands import QUICK, pixels_of, record_of, save_noisy

HALF = ("--classical", "0.5", "--seed-kind", "uniform", "--no-report")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    for number in (1, 2):
        save_noisy(place / f"{number}.png", seed=number)
    save_noisy(place / "3.png", shape=(24, 28, 3))
    return place


def start_of(output):
    return record_of(output)["decisions"].get("warm_start")


def test_the_record_says_whose_network_was_started_from(program, folder, tmp_path):
    out = tmp_path / "out"
    assert program("denoise", "-r", folder, "-o", out, "--warm-start", *QUICK, *HALF).exit_code == 0
    assert start_of(out / "1.png") == "cold"
    assert start_of(out / "2.png").startswith("the network of 1.png")
    assert start_of(out / "3.png") == "cold"  # of another size
    assert record_of(out / "2.png")["asked"]["warm_start"] is True


def test_a_warm_start_changes_the_later_results_alone(program, folder, tmp_path):
    results = []
    for name, flags in (("cold", ()), ("warm", ("--warm-start",))):
        assert program("denoise", "-r", folder, "-o", tmp_path / name, *flags, *QUICK, *HALF).exit_code == 0
        results.append([pixels_of(tmp_path / name / f"{number}.png") for number in (1, 2, 3)])
    same = [np.array_equal(*pair) for pair in zip(*results, strict=True)]
    assert same == [True, False, True]


def test_without_it_nothing_is_said_of_it(program, folder, tmp_path):
    program("denoise", folder / "1.png", "-o", tmp_path / "a.png", *QUICK, *HALF)
    assert start_of(tmp_path / "a.png") is None


@pytest.mark.parametrize(
    "flags",
    [("--jobs", "2"), ("--shard", "1/2"), ("--resume",), ("--retry-failed",), ("--submit", "slurm")],
    ids=" ".join,
)
def test_where_there_is_no_input_before_it_is_refused(program, folder, tmp_path, flags):
    done = program("denoise", "-r", folder, "-o", tmp_path / "out", "--warm-start", *flags)
    assert done.exit_code == 2
    assert "--warm-start" in done.stderr
    assert not (tmp_path / "out").exists()
