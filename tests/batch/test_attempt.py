"""One item that goes wrong, by whatever mistake, costs no other."""

import hashlib
import json
import shutil

import pytest

from dipcli.io.locks import lock_of, locked
from dipcli.pictures.medium import Pictures
from dipcli.pipeline.progress_files import MARK
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
    (tmp_path / "out" / "b.checkpoint" / MARK).touch()
    done = batch("--checkpoint-every", "0.000001", "--resume")
    assert (done.exit_code, names_of(done)) == (0, ["a.png", "b.png", "c.png"])
    assert "There is no checkpoint: " in done.stderr


def test_an_input_that_changes_while_it_is_read_fails(denoise, noisy, monkeypatch, tmp_path):
    real = Pictures.load

    def load(self, item):
        picture = real(self, item)
        save_noisy(item.input, seed=7)
        return picture

    monkeypatch.setattr(Pictures, "load", load)
    done = denoise(noisy, "-o", tmp_path / "clean.png")
    assert done.exit_code == 1
    assert "was changed while it was read" in done.stderr
    assert not (tmp_path / "clean.png").exists()


def test_the_record_names_what_was_read_and_written_whatever_lies_there_later(
    denoise, noisy, monkeypatch, tmp_path
):
    before = hashlib.sha256(noisy.read_bytes()).hexdigest()
    real, written = Pictures.write, {}

    def write(self, item, *others):
        save_noisy(item.input, seed=7)
        outputs = real(self, item, *others)
        written["sha256"] = hashlib.sha256(item.output.read_bytes()).hexdigest()
        item.output.write_bytes(b"of another process")
        return outputs

    monkeypatch.setattr(Pictures, "write", write)
    assert denoise(noisy, "-o", tmp_path / "clean.png").exit_code == 0
    record = json.loads((tmp_path / "clean.run.json").read_text())
    assert record["input"]["sha256"] == record["asked"]["input_sha256"] == before
    assert record["output_sha256"] == written["sha256"]


def test_an_output_that_another_process_writes_is_left_to_it(batch, tmp_path):
    """A lock is of one open file: in this process, too."""
    (tmp_path / "out").mkdir()
    with locked(tmp_path / "out" / "b.png"):
        done = batch()
    assert (done.exit_code, names_of(done)) == (1, ["a.png", "c.png"])
    assert "is writing it" in done.stderr
    assert not (tmp_path / "out" / "b.failed.json").exists()
    assert not lock_of(tmp_path / "out" / "b.png").exists()


def test_an_output_that_another_process_has_written_meanwhile_is_not_lost(batch, tmp_path, monkeypatch):
    real = Pictures.load

    def load(self, item):
        if item.name == "a.png":
            (tmp_path / "out" / "b.png").write_bytes(b"of another process")
        return real(self, item)

    monkeypatch.setattr(Pictures, "load", load)
    done = batch()
    assert (done.exit_code, names_of(done)) == (1, ["a.png", "c.png"])
    assert (tmp_path / "out" / "b.png").read_bytes() == b"of another process"
