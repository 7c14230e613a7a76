"""One item that goes wrong, by whatever mistake, costs no other."""

import json
import shutil

import pytest

from dipcli.pictures.medium import Pictures
from tests.commands import save_noisy


@pytest.fixture
def batch(denoise, tmp_path):
    """`batch(...)` denoises a, b and c into the folder `out`."""
    (tmp_path / "scans").mkdir()
    for index, name in enumerate("abc"):
        save_noisy(tmp_path / "scans" / f"{name}.png", seed=index)
    return lambda *arguments: denoise("-r", tmp_path / "scans", "-o", tmp_path / "out", *arguments)


@pytest.fixture
def mistake(monkeypatch):
    """`mistake(error)` makes the program fail by it on a.png."""

    def make(error):
        real = Pictures.load

        def load(self, item):
            if item.name == "a.png":
                raise error
            return real(self, item)

        monkeypatch.setattr(Pictures, "load", load)

    return make


def names_of(done):
    return [line.rsplit("/", 1)[1] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("by\nzero"), RecursionError(), KeyError("x"), AssertionError()]
)
def test_a_mistake_of_the_program_is_one_sentence_and_costs_one_item(batch, mistake, tmp_path, error):
    mistake(error)
    done = batch()
    assert (done.exit_code, names_of(done)) == (1, ["b.png", "c.png"])
    (said,) = [line for line in done.stderr.splitlines() if "a.png" in line]
    assert type(error).__name__ in said
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "out" / "a.failed.json").read_text())["error"] == said


def test_its_traceback_is_said_at_debug_level(batch, mistake):
    mistake(ZeroDivisionError())
    assert "Traceback" in batch("--log-level", "debug").stderr


def test_a_dry_run_survives_it_too(batch, mistake):
    mistake(ZeroDivisionError())
    done = batch("--dry-run")
    assert done.exit_code == 1
    assert [line.rsplit(": ", 1)[1] for line in done.stdout.splitlines()[:3]] == [
        "would fail",
        *2 * ["would be done"],
    ]


def test_a_failure_that_cannot_be_noted_is_a_warning(batch, tmp_path):
    (tmp_path / "scans" / "a.png").write_text("no picture")
    (tmp_path / "out" / "a.failed.json").mkdir(parents=True)
    done = batch()
    assert (done.exit_code, names_of(done)) == (1, ["b.png", "c.png"])
    assert "a.failed.json: cannot be written" in done.stderr


def test_a_folder_that_vanishes_costs_the_item_that_is_worked_on(batch, monkeypatch, tmp_path):
    real = Pictures.write

    def write(self, item, *others):
        if item.name == "a.png":
            shutil.rmtree(tmp_path / "out")
        return real(self, item, *others)

    monkeypatch.setattr(Pictures, "write", write)
    done = batch()
    assert (done.exit_code, names_of(done)) == (1, ["b.png", "c.png"])
    assert "there is no folder" in done.stderr


def test_a_checkpoint_that_cannot_be_written_is_a_warning(batch, monkeypatch, tmp_path):
    (tmp_path / "out" / "b.checkpoint" / "0.pt").mkdir(parents=True)
    done = batch("--checkpoint-every", "0.000001", "--resume")
    assert (done.exit_code, names_of(done)) == (0, ["a.png", "b.png", "c.png"])
    assert "There is no checkpoint: " in done.stderr
